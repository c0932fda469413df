/** The fleet by site: what the map draws, and what it says of a site at a glance. */
import type { Fleet, FleetNode } from "./fleet.ts";
import { compare } from "./in-order.ts";
import { documentState, islandRootOf, stateOf, type NodeState } from "./node-state.ts";

export interface SiteGroup {
  readonly site: string;
  readonly nodes: readonly FleetNode[];
  readonly counts: Readonly<Record<NodeState, number>>;
  /** Nodes that have not reported what they should run, and that refused it. */
  readonly spreading: number;
  readonly refused: number;
  /** Its highest tier: sites are drawn from the top down. */
  readonly rank: number;
  /** All of it is behind a link that is lost: since when, in milliseconds of control, if that is known. */
  readonly island: { readonly sinceAtMs: number | null } | undefined;
}

export const tierRank = (tier: string): number => ({ above: 0, cloud: 0, edge: 1, gateway: 2 })[tier] ?? 3;

export function groupBySite(nodes: Iterable<FleetNode>, fleet: Fleet, nowMs: number): readonly SiteGroup[] {
  const bySite = new Map<string, FleetNode[]>();
  for (const node of nodes) {
    const group = bySite.get(node.site);
    if (group === undefined) bySite.set(node.site, [node]);
    else group.push(node);
  }
  return [...bySite].map(([site, group]) => groupOf(site, group, fleet, nowMs)).sort((one, other) => one.rank - other.rank || compare(one.site, other.site));
}

function groupOf(site: string, group: FleetNode[], fleet: Fleet, nowMs: number): SiteGroup {
  const counts: Record<NodeState, number> = { open: 0, heard: 0, cut: 0, silent: 0, down: 0, unseen: 0 };
  let [spreading, refused, rank] = [0, 0, 9];
  for (const node of group) {
    counts[stateOf(node, fleet, nowMs)] += 1;
    const document = documentState(node);
    if (document === "spreading") spreading += 1;
    if (document === "refused") refused += 1;
    rank = Math.min(rank, tierRank(node.tier));
  }
  return { site, nodes: group, counts, spreading, refused, rank, island: islandOf(group, fleet) };
}

function islandOf(group: readonly FleetNode[], fleet: Fleet): SiteGroup["island"] {
  let sinceAtMs: number | null = null;
  for (const node of group) {
    const root = islandRootOf(node, fleet.nodes);
    if (root === undefined) return undefined;
    sinceAtMs = root.link?.sinceAtMs ?? sinceAtMs;
  }
  return { sinceAtMs };
}

