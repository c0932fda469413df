/** What comes where: events go up, and no other way; questions go to siblings, too. What does not come counts, though no bound forbids the place: it is of little use, and still better than none. */
import type { PlacementPolicy } from "../schema/needs.ts";
import type { Fleet } from "./fleet.ts";
import type { Flow, Item } from "./work.ts";

/** `here`: what is made there leaves no node. */
export interface Maker {
  readonly node: number;
  readonly here: boolean;
}

/** Where what one item gives comes to another: `any` node; as questions, which siblings and nodes above answer; as events, to nodes above; or as events that leave no node. */
export type Way = "any" | "asks" | "up" | "here";

const leading = new WeakMap<Fleet, ReadonlySet<number>>();

/** What is counted for what does not come to the other end, seen from one of the two. Of questions each replica that answers has its part. */
export const lostBetween = (fleet: Fleet, one: number, other: number, { way, gives, part }: Flow): number =>
  way === "any" || (gives ? comes(fleet, way, one, other) : comes(fleet, way, other, one)) ? 0 : outOfReach(fleet.policy) * (way === "asks" ? part : 1);

/** The same for what the app makes on nodes that the plan does not choose. */
export function lostOn(fleet: Fleet, { makers }: Pick<Item, "makers">, node: number): number {
  if (makers.length === 0) return 0;
  return outOfReach(fleet.policy) * missedOn(fleet, { makers }, node).length;
}

/** Nodes of which what is made there does not come to this one. */
export const missedOn = (fleet: Fleet, { makers }: Pick<Item, "makers">, node: number): readonly number[] => makers.flatMap(({ node: maker, here }) => (comes(fleet, here ? "here" : "up", maker, node) ? [] : [maker]));

/** Of an item there, with its flows as all stand; of each flow this part. */
export const lostAt = (fleet: Fleet, item: Item, at: ArrayLike<number>, node: number, part = 1): number =>
  item.flows.reduce((sum, flow) => (flow.way === "any" || (at[flow.item] ?? -1) < 0 ? sum : sum + part * lostBetween(fleet, node, at[flow.item] ?? -1, flow)), lostOn(fleet, item, node));

/** What is where nothing comes is of no use; it is still better than not to be there. */
const outOfReach = ({ perMove }: PlacementPolicy): number => Math.max(1e4, 2e4 * perMove);

/** From a node of which nobody knows what is above it events may come to any. Who stands on a node that is not heard goes on there, and is drawn away by nothing that does not come. */
function comes(fleet: Fleet, way: Way, from: number, to: number): boolean {
  if (from === to || way === "any") return true;
  if (way !== "asks" && fleet.silent[to] === 1) return true;
  if (way === "here") return false;
  if (way === "asks" && fleet.siteOf[from] === fleet.siteOf[to]) return true;
  let at = from;
  while (at >= 0 && at !== to) at = fleet.parent[at] ?? -1;
  return at === to || (way === "up" && isLoose(fleet, from));
}

/** Nobody knows what is above it, and it is above nobody: it has just been started, or enrolled. */
export function isLoose(fleet: Fleet, node: number): boolean {
  if ((fleet.parent[node] ?? -1) >= 0) return false;
  const above = leading.get(fleet) ?? new Set(fleet.parent);
  leading.set(fleet, above);
  return !above.has(node);
}

/** Whether it stands at the site of each of its sources, or above it. A source of which nobody knows what is above it bounds nothing. */
export function isOnTheWay(fleet: Fleet, { sources }: Pick<Item, "sources">, node: number): boolean {
  const { sites, siteOf, parent } = fleet;
  return sources.every(({ site, node: gate }) => {
    if (sites[siteOf[node] ?? -1] === site || (gate >= 0 && isLoose(fleet, gate))) return true;
    let at = gate;
    while (at >= 0 && at !== node) at = parent[at] ?? -1;
    return at === node;
  });
}
