/**
 * Objectives as one node sees them: what it knows of each in each place, how fast the budget burns there, and how much of those who belong is known. Whoever holds the windows can look;
 * one node alone tells: the node of what is by node, the node that a site hangs on of what is by site, the root of what is of all.
 */
import { isoTime } from "../event/iso-time.ts";
import { limits } from "../limits.ts";
import { eventsMinOf, type Objective } from "../schema/objective.ts";
import type { Alert } from "../telemetry/alert.ts";
import type { Completeness } from "../telemetry/completeness.ts";
import type { Window } from "../telemetry/window.ts";
import { createBudget, type Budget, type Burn, type KeptBudget } from "./budget.ts";
import { inOrderOfNeed, type ObjectiveRow } from "./objective-row.ts";
import { isStalled, shareOf } from "./sli.ts";
import { printBurn } from "./print-burn.ts";

export interface Declared {
  /** Of whose manifest it is; undefined for a node's own. */
  readonly app: string | undefined;
  readonly objective: Objective;
  /** Whether that node belongs to it. */
  has(node: string): boolean;
}

/** What of a budget is kept over a start: its steps, and up to where each node was counted. */
export interface KeptCounts {
  /** What was counted, as text: under another period or bound its steps would mean something else. */
  readonly of?: string | undefined;
  readonly steps: KeptBudget;
  readonly through: Readonly<Record<string, number>>;
}

/** The wall clock of this node, and whether what is kept may be cut to fit it. */
export interface BoardNow {
  readonly ms: number;
  readonly isBelieved: boolean;
}

export interface Board {
  declare(declared: readonly Declared[], kept: (key: string) => KeptCounts | undefined): void;
  /** A window that ends ahead of `nowMs` is of a clock that is wrong: it would hide all that the right ones tell. */
  told(node: string, site: string, window: Window, now: BoardNow): void;
  /** What burns or has ended where this node tells. */
  look(about: BoardLook): readonly Alert[];
  /** All that it knows. */
  rows(about: BoardLook): readonly ObjectiveRow[];
  /** Of what has changed since; null: it is declared no more, or otherwise. */
  kept(): ReadonlyMap<string, KeptCounts | null>;
}

export interface BoardLook {
  readonly nowMs: number;
  /** `node`, `site` or `fleet`, and where. */
  tells(per: Objective["per"], scope: string): boolean;
  /** Of those who belong to it there. */
  completeness(per: Objective["per"], scope: string, has: (node: string) => boolean): Completeness;
  /** Where somebody belongs to it: names of nodes or sites, or `fleet`. */
  scopes(per: Objective["per"], has: (node: string) => boolean): readonly string[];
  /** By rule and scope: alerts of this node that burn. */
  readonly open: ReadonlyMap<string, Alert>;
  /** Of the node that it is by, where that is known. */
  siteOf(node: string): string | undefined;
}

interface Place {
  readonly declared: Declared;
  readonly scope: string;
  readonly budget: Budget;
  readonly through: Map<string, number>;
  newestMs: number;
  /** The same, also of what was kept. */
  toldMs: number;
  everyMs: number;
  hasChanged: boolean;
  /** Nodes whose newest window tells that what is judged handles nothing while records wait for it, and when that window ended. */
  readonly stalled: Map<string, number>;
}

export const ruleOf = ({ app, objective }: Pick<Declared, "app" | "objective">): string => `${app ?? objective.app ?? "fleet"}/${objective.name}`;
export const placeKey = (rule: string, scope: string): string => `${rule}@${scope}`;

