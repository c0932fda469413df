/** The fleet by site: what the map draws, and what it says of a site at a glance. */
import type { Fleet, FleetNode } from "./fleet.ts";
import { age } from "./format.ts";
import { compare } from "./in-order.ts";
import { cutSince, documentState, isAway, islandRootOf, isKnownToRun, noCounts, stateOf, type Counts } from "./node-state.ts";
import { words } from "./strings.ts";

export interface SiteGroup {
  readonly site: string;
  readonly nodes: readonly FleetNode[];
  readonly counts: Counts;
  /** Nodes that have not reported what they should run, and that refused it. */
  readonly spreading: number;
  readonly refused: number;
  /** Its highest tier: sites are drawn from the top down. */
  readonly rank: number;
  /** All that is expected of it is behind a link that is lost: since when, in milliseconds of control, if that is known. */
  readonly island: Island | undefined;
}

export interface Island {
  readonly sinceAtMs: number | null;
  readonly isKnownToRun: boolean;
  /** Where the one who tells is itself behind it: it knows that its own way up is cut, and nothing of the rest of its site. */
  readonly way?: { readonly node: string; readonly to: string };
}

/** `nowMs`: of control. */
export function islandText({ sinceAtMs, isKnownToRun: runs, way }: Island, nowMs: number): string {
  const since = sinceAtMs === null ? undefined : age(nowMs - sinceAtMs);
  return words.fleet.islandSince(since, runs, way);
}

export const tierRank = (tier: string): number => ({ above: 0, cloud: 0, edge: 1, gateway: 2 })[tier] ?? 3;

/** `nodes`: those that are shown. What is said of a site as a whole goes by all nodes of the fleet, whatever a filter leaves out. */
export function groupBySite(nodes: Iterable<FleetNode>, fleet: Fleet, nowMs: number): readonly SiteGroup[] {
  const all = Map.groupBy(fleet.nodes.values(), ({ site }) => site);
  const shown = Map.groupBy(nodes, ({ site }) => site);
  return [...shown].map(([site, group]) => groupOf(site, group, all.get(site) ?? group, fleet, nowMs)).sort((one, other) => one.rank - other.rank || compare(one.site, other.site));
}

function groupOf(site: string, group: readonly FleetNode[], all: readonly FleetNode[], fleet: Fleet, nowMs: number): SiteGroup {
  const counts = noCounts();
  let [spreading, refused, rank] = [0, 0, 9];
  for (const node of group) {
    counts[stateOf(node, fleet, nowMs)] += 1;
    const document = documentState(node);
    if (document === "spreading") spreading += 1;
    if (document === "refused") refused += 1;
    rank = Math.min(rank, tierRank(node.tier));
  }
  return { site, nodes: group, counts, spreading, refused, rank, island: islandOf(all, fleet) };
}

function islandOf(group: readonly FleetNode[], fleet: Fleet): SiteGroup["island"] {
  const expected = group.filter((node) => !isAway(node));
  let sinceAtMs: number | null = null;
  let runs = expected.length > 0;
  let way: Island["way"];
  for (const node of expected) {
    const root = islandRootOf(node, fleet.nodes);
    if (root === undefined) return undefined;
    sinceAtMs = cutSince(root) ?? cutSince(node) ?? sinceAtMs;
    runs &&= isKnownToRun(root, fleet);
    if (root.name === fleet.self && root.link !== null) way = { node: root.name, to: root.link.to };
  }
  return expected.length === 0 ? undefined : { sinceAtMs, isKnownToRun: runs, ...(way === undefined ? {} : { way }) };
}
