/** How long a node has stood as it does, in words; of what is too old to count, how it stood then. */
import type { Fleet, FleetNode } from "./fleet.ts";
import { age } from "./format.ts";
import { cutSince, islandRootOf, isStale, lastStateOf, unansweredFor, type NodeState } from "./node-state.ts";
import { words } from "./strings.ts";

/** In milliseconds of control; null where it is not known. */
export function stateSince(node: FleetNode, fleet: Fleet, state: NodeState): number | null {
  if (state !== "silent") return node.state === state ? node.stateSinceAtMs : null;
  const root = islandRootOf(node, fleet.nodes);
  return (node.state === "silent" ? node.stateSinceAtMs : null) ?? (root === undefined ? null : cutSince(root));
}

export function standsFor(node: FleetNode, fleet: Fleet, state: NodeState, nowMs: number): string {
  if (state === "unknown" && isStale(fleet, nowMs)) {
    const before = lastStateOf(node, fleet, nowMs);
    return before === "unknown" ? "" : words.fleet.was(words.state[before].word);
  }
  const silentMs = state === "silent" || state === "unknown" ? undefined : unansweredFor(node, fleet, nowMs);
  if (silentMs !== undefined) return words.fleet.noAnswer(age(silentMs));
  const sinceMs = state === "present" ? null : stateSince(node, fleet, state);
  return sinceMs === null ? "" : words.fleet.stateFor(age(nowMs + fleet.offsetMs - sinceMs));
}

/** Where no alert is open: that nothing is wrong is said only of nodes that are heard, and that answer. */
export function nothingWrong(unheard: number, unanswering: number): string {
  const t = words.alerts;
  return unheard > 0 ? t.noneUnknown(unheard) : unanswering > 0 ? t.noneUnanswered(unanswering) : t.none;
}