export function createBoard(self: string): Board {
  let all: readonly Declared[] = [];
  let keptOf: (key: string) => KeptCounts | undefined = () => undefined;
  const places = new Map<string, Place>();
  const gone = new Set<string>();

  function placeOf(declared: Declared, scope: string): Place | undefined {
    const key = placeKey(ruleOf(declared), scope);
    const known = places.get(key);
    if (known !== undefined) return known;
    if (places.size >= limits.objectiveNodesMax && scope !== self && declared.objective.per === "node") return undefined;
    const found = keptOf(key);
    const place = emptyPlace(declared, scope, found?.of === undefined || found.of === textOf(declared) ? found : undefined);
    places.set(key, place);
    return place;
  }

  /** Where nothing was told of it yet: that is to be seen too, and kept nowhere. */
  function untold({ scopes }: BoardLook): readonly Place[] {
    return all.flatMap((declared) => {
      const present = scopes(declared.objective.per, declared.has);
      const missing = (present.length === 0 ? [nowhere] : present).filter((scope) => !places.has(placeKey(ruleOf(declared), scope)));
      return missing.slice(0, limits.objectiveNodesMax).map((scope) => emptyPlace(declared, scope, undefined));
    });
  }

  return {
    declare(declared, kept) {
      keptOf = kept;
      all = declared;
      const wanted = new Map(declared.map((one) => [ruleOf(one), one]));
      for (const [key, place] of places) {
        const now = wanted.get(ruleOf(place.declared));
        if (now === undefined || textOf(now) !== textOf(place.declared)) {
          places.delete(key);
          gone.add(key);
        } else places.set(key, { ...place, declared: now });
      }
    },
    told(node, site, window, { ms, isBelieved }) {
      const latestMs = ms + limits.telemetryAheadMs;
      if (window.endMs > latestMs) return;
      for (const declared of all) {
        if (!declared.has(node)) continue;
        const share = shareOf(declared.objective, declared.app, window);
        const { per } = declared.objective;
        const scope = per === "node" ? node : per === "site" ? site : "fleet";
        const place = scope === "" ? undefined : placeOf(declared, scope); // whose site is not known yet
        if (place === undefined) continue;
        if (place.toldMs > latestMs && isBelieved) cut(place, latestMs);
        if (window.endMs <= (place.through.get(node) ?? -Infinity)) continue;
        if (place.through.size < limits.objectiveNodesMax) place.through.set(node, window.endMs);
        place.newestMs = Math.max(place.newestMs, window.endMs);
        place.toldMs = Math.max(place.toldMs, window.endMs);
        place.everyMs = window.everyMs;
        place.stalled.delete(node);
        if (isStalled(declared.objective, declared.app, window) && place.stalled.size < limits.objectiveNodesMax) place.stalled.set(node, window.endMs);
        place.hasChanged = true;
        if (share !== undefined) place.budget.add(window.startMs, window.endMs, share.good, share.total);
      }
    },
    look(about) {
      const { nowMs, tells, open } = about;
      return [...places.values()].flatMap((place) => {
        const { declared, scope } = place;
        if (!tells(declared.objective.per, scope)) return [];
        const burns = burnsOf(place, nowMs);
        const before = open.get(placeKey(ruleOf(declared), scope));
        if (before === undefined && !burns.some(({ isBurning }) => isBurning)) return [];
        return alertOf(rowOf(place, burns, about), burns, before, { self, nowMs, kind: declared.objective.kind, siteOf: about.siteOf }) ?? [];
      });
    },
    rows: (about) => inOrderOfNeed([...places.values(), ...untold(about)].map((place) => rowOf(place, burnsOf(place, about.nowMs), about))),
    kept() {
      const kept = new Map<string, KeptCounts | null>([...gone].filter((key) => !places.has(key)).map((key) => [key, null]));
      gone.clear();
      for (const [key, place] of places) {
        if (!place.hasChanged || place.through.size >= limits.objectiveNodesMax) continue;
        place.hasChanged = false;
        kept.set(key, { of: textOf(place.declared), steps: place.budget.kept(), through: Object.fromEntries(place.through) });
      }
      return kept;
    },
  };
}

/** Nobody belongs to it anywhere. */
const nowhere = "fleet";

function emptyPlace(declared: Declared, scope: string, kept: KeptCounts | undefined): Place {
  const { target, periodMs } = declared.objective;
  const through = new Map(Object.entries(kept?.through ?? {}));
  return { declared, scope, budget: createBudget({ target, periodMs, eventsMin: eventsMinOf(declared.objective), kept: kept?.steps ?? [] }), through, newestMs: -Infinity, toldMs: Math.max(-Infinity, ...through.values()), everyMs: limits.telemetryEveryMs, hasChanged: false, stalled: new Map() };
}

const textOf = ({ objective }: Declared): string => JSON.stringify(objective);

/** This node's own clock was ahead, or what was kept is of a time when nobody looked: all beyond that is taken back. */
function cut(place: Place, latestMs: number): void {
  for (const [node, throughMs] of place.through) if (throughMs > latestMs) place.through.delete(node);
  place.budget.cut(latestMs);
  place.newestMs = Math.min(place.newestMs, latestMs);
  place.toldMs = Math.max(-Infinity, ...place.through.values());
  place.hasChanged = true;
}

