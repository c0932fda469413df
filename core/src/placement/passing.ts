/** What comes where: events go up, and no other way; questions go to siblings, too. What does not come counts, though no bound forbids the place: it is of little use, and still better than none. */
import type { PlacementPolicy, UnitNeeds } from "../schema/needs.ts";
import type { Fleet } from "./fleet.ts";
import type { Flow, Item } from "./work.ts";

/** Where what one item gives comes to another: `any` node; as questions, which siblings and nodes above answer; as events, to nodes above; or as events that leave no node. */
export type Way = "any" | "asks" | "up" | "here";

/** Jurisdictions to which what was made in one may not go. */
export type Borders = ReadonlyMap<string, ReadonlySet<string>>;

/** How something goes. */
export interface Passage {
  readonly way: Way;
  /** It goes up to this node, and no higher. */
  readonly until?: number | undefined;
  readonly borders?: Borders | undefined;
  /** It is taken from these sites only, and on its own node. */
  readonly sites?: ReadonlySet<string> | undefined;
}

export interface Maker extends Passage {
  readonly node: number;
  /** How many it stands for. */
  readonly like: number;
}

const leading = new WeakMap<Fleet, ReadonlySet<number>>();

/** Those of them that the fleet has. */
export const makersOf = ({ indexOf }: Fleet, { makers = [] }: Pick<UnitNeeds, "makers">): readonly Maker[] =>
  makers.flatMap(({ node, here, until, asks, like = 1 }) => {
    const index = indexOf.get(node);
    return index === undefined ? [] : [{ node: index, like, way: asks === true ? "asks" : here === true ? "here" : "up", ...(until === undefined ? {} : { until: indexOf.get(until) }) }];
  });

/** What is counted for what does not come to the other end, seen from one of the two. Of questions each replica that answers has its part. */
export const lostBetween = (fleet: Fleet, one: number, other: number, flow: Flow): number =>
  flow.way === "any" || (flow.gives ? comes(fleet, flow, one, other) : comes(fleet, flow, other, one)) ? 0 : outOfReach(fleet.policy) * (flow.way === "asks" ? flow.part : 1);

/** The same for what comes from, or goes to, what the plan does not choose. */
export function lostOn(fleet: Fleet, item: Pick<Item, "makers" | "takers">, node: number): number {
  if (item.makers.length === 0 && item.takers.length === 0) return 0;
  return outOfReach(fleet.policy) * (missedOn(fleet, item, node).reduce((sum, { like }) => sum + like, 0) + untakenOn(fleet, item, node).length);
}

/** Nodes of which what is made there does not come to this one. */
export const missedOn = (fleet: Fleet, { makers }: Pick<Item, "makers">, node: number): readonly Maker[] => makers.filter((maker) => !comes(fleet, maker, maker.node, node));

/** What stands on every node of a tier is handed what is made on its own node, and this is none. */
export const untakenOn = ({ nodes, silent }: Fleet, { takers }: Pick<Item, "takers">, node: number): Item["takers"] => (silent[node] === 1 ? [] : takers.filter(({ tier, except }) => nodes[node]?.tier !== tier || except?.includes(nodes[node]?.name ?? "") === true));

/** Of an item there, with its flows as all stand; of each flow this part. */
export const lostAt = (fleet: Fleet, item: Item, at: ArrayLike<number>, node: number, part = 1): number =>
  item.flows.reduce((sum, flow) => (flow.way === "any" || (at[flow.item] ?? -1) < 0 ? sum : sum + part * lostBetween(fleet, node, at[flow.item] ?? -1, flow)), lostOn(fleet, item, node));

/** What is where nothing comes is of no use; it is still better than not to be there. */
const outOfReach = ({ perMove }: PlacementPolicy): number => Math.max(1e4, 2e4 * perMove);

const comes = (fleet: Fleet, passage: Passage, from: number, to: number): boolean => hindranceOf(fleet, passage, from, to) === undefined;

/** Why something does not come: it leaves no node; it is taken from other sites only; the policy lets it go no higher than to a node; or who is to take it is not above, nor beside. */
export type Hindrance = "stays" | "sites" | "aside" | { readonly until: number };

/** From a node of which nobody knows what is above it events may come to any. Who stands on a node that is not heard goes on there, and is drawn away by nothing that does not come. Undefined: it comes. */
export function hindranceOf(fleet: Fleet, { way, until = -1, borders, sites }: Passage, from: number, to: number): Hindrance | undefined {
  if (from === to || way === "any") return undefined;
  if (way !== "asks" && fleet.silent[to] === 1) return undefined;
  if (way === "here") return "stays";
  if (sites !== undefined && !sites.has(fleet.nodes[from]?.site ?? "")) return "sites";
  if (way === "asks" && fleet.siteOf[from] === fleet.siteOf[to]) return undefined;
  const closed = borders?.get(fleet.nodes[from]?.jurisdiction ?? "");
  let [at, stop] = [from, -1];
  while (at >= 0 && at !== to) {
    const above = fleet.parent[at] ?? -1;
    if (stop < 0 && (at === until || (above >= 0 && closed?.has(fleet.nodes[above]?.jurisdiction ?? "") === true))) stop = at;
    at = above;
  }
  if (at === to) return stop < 0 ? undefined : { until: stop };
  return way === "up" && isLoose(fleet, from) ? undefined : "aside";
}

/** Nobody knows what is above it, and it is above nobody: it has just been started, or enrolled. */
export function isLoose(fleet: Fleet, node: number): boolean {
  if (fleet.nodes[node]?.uplink !== undefined) return false;
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
