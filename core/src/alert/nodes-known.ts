/** How much of those who belong to an objective is known, in the words of the command line. */
import type { Completeness } from "../telemetry/completeness.ts";

/** Of how many that belong to it what they told is here, in few words. Who told all and is silent since is named: of how it stands now nobody knows. */
export function nodesKnown({ nodes, excused, reported, states: { silent } }: Completeness): string {
  return `${reported} of ${nodes - excused}${silent === 0 ? "" : `, ${silent} silent now`}`;
}

/** Why it is not known where all have not told: `reports`. */
export function reportsLacked({ unknown, states: { silent } }: Completeness): string {
  return unknown > 0 ? "not all nodes have told" : silent === 1 ? "1 node is silent now" : `${silent} nodes are silent now`;
}