/** What is told comes an interval late: burning is looked for up to what is known, as long as that is not long ago. */
const burnsOf = ({ newestMs, everyMs, budget }: Place, nowMs: number): readonly Burn[] => budget.burns(Math.min(nowMs, Math.max(newestMs, nowMs - 2 * everyMs - limits.telemetryGraceMs)));

function rowOf(place: Place, burns: readonly Burn[], { nowMs, tells, completeness }: BoardLook): ObjectiveRow {
  const { declared, scope, budget } = place;
  const { objective, app } = declared;
  const known = completeness(objective.per, scope, declared.has);
  const { good, total, left, sinceMs } = budget.spent(nowMs);
  const isBurning = burns.some((burn) => burn.isBurning);
  // Over nodes of which nothing is known nothing is well.
  const eventsMin = eventsMinOf(objective);
  const lacks = known.nodes === known.excused ? "nodes" : total === 0 ? "data" : Math.round(total) < eventsMin ? "events" : hasStalled(place) ? "stalled" : known.unknown > 0 || known.states.silent > 0 ? "reports" : null;
  const isSpent = left !== null && left <= 0 && lacks !== "events";
  const state = isBurning ? "burning" : isSpent ? "spent" : lacks === null ? "met" : "unknown";
  return {
    rule: ruleOf(declared),
    app: app ?? objective.app ?? null,
    name: objective.name,
    about: objective.about ?? null,
    kind: objective.kind,
    per: objective.per,
    scope,
    target: objective.target,
    periodMs: objective.periodMs,
    withinMs: "withinMs" in objective ? objective.withinMs : null,
    state,
    lacks: state === "unknown" ? lacks : null,
    eventsMin,
    good,
    total,
    budgetLeft: left,
    since: sinceMs === undefined ? null : isoTime(Math.max(0, sinceMs)),
    burns: burns.map(({ isBurning: burning, ...burn }) => ({ ...burn, burning })),
    completeness: known,
    tells: tells(objective.per, scope),
  };
}

/** One that tells no more is told of as silent, or nobody expects it: what it told last is not for ever. */
const hasStalled = ({ stalled, newestMs, everyMs }: Place): boolean => [...stalled.values()].some((endMs) => endMs >= newestMs - 2 * everyMs);

/** Nothing is known of those by which it began; or one of those who burnt may be silent, as long as that is not long ago. */
const isDark = ({ completeness }: ObjectiveRow, burns: readonly Burn[]): boolean => burns.some(({ short, long, threshold }) => short === null || (completeness.states.silent > 0 && (long ?? 0) >= threshold));

/** Begins where both windows burn, and is over when none does; where that by which it began knows nothing it stays what it was: who went dark is not well. */
function alertOf(row: ObjectiveRow, burns: readonly Burn[], before: Alert | undefined, { self, nowMs, kind, siteOf }: Pick<BoardLook, "nowMs" | "siteOf"> & { readonly self: string; readonly kind: Objective["kind"] }): Alert | undefined {
  const burning = burns.filter(({ isBurning }) => isBurning);
  const [worst] = burning;
  if (worst === undefined) {
    if (before === undefined || isDark(row, burns.filter((burn) => burn.severity === before.severity))) return undefined;
    return { ...before, state: "resolved", until: isoTime(nowMs) };
  }
  const since = before?.since ?? isoTime(nowMs);
  const severity = burning.some((burn) => burn.severity === "page") ? "page" : before?.severity ?? "ticket";
  const left = row.budgetLeft === null ? "" : `, with ${Math.round(Math.max(0, row.budgetLeft) * 100)} % of it left`;
  const unknown = row.completeness.unknown === 0 ? "" : `; of ${row.completeness.nodes} nodes ${row.completeness.unknown} were not known`;
  // It is read as long as it burns, and told once: the figures are said to be of then.
  const message = `${row.rule} (${kind}) burns its error budget too fast in ${row.scope}: ${printBurn(worst.long ?? 0)} times at ${isoTime(nowMs)}${left}${unknown}`;
  const site = row.per === "site" ? row.scope : row.per === "node" ? siteOf(row.scope) : undefined;
  return { id: before?.id ?? `${row.rule}/${row.scope}/${since}`, rule: row.rule, kind, subject: row.scope, severity, state: "firing", since, until: null, value: worst.long, threshold: worst.threshold, message, count: before?.count ?? 1, ...(site === undefined ? {} : { site }), ...(row.app === null ? {} : { app: row.app }), node: self };
}
