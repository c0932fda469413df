/** The lead's side of what control has left to its site: hears the members, decides where units run, grants them, and says in the trail what it decided otherwise than control. */
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { PlanTools } from "@holon/core/placement/planner.ts";
import type { Clock } from "@holon/core/ports.ts";
import { compareIds, delegationEvents, type Delegation, type Overlay, type SpareId, type UnitLeaseAnswer, type UnitLeaseAsk } from "@holon/core/schema/delegation.ts";
import { sitePlanner, targetOf, type Decided, type MemberView, type SitePlanner, type SiteView } from "@holon/core/site/overlay.ts";
import { beginBook, holderOf, isSettled, unitLeases, type LeaseBook, type UnitLeases } from "@holon/core/site/unit-leases.ts";
import type { Events } from "../event/events.ts";

export interface StewardOptions {
  readonly self: string;
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly crypto: PlanTools };
  /** The term in which this node leads at this moment. */
  leads(): number | undefined;
  /** Of this node's own document. */
  delegation(): Delegation | undefined;
  append(record: NewRecord): void;
  readonly planner?: SitePlanner | undefined;
  readonly leases?: UnitLeases | undefined;
}

export interface Steward {
  /** To be called again and again: what a lead of before granted is over so long after this one began, whether anything is left to the site by then or not. */
  look(): void;
  /** `HOLON_LEAD_MISSING`, `HOLON_CALL_DENIED`. */
  ask(from: string, ask: UnitLeaseAsk): UnitLeaseAnswer;
  /** What stands otherwise than control said, while this node leads. */
  decided(): ReadonlyMap<string, Decided>;
}

interface Heard {
  readonly ask: UnitLeaseAsk;
  readonly atMs: number;
  /** Since when without a break. */
  readonly sinceMs: number;
}

const goneMs = limits.siteUnitLeaseMs * (1 + limits.nodeLeaseDrift);

