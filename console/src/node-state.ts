/** How a node stands, as far as is known, in the words of `holon node status`. What telemetry says is joined with the newest word on links; nobody is well of whom nothing is heard. */
import type { Fleet, FleetNode, Rate } from "./fleet.ts";

/** `unknown`: who could tell is not in reach, or what is known is too old to count. `down`: the simulator knows that it does not run. */
export const nodeStates = ["present", "slow", "silent", "crashed", "gone", "awaited", "revoked", "down", "unknown"] as const;
export type NodeState = (typeof nodeStates)[number];
export type Counts = Readonly<Record<NodeState, number>>;

type Told = Pick<Fleet, "self" | "offsetMs" | "asOfMs" | "nodes">;

/** A record that came this long ago is no sign that a node is there now. */
const heardMs = 90_000;
/** What is older is not how things stand now. A large fleet is looked at less often. */
const [staleMs, staleManyMs, manyNodes] = [5_000, 12_000, 500];

/** Whether what is known of the fleet is too old to be told as true now. */
export const isStale = ({ asOfMs, nodes }: Pick<Fleet, "asOfMs" | "nodes">, nowMs: number): boolean => asOfMs !== undefined && nowMs - asOfMs > (nodes.size > manyNodes ? staleManyMs : staleMs);

/** Nothing is expected of it: it said that it stops, is no node of the fleet any more, or was never started. */
export const isAway = ({ state, isDown }: Pick<FleetNode, "state" | "isDown">): boolean => isDown === true || state === "gone" || state === "revoked" || state === "awaited";

/** How it stands now; of who was there when it was heard last, nothing is known once that is long ago. */
export const stateOf = (node: FleetNode, fleet: Told, nowMs: number): NodeState => (isStale(fleet, nowMs) && !isAway(node) ? "unknown" : lastStateOf(node, fleet, nowMs));

/** How it stood when it was heard of last. */
export function lastStateOf(node: FleetNode, fleet: Told, nowMs: number): NodeState {
  const { state, link, isDown } = node;
  if (isDown === true) return "down";
  if (state === "revoked" || state === "awaited" || state === "gone") return state;
  if (node.name === fleet.self) return state === null || state === "silent" ? "present" : state; // it answers
  if (isDown === false) return link?.state === "lost" ? "silent" : "present";
  if (islandRootOf(node, fleet.nodes, fleet.self) !== undefined) return "silent";
  if (link?.state === "open") return state === null || state === "silent" ? "present" : state;
  if (state !== null) return state;
  if (node.heardAtMs === null || link !== null) return "unknown";
  return nowMs + fleet.offsetMs - node.heardAtMs <= heardMs ? "present" : "silent";
}

export const noCounts = (): Record<NodeState, number> => ({ present: 0, slow: 0, silent: 0, crashed: 0, gone: 0, awaited: 0, revoked: 0, down: 0, unknown: 0 });

/** Those that are heard: they are there. */
export const thereOf = ({ present, slow, crashed }: Counts): number => present + slow + crashed;

/** Nodes of which nothing is heard now, though something should be. An alert says so only when it has lasted a while. */
export function unheardOf(fleet: Told, nowMs: number): number {
  let count = 0;
  for (const node of fleet.nodes.values()) {
    const state = stateOf(node, fleet, nowMs);
    if (state === "silent" || state === "unknown") count += 1;
  }
  return count;
}

/** For how long a node whose link is called open has given no answer to who asks it: it hangs, is very busy, or its line is gone and nobody has noticed. Undefined where it answers, or is not asked. */
export function unansweredFor({ name, link }: Linked, { unansweredAtMs, offsetMs, asOfMs = 0 }: Asked, nowMs: number): number | undefined {
  const sinceMs = link?.state === "open" ? unansweredAtMs[name] : undefined;
  // By when it was told: that the telling is late is nothing of the node's.
  return sinceMs === undefined || asOfMs + offsetMs - sinceMs <= staleMs ? undefined : nowMs + offsetMs - sinceMs;
}
type Linked = Pick<FleetNode, "name" | "link">;
type Asked = Pick<Fleet, "asOfMs" | "nodes" | "unansweredAtMs" | "offsetMs">;

