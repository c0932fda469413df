/**
 * What one node, or control, knows of those whose telemetry it holds, and how much: pure, told of everything with its time. Who is connected to whom is told by parents the moment it
 * changes; a node whose way here is not open throughout is silent since the first break. Whatever is said of its links, who was not heard for longer than its own interval allows is silent
 * since it was heard last: a parent notices a cable that was pulled only after a while.
 */
// long file: one state, and all that is asked of it; ways, clocks and what is kept of a node stand apart.
import { isoTime } from "../event/iso-time.ts";
import { limits } from "../limits.ts";
import { isSet } from "../clock-set.ts";
import type { ClockState } from "../ports.ts";
import { createClockWords, type ClockHere } from "./clock-words.ts";
import { compare, countBelow, countUpTo, isAbout, placeBehind } from "./in-order.ts";
import { isExcused, noStates, type Completeness, type Missing, type NodeState } from "./completeness.ts";
import type { AnswerClock, FleetQuery, FleetRow, FleetStatus } from "./fleet-status.ts";
import { heardWall, isAwaited, iso, isOfFleet, newKnown, patienceOf, type Known, type NodeFacts } from "./known-node.ts";
import { createWays, heardAgain, type Way } from "./ways.ts";
import type { Window } from "./window.ts";
import type { KeptRuns } from "./clock-runs.ts";

export interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
  /** Whether the clock here is to be trusted; without it nobody knows. */
  readonly clock?: ClockState;
}

export interface FleetView {
  /** It belongs to the fleet, whether it was ever heard or not. */
  enrolled(node: string, facts: Omit<NodeFacts, "jurisdiction">, atMs: number): void;
  /** It was opened, and says what it is. `epoch`, here and below: the run in which it said so, by whose clock the times are. */
  started(node: string, facts: NodeFacts, atMs: number, epoch?: string): void;
  revoked(node: string, atMs: number): void;
  /** It is connected again, under another certificate. */
  readmitted(node: string): void;
  /** A record of it came in just now, or was written at `wallMs` and found at a start. */
  heard(node: string, now: Now, wallMs?: number): void;
  /** Its link to this node showed then, monotonic, that it lives. It counts where records of it are overdue: one that has more to tell than its line carries is not silent. */
  alive(node: string, atMs: number, now: Now): void;
  /** Its telemetry up to the end of this one is here. Says whether it was due before it came. */
  told(node: string, window: Window, now: Now, isLive: boolean, epoch?: string): boolean;
  link(parent: string, child: string, isUp: boolean, atMs: number, epoch?: string): void;
  /** It is open again; how its run `before` ended. What it said of links below holds no more. */
  resumed(node: string, how: "stopped" | "crashed", endedMs: number, atMs: number, epoch?: string, before?: string): void;
  stopped(node: string, atMs: number, epoch?: string): void;
  /** By the word of those above it hangs since then, by the clock here, on a node that is not below this one: it belongs here no more, with those below it, until it is connected here again. */
  left(node: string, atMs: number): void;
  /** Who hung on this node last and is not connected now: since when, by the clock here. */
  lostHere(): readonly { readonly node: string; readonly atMs: number }[];
  /** Since when it is connected to a node that is neither this child of the one here nor below it, where that is known now. */
  elsewhere(node: string, child: string, now: Now): number | undefined;
  /** By the word of a node above it, its clock is ahead of that one's (behind, if negative). `atMs`: when it was found to be, by the node's own. */
  clock(teller: string, node: string, offMs: number, isSynced?: boolean, epoch?: string, atMs?: number): void;
  /** Something that it recorded in that run came in, in the order of its lane. */
  recorded(node: string, epoch: string): void;
  /** Runs before whose clocks were others: to be kept, and as they were kept. */
  clockRuns(): readonly KeptRuns[];
  hadClockRuns(kept: KeptRuns): void;
  /** The clock here was set by so much, or the machine slept for so long. */
  stepped(byMs: number): void;
  /** How far a node's clock is ahead of the one here, or was in that run of it, or when it had that time; undefined where nobody says that it differs. */
  clockOff(node: string, epoch?: string, atMs?: number): number | undefined;
  /** All ways in which its times differ from those here, of now and of runs before. */
  clockOffs(node: string): readonly number[];
  /** How far it is ahead of what it should be, be the one here right or wrong. */
  clockWrongBy(node: string, now: Now): number | undefined;
  /** Whose clocks are off, by whose word: to be kept. */
  clocks(): readonly { readonly teller: string; readonly node: string; readonly offMs: number }[];
  /** A time of a node's clock, of now or of that run, as it was here. */
  here(node: string, atMs: number, epoch?: string): number;
  /** What is to be thought of the clock by which all times are told. */
  clockHere(now: Now): AnswerClock;
  stateOf(node: string, now: Now): { readonly state: NodeState; readonly sinceMs: number | undefined } | undefined;
  /** Up to where its telemetry is here. */
  through(node: string, now: Now): number | undefined;
  /** One of them, as `rows` has it; undefined where it does not belong. */
  row(node: string, now: Now): FleetRow | undefined;
  /** A page of them, without how complete the whole is. */
  rows(query: FleetQuery, now: Now, ways?: Map<string, Way>, figures?: (node: string) => Readonly<Record<string, number>>): Pick<FleetStatus, "nodes" | "next">;
  /** How complete the whole of a large fleet is was found out then: it counts for a while. */
  found(completeness: Completeness, now: Now): void;
  status(query: FleetQuery, now: Now, figures?: (node: string) => Readonly<Record<string, number>>): FleetStatus;
  /** As of when it was found out: of a large fleet some seconds ago. `throughMs`: a later time of which these are to have told. */
  completeness(now: Now, accepts?: (node: string, site: string) => boolean, throughMs?: number): { readonly completeness: Completeness; readonly asOf: string };
  /** Counts nodes that belonged and were not known to be gone in a time: of these, or of all. It holds for as long as nothing more is told. */
  expecting(now: Now, nodes?: Iterable<string>): (startMs: number, endMs: number) => number;
  siteOf(node: string): string | undefined;
  /** Whether this window of it came after it was due, as far as is remembered: when. */
  lateAt(node: string, window: Pick<Window, "endMs">): number | undefined;
  nodes(): readonly string[];
}