export function createSteward(options: StewardOptions): Steward {
  const { self, events, planner = sitePlanner, leases = unitLeases } = options;
  const { clock, crypto } = options.ports;
  let book: LeaseBook = beginBook(0, 0);
  let heard = new Map<string, Heard>();
  /** When a member last said that control lets it run what stops on islands. */
  let connectedMs = 0;
  let serial = 0;
  let site: string | undefined;
  let decided: ReadonlyMap<string, Decided> = new Map();
  /** As the trail has it of this term. */
  let told: ReadonlyMap<string, Decided> = new Map();
  let lookedAt = "";
  let sequence = 0;

  function begin(term: number, nowMs: number): void {
    book = beginBook(term, nowMs);
    heard = new Map();
    connectedMs = nowMs;
    [decided, told] = [new Map(), new Map()];
    [lookedAt, sequence, serial, site] = ["", 0, 0, undefined];
  }

  const isHeard = (name: string, nowMs: number): boolean => nowMs - (heard.get(name)?.atMs ?? Number.NEGATIVE_INFINITY) <= goneMs;

  function hear(from: string, ask: UnitLeaseAsk, nowMs: number): void {
    const before = heard.get(from);
    if (before?.ask.epoch === ask.epoch && ask.number <= before.ask.number) throw new HolonError("HOLON_CALL_DENIED", `${from} asks ${self} what it has asked before`);
    // Whom a lead hears for the first time has not been away, as far as it knows.
    const sinceMs = before === undefined ? (isSettled(book, nowMs) ? nowMs : Number.NEGATIVE_INFINITY) : isHeard(from, nowMs) ? before.sinceMs : nowMs;
    heard.set(from, { ask, atMs: nowMs, sinceMs });
    if (ask.isConnected) connectedMs = nowMs;
  }

  function view(delegation: Delegation, nowMs: number): SiteView {
    const members = delegation.members.map(({ name }): MemberView => {
      const known = heard.get(name);
      const isThere = known !== undefined && isHeard(name, nowMs) && nowMs - known.sinceMs >= limits.siteUnitReturnMs;
      return { name, isThere, isReady: known?.ask.serial === delegation.serial, units: known?.ask.units ?? {} };
    });
    const holders = new Map(delegation.units.flatMap(({ unit }) => {
      const holder = holderOf(book, unit, nowMs) ?? book.grants.get(unit)?.node;
      return holder === undefined ? [] : [[unit, holder] as const];
    }));
    return { delegation, members, holders, isIsolated: isSettled(book, nowMs) && nowMs - connectedMs > goneMs, before: decided, nowMs };
  }

  function decide(seen: SiteView, nowMs: number): void {
    const { delegation, members, isIsolated } = seen;
    const key = canonicalJson([delegation.serial, isIsolated, isSettled(book, nowMs), members.map(({ name, isThere, isReady, units }) => [name, isThere, isReady, Object.entries(units).flatMap(([unit, { isWithheld }]) => (isWithheld ? [unit] : []))])]);
    if (key === lookedAt) return;
    lookedAt = key;
    decided = isSettled(book, nowMs) ? planner.decide(seen, crypto) : decided;
    tell(delegation, nowMs);
  }

  /** What stood under another delegation and does no more is told too. */
  function tell(under: Pick<Delegation, "site" | "serial" | "units">, nowMs: number): void {
    const placesOf = (of: ReadonlyMap<string, Decided>): string => canonicalJson([...of].map(([unit, { node }]) => [unit, node]));
    if (placesOf(decided) === placesOf(told)) return;
    const back = [...told.keys()].filter((unit) => !decided.has(unit));
    told = decided;
    const homes = new Map(under.units.map(({ unit, home }) => [unit, home]));
    const data: Overlay = {
      site: under.site, lead: self, term: book.term, sequence: ++sequence, serial: under.serial, isolatedMs: Math.round(nowMs - connectedMs),
      units: [...decided].map(([unit, { node, because }]) => ({ unit, home: homes.get(unit) ?? "", node, because })), back,
    };
    options.append(events.record({ stream: "audit", type: delegationEvents.overlay, class: "public", producer: "site", data }));
  }

  /** Who has the newest of what the unit held. What may not leave a node is named by the others, and had by it alone. */
  function newest(unit: string, nowMs: number): { readonly node: string; readonly spare: SpareId; readonly isWithheld: boolean } | null {
    let found: { readonly node: string; readonly spare: SpareId; readonly isWithheld: boolean } | null = null;
    for (const [node, { ask }] of heard) {
      const own = isHeard(node, nowMs) ? ask.units[unit] : undefined;
      if (own === undefined || own.spare === null) continue;
      const later = compareIds(own.spare, found?.spare ?? null);
      if (later > 0 || (later === 0 && own.isWithheld && own.runs !== null)) found = { node, spare: own.spare, isWithheld: own.isWithheld };
    }
    return found;
  }

  function look(): number | undefined {
    const term = options.leads();
    if (term !== undefined && term !== book.term) begin(term, clock.monotonicMs());
    return term;
  }

  return {
    look: () => void look(),
    ask(from, ask) {
      const term = look();
      const delegation = options.delegation();
      if (term === undefined) throw new HolonError("HOLON_LEAD_MISSING", `${self} does not lead its site`);
      const nowMs = clock.monotonicMs();
      hear(from, ask, nowMs);
      if (delegation === undefined) {
        [decided, lookedAt] = [new Map(), ""];
        if (site !== undefined) tell({ site, serial, units: [] }, nowMs);
        serial = 0;
        return { term, serial: 0, granted: [], holders: {} };
      }
      // Another delegation: what was decided under the one before is not to be held against it, but what runs goes on.
      if (serial === 0) connectedMs = nowMs; // nobody had anything to ask before
      if (serial !== delegation.serial) [serial, decided] = [delegation.serial, new Map()];
      site = delegation.site;
      const seen = view(delegation, nowMs);
      decide(seen, nowMs);
      const granted: UnitLeaseAnswer["granted"] = [];
      for (const { unit, home } of delegation.units) {
        const own = ask.units[unit];
        const last = newest(unit, nowMs);
        if (own === undefined || !seen.delegation.members.some(({ name }) => name === from)) continue;
        const runsElsewhere = own.runs === null && [...heard].some(([node, other]) => node !== from && isHeard(node, nowMs) && (other.ask.units[unit]?.runs ?? null) !== null);
        if (runsElsewhere) continue;
        const answer = leases.ask(book, { unit, from, runs: own.runs, target: last?.isWithheld === true ? last.node : targetOf(unit, home, { ...seen, before: decided }), nowMs });
        book = answer.book;
        if (answer.granted !== undefined) granted.push({ unit, lease: answer.granted, from: last === null ? null : { node: last.node, spare: last.spare } });
      }
      const holders = Object.fromEntries(delegation.units.flatMap(({ unit }) => {
        const holder = holderOf(book, unit, nowMs);
        return holder === undefined ? [] : [[unit, holder] as const];
      }));
      return { term, serial, granted, holders };
    },
    decided: () => (options.leads() === book.term ? decided : new Map()),
  };
}