/** Nodes that give no answer, though they are told as being there. */
export function unansweringOf(fleet: Told & Asked, nowMs: number): number {
  if (isStale(fleet, nowMs)) return 0; // then nothing is known of anybody
  return Object.keys(fleet.unansweredAtMs).filter((name) => {
    const node = fleet.nodes.get(name);
    return node !== undefined && unansweredFor(node, fleet, nowMs) !== undefined && thereOf({ ...noCounts(), [stateOf(node, fleet, nowMs)]: 1 }) > 0;
  }).length;
}

/** What flows over its link up, where that is open and known now. */
export const flowOf = (node: Linked, fleet: Asked & Pick<Fleet, "rates">, nowMs: number): Rate | undefined =>
  node.link?.state !== "open" || isStale(fleet, nowMs) || unansweredFor(node, fleet, nowMs) !== undefined ? undefined : fleet.rates.get(node.name);

const lineStates = { open: "open", lost: "cut", unknown: "unknown" } as const;

/** How its link up is drawn. `away`: nothing is expected to be connected there. */
export function lineStateOf(node: FleetNode, fleet: Asked, nowMs: number): "open" | "cut" | "unknown" | "away" {
  if (isAway(node)) return "away";
  return isStale(fleet, nowMs) || unansweredFor(node, fleet, nowMs) !== undefined ? "unknown" : lineStates[node.link?.state ?? "unknown"];
}

/** Records that wait on a node, by its own word; `agoMs` where that word is no news any more, since it cannot be asked. Times of the fleet are of its control. */
export function waitsOf(name: string, { backlogs, offsetMs, nodes }: Pick<Fleet, "backlogs" | "offsetMs" | "nodes">, nowMs: number): { readonly records: number; readonly agoMs: number | undefined } | undefined {
  const told = backlogs[name];
  if (told === undefined) return undefined;
  const agoMs = nowMs + offsetMs - told.atMs;
  return { records: told.records, agoMs: agoMs > (nodes.size > manyNodes ? staleManyMs : staleMs) ? agoMs : undefined };
}

export type DocumentState = "none" | "settled" | "spreading" | "refused";

/** What it reported last against what it should run. */
export function documentState({ desired, reported }: FleetNode): DocumentState {
  if (desired === 0) return "none";
  if (reported?.version === desired) return reported.outcome;
  return reported?.outcome === "refused" && reported.version > desired ? "refused" : "spreading";
}

/** `unheard`: what it runs now nobody knows; it told last that it had taken what was issued, or something else. */
export type SpreadState = DocumentState | "unheard";

/** What it should run against what it is known to run now. */
export function spreadOf(node: FleetNode, fleet: Told, nowMs: number): SpreadState {
  const state = stateOf(node, fleet, nowMs);
  return node.desired !== 0 && (state === "silent" || state === "unknown") ? "unheard" : documentState(node);
}

const levelsMax = 16;

/** Whose link parts a node from the one who tells: its own, or that of one above it. Who was stopped in order is cut off from nothing, but cuts off who is below. */
export function islandRootOf(node: FleetNode, nodes: ReadonlyMap<string, FleetNode>, upTo?: string): FleetNode | undefined {
  if (isAway(node)) return undefined;
  let at = node;
  for (let levels = 0; levels < levelsMax && at.name !== upTo; levels++) {
    if (at.link === null) return undefined;
    if (at.link.state === "lost") return at;
    const above = nodes.get(at.link.to);
    if (above === undefined) return undefined;
    if (at.link.state === "unknown" && isAway(above)) return at;
    at = above;
  }
  return undefined;
}

/** Since when it is cut off, in milliseconds of control: as the link was seen to end, else as telemetry has it; null where nobody knows. */
export const cutSince = ({ link, state, stateSinceAtMs }: FleetNode): number | null => (link?.state === "lost" ? link.sinceAtMs : null) ?? (state === "silent" ? stateSinceAtMs : null);

/** Whether a node that is cut off is known to run: by its own console, and in a run of the simulator. Elsewhere a cut and a loss of power look the same. */
export const isKnownToRun = ({ name, isDown }: FleetNode, { self }: Pick<Fleet, "self">): boolean => name === self || isDown === false;
