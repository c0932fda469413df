/** How a node stands, as far as is known. Nobody is well of whom nothing is heard: only an open link, by the word of the node above, says so. */
import type { Fleet, FleetNode } from "./fleet.ts";

export const nodeStates = ["open", "heard", "cut", "silent", "down", "unseen"] as const;
/** `unseen`: who could tell is itself not in reach, or nobody ever told. */
export type NodeState = (typeof nodeStates)[number];

/** A record that came this long ago is no sign that a node is there now. */
const heardMs = 90_000;

export function stateOf(node: FleetNode, fleet: Pick<Fleet, "self" | "offsetMs">, nowMs: number): NodeState {
  if (node.name === fleet.self) return "open";
  if (node.isDown === true) return "down";
  if (node.link !== null) return node.link.state === "open" ? "open" : node.link.state === "lost" ? "cut" : "unseen";
  if (node.heardAtMs === null) return "unseen";
  return nowMs + fleet.offsetMs - node.heardAtMs <= heardMs ? "heard" : "silent";
}

export type DocumentState = "none" | "settled" | "spreading" | "refused";

/** What it reported last against what it should run. */
export function documentState({ desired, reported }: FleetNode): DocumentState {
  if (desired === 0) return "none";
  if (reported?.version === desired) return reported.outcome;
  return reported?.outcome === "refused" && reported.version > desired ? "refused" : "spreading";
}

/** Nodes that a cut parts from the one who tells: those whose link is lost, and all behind them. */
export function islandRootOf(node: FleetNode, nodes: ReadonlyMap<string, FleetNode>): FleetNode | undefined {
  let at: FleetNode | undefined = node;
  for (let steps = 0; at !== undefined && steps < 16; steps++) {
    if (at.link?.state === "lost") return at;
    at = at.link === null ? undefined : nodes.get(at.link.to);
  }
  return undefined;
}