export function createFleetView(self: string): FleetView {
  const known = new Map<string, Known>();
  /** Who hangs on a node that is not below this one, since when. */
  const left = new Map<string, number>();
  /** Of all, in order. */
  let names: readonly string[] | undefined;
  const words = createClockWords(self, (name) => {
    const node = known.get(name);
    return node && parentOf(node);
  });
  const here = (name: string, atMs: number, epoch?: string): number => atMs - (words.off(name, epoch, atMs) ?? 0);
  const { parentOf, wayTo, chainOf, linkOf } = createWays(self, known, here);
  let whole: { readonly completeness: Completeness; readonly now: Now } | undefined;

  function nodeOf(name: string): Known {
    let node = known.get(name);
    if (node === undefined) {
      node = newKnown();
      known.set(name, node);
      names = undefined;
    }
    return node;
  }

  const hereOf = ({ wallMs, clock }: Now): ClockHere => ({ wallMs, isSynced: clock === "synced" });

  /** Up to where it has told. What is still to come is of a clock that was wrong, and says nothing. */
  function throughOf(name: string, { toldMs, toldEpoch }: Known, now: Now): number | undefined {
    const atMs = toldMs === undefined ? Infinity : here(name, toldMs, toldEpoch);
    return atMs > now.wallMs + limits.telemetryAheadMs ? undefined : Math.min(atMs, now.wallMs);
  }

  /** When it belonged first. What its own clock says of the time before it was enrolled is not so. */
  const firstOf = (name: string, { enrolledMs, firstMs, firstEpoch }: Known): number => enrolledMs ?? here(name, firstMs, firstEpoch);

  function stateOf(name: string, now: Now, ways: Map<string, Way> = new Map()): ReturnType<FleetView["stateOf"]> {
    const node = known.get(name);
    if (node === undefined) return undefined;
    const found = stateAsTold(name, node, now, ways);
    const { sinceMs } = found;
    if (sinceMs === undefined) return found;
    // A time that is still to come, or before it was there, or before there was any node, is of a clock that was wrong: then it is when it was heard last, if at all.
    if (sinceMs > now.wallMs || (isSet(now.wallMs) && !isSet(sinceMs))) return { ...found, sinceMs: heardWall(node, now) };
    const { enrolledMs = -Infinity } = node;
    return sinceMs < enrolledMs && enrolledMs <= now.wallMs ? { ...found, sinceMs: enrolledMs } : found;
  }

  function stateAsTold(name: string, node: Known, now: Now, ways: Map<string, Way>): { readonly state: NodeState; readonly sinceMs: number | undefined } {
    if (node.revokedMs !== undefined) return { state: "revoked", sinceMs: node.revokedMs };
    if (node.stoppedMs !== undefined) return afterStop(here(name, node.stoppedMs, node.stoppedEpoch), name, node, now, ways);
    if (isAwaited(node)) return { state: "awaited", sinceMs: node.enrolledMs };
    const way = wayTo(name, now, ways);
    const patienceMs = patienceOf(node);
    if (way.link === "down") return { state: "silent", sinceMs: way.sinceMs };
    const aliveMs = way.link === "up" ? way.aliveMs : (node.heardMs ?? -Infinity);
    if (node.heardMs === undefined && way.link === "up") return beforeFirstWord(node, patienceMs, now);
    if (node.heardMs === undefined || now.monotonicMs - aliveMs > patienceMs) return { state: "silent", sinceMs: heardWall(node, now) };
    const { ended } = node;
    const startedMs = node.startedMs === undefined ? undefined : here(name, node.startedMs, node.startedEpoch);
    const behindMs = Math.max(throughOf(name, node, now) ?? -Infinity, startedMs ?? firstOf(name, node));
    // That one who fell silent just now has not told either is no news: behind is who was heard when it should have told.
    const wasHeard = (heardWall(node, now) ?? -Infinity) - behindMs > node.everyMs + limits.telemetryGraceMs || now.monotonicMs - node.heardMs > patienceMs;
    if (now.wallMs - behindMs > patienceMs && wasHeard) return { state: "slow", sinceMs: Number.isFinite(behindMs) ? Math.max(behindMs + patienceMs, heardAgain(node, way, now)) : undefined };
    if (ended?.how === "crashed" && startedMs !== undefined && now.wallMs - startedMs < limits.telemetryCrashedMs) return { state: "crashed", sinceMs: here(name, ended.atMs, ended.epoch) };
    return { state: "present", sinceMs: startedMs === undefined ? undefined : Math.max(startedMs, heardAgain(node, way, now)) };
  }

  function heardAt(name: string, node: Known, atMs: number, now: Now): void {
    if (atMs - (node.heardMs ?? Infinity) > patienceOf(node) && stateOf(name, now)?.state === "silent") node.backMs = atMs;
    node.heardMs = Math.max(node.heardMs ?? -Infinity, atMs);
  }

  /** It is connected for the first time: its first record is about to come, or does not. */
  function beforeFirstWord({ links, enrolledMs }: Known, patienceMs: number, now: Now): { readonly state: "awaited" | "silent"; readonly sinceMs: number | undefined } {
    let connectedMs = -Infinity;
    for (const [parent, { isUp, atMs, epoch }] of links) if (isUp) connectedMs = Math.max(connectedMs, here(parent, atMs, epoch));
    return now.wallMs - connectedMs > patienceMs ? { state: "silent", sinceMs: connectedMs } : { state: "awaited", sinceMs: enrolledMs ?? connectedMs };
  }

  /** It said that it stops. That it is still gone is known by who would see it back: the node that it hung on, for as long as that is heard and has told of now. */
  function afterStop(stoppedMs: number, name: string, node: Known, now: Now, ways: Map<string, Way>): { readonly state: "gone" | "silent"; readonly sinceMs: number } {
    const watchedMs = watchedUntil(parentOf(node), name, now, ways);
    return watchedMs === undefined ? { state: "gone", sinceMs: stoppedMs } : { state: "silent", sinceMs: Math.max(stoppedMs, watchedMs) };
  }

  /** Since when it, or one that it hung on last, hangs elsewhere. */
  function leftSince(name: string): number | undefined {
    if (left.size === 0) return undefined;
    for (const at of chainOf(name)) {
      const leftMs = left.get(at);
      if (leftMs !== undefined) return leftMs;
    }
    return undefined;
  }

  const belongs = (name: string, node: Known): boolean => isOfFleet(node) && leftSince(name) === undefined;

  /** Until when it is known who hung on this one; undefined: until now. */
  function watchedUntil(parent: string | undefined, child: string, now: Now, ways: Map<string, Way>): number | undefined {
    const above = parent === undefined || parent === self || parent === child ? undefined : known.get(parent);
    if (parent === undefined || above === undefined) return undefined;
    if (above.stoppedMs !== undefined && above.revokedMs === undefined) return here(parent, above.stoppedMs, above.stoppedEpoch);
    const { state, sinceMs = -Infinity } = stateAsTold(parent, above, now, ways);
    if (state === "slow") return throughOf(parent, above, now) ?? sinceMs;
    return state === "present" || state === "crashed" ? undefined : sinceMs;
  }

  function completeness(now: Now, accepts: (node: string, site: string) => boolean = () => true, ways: Map<string, Way> = new Map(), leastMs = -Infinity): Completeness {
    const chosen = [...known].filter(([name, node]) => belongs(name, node) && accepts(name, node.facts.site));
    const rows = chosen.map(([name, node]) => ({ name, node, throughMs: throughOf(name, node, now), ...(stateOf(name, now, ways) ?? { state: "silent" as const, sinceMs: undefined }) }));
    const slowestMs = rows.reduce((most, { node, state }) => (isExcused(state) ? most : Math.max(most, node.everyMs)), 0);
    const throughMs = Math.max(leastMs, now.wallMs - limits.telemetryGraceMs - (slowestMs === 0 ? limits.telemetryEveryMs : slowestMs));
    const states = noStates();
    const missing: typeof rows = [];
    let reported = 0;
    for (const row of rows) {
      states[row.state] += 1;
      if (isExcused(row.state)) continue;
      if ((row.throughMs ?? -Infinity) >= throughMs) reported += 1;
      else missing.push(row);
    }
    missing.sort((a, b) => compare(a.throughMs ?? -Infinity, b.throughMs ?? -Infinity) || (a.name < b.name ? -1 : 1));
    return {
      nodes: rows.length,
      reported,
      excused: states.gone + states.revoked,
      unknown: missing.length,
      through: isoTime(throughMs),
      states,
      missing: missing.slice(0, limits.telemetryMissingMax).map(({ name, node, state, sinceMs, throughMs: toldMs }): Missing => ({ node: name, site: node.facts.site, state, since: iso(sinceMs), through: iso(toldMs) })),
    };
  }

  /** Of a large fleet it is found out anew every few seconds, not with each call; then it is told as of when it was. */
  function completenessOfAll(now: Now, ways: Map<string, Way>): { readonly completeness: Completeness; readonly asOf: string } {
    const isKept = whole !== undefined && known.size > limits.telemetryManyNodes && now.monotonicMs - whole.now.monotonicMs < limits.telemetryManyMs;
    if (whole === undefined || !isKept) whole = { completeness: completeness(now, () => true, ways), now };
    return { completeness: whole.completeness, asOf: isoTime(Math.min(now.wallMs, whole.now.wallMs)) };
  }

  function pageOf({ site, state, after, limit = 1_000 }: FleetQuery, now: Now, ways: Map<string, Way> = new Map(), figures?: (node: string) => Readonly<Record<string, number>>): Pick<FleetStatus, "nodes" | "next"> {
    const nodes: FleetRow[] = [];
    names ??= [...known.keys()].sort();
    for (let at = after === undefined ? 0 : placeBehind(names, after); at < names.length; at++) {
      const name = names[at] ?? "";
      const node = known.get(name);
      if (node === undefined || !belongs(name, node) || (site !== undefined && node.facts.site !== site)) continue;
      if (state !== undefined && stateOf(name, now, ways)?.state !== state) continue;
      if (nodes.length === limit) return { nodes, next: nodes.at(-1)?.node ?? null };
      const row = rowOf(name, node, now, ways);
      nodes.push(figures === undefined ? row : { ...row, figures: { ...figures(name) } });
    }
    return { nodes, next: null };
  }

  function rowOf(name: string, node: Known, now: Now, ways: Map<string, Way>): FleetRow {
    const { state, sinceMs } = stateOf(name, now, ways) ?? { state: "silent" as const, sinceMs: undefined };
    const { facts, ended, heardMs, everyMs, late, made } = node;
    const throughMs = throughOf(name, node, now);
    const heardWallMs = heardWall(node, now);
    const clockOffMs = words.wrongBy(name, hereOf(now)) ?? null;
    const parent = parentOf(node) ?? null;
    const link = linkOf(name, node, now, ways, parent ?? undefined);
    const row = made?.row;
    if (made !== undefined && row?.state === state && isAbout(made.sinceMs, sinceMs) && row.parent === parent && row.link === link && row.late === late && row.everyMs === everyMs && row.enrolledAt === iso(node.enrolledMs) && isAbout(row.clockOffMs ?? undefined, clockOffMs ?? undefined) && made.facts === facts && made.ended === ended && isAbout(made.throughMs, throughMs) && made.heardMs === heardMs && isAbout(made.heardWallMs, heardWallMs)) return row;
    const anew: FleetRow = {
      node: name,
      ...facts,
      parent,
      state,
      since: iso(sinceMs),
      heardAt: heardWallMs === undefined ? null : isoTime(heardWallMs),
      through: iso(throughMs),
      everyMs,
      link,
      ended: ended === undefined ? null : { how: ended.how, at: isoTime(here(name, ended.atMs, ended.epoch)) },
      enrolledAt: iso(node.enrolledMs),
      clockOffMs,
      late,
      figures: {},
    };
    node.made = { row: anew, facts, ended, sinceMs, heardMs, heardWallMs, throughMs };
    return anew;
  }

  const clockHere = (now: Now): AnswerClock => ({ state: now.clock ?? "unknown", offMs: words.own(hereOf(now)) ?? null });

  return {
    clockHere,
    enrolled(name, facts, atMs) {
      const node = nodeOf(name);
      if (node.firstMs === Infinity) node.facts = { ...facts, jurisdiction: node.facts.jurisdiction };
      node.enrolledMs = Math.min(node.enrolledMs ?? Infinity, atMs);
      node.revokedMs = undefined;
    },
    started(name, facts, atMs, epoch) {
      const node = nodeOf(name);
      node.facts = facts;
      if (here(name, atMs, epoch) < here(name, node.firstMs, node.firstEpoch)) [node.firstMs, node.firstEpoch] = [atMs, epoch];
      if (here(name, atMs, epoch) > here(name, node.startedMs ?? -Infinity, node.startedEpoch)) [node.startedMs, node.startedEpoch] = [atMs, epoch];
    },
    revoked: (name, atMs) => void (nodeOf(name).revokedMs = atMs),
    readmitted: (name) => void (nodeOf(name).revokedMs = undefined),
    heard(name, now, wallMs) {
      const node = nodeOf(name);
      const atMs = wallMs === undefined ? now.monotonicMs : now.monotonicMs - Math.max(0, now.wallMs - wallMs);
      if (wallMs === undefined) heardAt(name, node, atMs, now);
      else node.heardMs = Math.max(node.heardMs ?? -Infinity, atMs);
    },
    alive(name, atMs, now) {
      const node = known.get(name);
      // While its records come they say it: a row that changes with each sign of life is told anew to all who look.
      if (node?.heardMs === undefined || now.monotonicMs - node.heardMs <= node.everyMs + limits.telemetryGraceMs) return;
      heardAt(name, node, atMs, now);
    },
    told(name, window, now, isLive, epoch) {
      const node = nodeOf(name);
      // What is further ahead stands in no chart either.
      if (window.endMs <= now.wallMs + limits.telemetryAheadMs) {
        // What was told by a clock that was ahead is not more than what the right one tells.
        const atMs = Math.min(window.endMs, now.wallMs);
        if (atMs >= (throughOf(name, node, now) ?? -Infinity)) [node.toldMs, node.toldEpoch] = [atMs + (words.off(name, epoch) ?? 0), epoch];
      }
      node.everyMs = window.everyMs;
      node.stoppedMs = undefined;
      const isLate = isLive && now.wallMs - window.endMs > window.everyMs + limits.telemetryGraceMs;
      if (!isLate) return false;
      node.late += 1;
      const last = node.lateSpans.at(-1);
      if (last !== undefined && window.startMs - last.endMs < window.everyMs && now.wallMs - last.atMs < window.everyMs) last.endMs = Math.max(last.endMs, window.endMs);
      else node.lateSpans.push({ startMs: window.startMs, endMs: window.endMs, atMs: now.wallMs });
      if (node.lateSpans.length > limits.telemetryLateMax) node.lateSpans.shift();
      return true;
    },
    link(parent, child, isUp, atMs, epoch) {
      nodeOf(child).links.set(parent, { isUp, atMs, epoch });
      // What is read again of a time before that brings nobody back.
      if (isUp && (parent === self || here(parent, atMs, epoch) > (left.get(child) ?? Infinity))) left.delete(child);
      words.moved();
    },
    resumed(name, how, endedMs, atMs, epoch, before) {
      const node = nodeOf(name);
      node.stoppedMs = undefined;
      [node.startedMs, node.startedEpoch] = [atMs, epoch];
      node.ended = { how, atMs: endedMs, epoch: before };
      for (const below of known.values()) {
        const link = below.links.get(name);
        // Links that were opened since it is back may be told before that it is: they are in another stream.
        const isOfNow = link?.epoch !== undefined && epoch !== undefined ? link.epoch === epoch : link !== undefined && link.atMs > endedMs;
        if (link?.isUp === true && !isOfNow) below.links.set(name, { isUp: false, atMs: endedMs, epoch: before });
      }
      words.moved();
    },
    stopped(name, atMs, epoch) {
      const node = nodeOf(name);
      [node.stoppedMs, node.stoppedEpoch] = [atMs, epoch];
    },
    left(name, atMs) {
      nodeOf(name);
      left.set(name, atMs);
    },
    lostHere: () =>
      [...known].flatMap(([name, node]) => {
        const link = node.links.get(self);
        return link === undefined || link.isUp || node.revokedMs !== undefined || left.has(name) || parentOf(node) !== self ? [] : [{ node: name, atMs: link.atMs }];
      }),
    elsewhere(name, child, now) {
      const ways = new Map<string, Way>();
      for (const [parent, { isUp, atMs, epoch }] of known.get(name)?.links ?? []) {
        if (isUp && wayTo(parent, now, ways).link === "up" && ![...chainOf(parent)].includes(child)) return here(parent, atMs, epoch);
      }
      return undefined;
    },
    clock: (...said) => words.said(...said),
    recorded: words.recorded,
    clockRuns: words.runs,
    hadClockRuns: words.hadRuns,
    clockOffs: words.offs,
    stepped: words.stepped,
    clockOff: words.off,
    clockWrongBy: (name, now) => words.wrongBy(name, hereOf(now)),
    clocks: words.all,
    here,
    stateOf: (name, now) => stateOf(name, now),
    through(name, now) {
      const node = known.get(name);
      return node && throughOf(name, node, now);
    },
    row(name, now) {
      const node = known.get(name);
      return node !== undefined && belongs(name, node) ? rowOf(name, node, now, new Map()) : undefined;
    },
    rows: pageOf,
    found: (account, now) => void (whole = { completeness: account, now }),
    status(query, now, figures) {
      const ways = new Map<string, Way>();
      const { site } = query;
      const account = site === undefined ? completenessOfAll(now, ways) : { completeness: completeness(now, (_, of) => of === site, ways), asOf: isoTime(now.wallMs) };
      return { ...account, clock: clockHere(now), ...pageOf(query, now, ways, figures) };
    },
    completeness: (now, accepts, throughMs) => (accepts === undefined ? completenessOfAll(now, new Map()) : { completeness: completeness(now, accepts, new Map(), throughMs), asOf: isoTime(now.wallMs) }),
    expecting(now, nodes) {
      const began: number[] = [];
      const gone: number[] = [];
      const ways = new Map<string, Way>();
      for (const name of nodes ?? known.keys()) {
        const node = known.get(name);
        if (node === undefined || !isOfFleet(node)) continue;
        const firstMs = firstOf(name, node);
        const leftMs = leftSince(name);
        const goneMs = Math.min(here(name, node.stoppedMs ?? Infinity, node.stoppedEpoch), node.revokedMs ?? Infinity, leftMs ?? Infinity);
        began.push(Math.min(firstMs, goneMs)); // by clocks that differ it went before it came
        if (goneMs < Infinity) gone.push(goneMs);
        if (node.stoppedMs === undefined || node.revokedMs !== undefined || leftMs !== undefined) continue;
        const { state, sinceMs = goneMs } = stateOf(name, now, ways) ?? {};
        if (state === "silent") began.push(Math.max(goneMs, sinceMs)); // it may be back, and nobody here would know
      }
      const [beginnings, ends] = [Float64Array.from(began).sort(), Float64Array.from(gone).sort()];
      return (startMs, endMs) => countBelow(beginnings, endMs) - countUpTo(ends, startMs);
    },
    siteOf: (name) => known.get(name)?.facts.site,
    lateAt: (name, { endMs }) => known.get(name)?.lateSpans.find((span) => endMs > span.startMs && endMs <= span.endMs)?.atMs,
    nodes: () => [...known.keys()],
  };
}
