/**
 * An inventory, made ready for millions of questions: rates of a node and ways between nodes as arrays of numbers. What is unknown counts as the worst that is known of the
 * fleet, so that nothing is preferred for being silent; a bound that rests on it does not hold.
 */
import type { Inventory, InventoryNode, Measured } from "../schema/inventory.ts";
import type { PlacementPolicy } from "../schema/needs.ts";
import { meanOfDay, runsBy } from "./jobs.ts";

export const gigabyte = 1e9;
export const hoursPerMonth = 730;

export interface Fleet {
  readonly policy: PlacementPolicy;
  /** Wall-clock milliseconds. */
  readonly nowMs: number;
  /** By name. */
  readonly nodes: readonly InventoryNode[];
  readonly indexOf: ReadonlyMap<string, number>;
  readonly sites: readonly string[];
  readonly siteIndex: ReadonlyMap<string, number>;
  readonly siteOf: Int32Array;
  readonly nodesOfSite: readonly (readonly number[])[];
  /** 1: it is gone, and nothing is placed there. */
  readonly gone: Uint8Array;
  /** 1: nothing is placed there that does not stand there already. */
  readonly silent: Uint8Array;
  /** Free for what is placed. */
  readonly processors: Float64Array;
  readonly memoryBytes: Float64Array;
  readonly diskBytes: Float64Array;
  /** A month of one processor, one gigabyte of memory, one accelerator: rent, energy and carbon, each as money. */
  readonly rates: Readonly<Record<Rate, Float64Array>>;
  readonly processorWatts: Float64Array;
  readonly acceleratorWatts: Float64Array;
  /** A run of a job on a node. */
  readonly runOn: ReturnType<typeof runsBy>;
  /** Values that the planner wanted and that are unknown. */
  readonly unknown: number;
  readonly parent: Int32Array;
  readonly depth: Int32Array;
  /** From the root down to the node, added up; of those the unknown. */
  readonly latencyMs: Float64Array;
  readonly perGigabyte: Float64Array;
  readonly latencyUnknown: Int32Array;
  /** By two site indexes, `a * sites + b`. */
  readonly links: ReadonlyMap<number, Way>;
  readonly worst: Way;
}

export type Rate = "processorRent" | "processorEnergy" | "processorCarbon" | "memoryRent" | "acceleratorRent" | "acceleratorEnergy" | "acceleratorCarbon";

/** From one node to another. */
export interface Way {
  readonly latencyMs: number;
  readonly perGigabyte: number;
  /** False: the worst of the fleet stands in for it. */
  readonly known: boolean;
}

export function compileFleet(inventory: Inventory, policy: PlacementPolicy, nowMs: number): Fleet {
  const nodes = inventory.nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const indexOf = new Map(nodes.map(({ name }, index) => [name, index]));
  const sites = [...new Set(nodes.map(({ site }) => site))].sort();
  const siteIndex = new Map(sites.map((site, index) => [site, index]));
  const siteOf = Int32Array.from(nodes, ({ site }) => siteIndex.get(site) ?? 0);
  const nodesOfSite = sites.map((): number[] => []);
  for (const [index, site] of siteOf.entries()) nodesOfSite[site]?.push(index);
  let unknown = 0;
  const valueOf = (measured: Measured | undefined): number | undefined => (measured === undefined || nowMs - measured.asOfMs > policy.staleAfterMs ? undefined : measured.value);
  /** Where the value is not known, the worst that is known of `among`. */
  const column = (of: (node: InventoryNode) => Measured | undefined, among: (node: InventoryNode) => boolean = () => true): Float64Array => {
    const values = nodes.map((node) => valueOf(of(node)));
    const worst = values.reduce<number>((most, value) => Math.max(most, value ?? most), Number.NEGATIVE_INFINITY);
    return Float64Array.from(nodes, (node, index) => {
      const value = values[index];
      if (value !== undefined || !among(node)) return value ?? 0;
      unknown++;
      return worst === Number.NEGATIVE_INFINITY ? 0 : worst;
    });
  };
  const hasAccelerators = ({ capacity }: InventoryNode): boolean => capacity.accelerators !== undefined;
  const [ofPrice, ofCarbon] = [meanOfDay(inventory, "price", nowMs), meanOfDay(inventory, "carbon", nowMs)];
  const kilowattHour = column((node) => node.prices.perKilowattHour ?? ofPrice(node));
  const grams = column((node) => node.carbonGramsPerKilowattHour ?? ofCarbon(node));
  const processorWatts = column((node) => node.power.processorWatts);
  const acceleratorWatts = column((node) => node.power.acceleratorWatts, hasAccelerators);
  const energy = (watts: Float64Array): Float64Array => watts.map((each, index) => (each / 1000) * hoursPerMonth * (kilowattHour[index] ?? 0));
  const carbon = (watts: Float64Array): Float64Array => watts.map((each, index) => ((each / 1000) * hoursPerMonth * (grams[index] ?? 0) * policy.perKilogramCarbon) / 1000);
  const rent = (of: (node: InventoryNode) => Measured | undefined, among?: (node: InventoryNode) => boolean): Float64Array => column(of, among).map((price) => price * hoursPerMonth);
  const rates = {
    processorRent: rent((node) => node.prices.perProcessorHour),
    processorEnergy: energy(processorWatts),
    processorCarbon: carbon(processorWatts),
    memoryRent: rent((node) => node.prices.perGigabyteHour),
    acceleratorRent: rent((node) => node.prices.perAcceleratorHour, hasAccelerators),
    acceleratorEnergy: energy(acceleratorWatts),
    acceleratorCarbon: carbon(acceleratorWatts),
  };
  const parent = Int32Array.from(nodes, ({ uplink }) => (uplink === undefined ? -1 : (indexOf.get(uplink.parent) ?? -1)));
  const hasParent = (node: InventoryNode): boolean => node.uplink !== undefined;
  const stepMs = column((node) => node.uplink?.latencyMs, hasParent);
  const stepPrice = column((node) => node.uplink?.perGigabyte, hasParent);
  const tree = addUp(nodes, parent, stepMs, stepPrice, (node) => node.uplink !== undefined && valueOf(node.uplink.latencyMs) === undefined);
  const links = new Map<number, Way>();
  for (const { between: [one, other], latencyMs, perGigabyte } of inventory.links) {
    const [a, b] = [siteIndex.get(one), siteIndex.get(other)];
    const known = valueOf(latencyMs);
    if (a === undefined || b === undefined || known === undefined) continue;
    const way = { latencyMs: known, perGigabyte: valueOf(perGigabyte) ?? Math.max(0, ...stepPrice), known: true };
    links.set(a * sites.length + b, way);
    links.set(b * sites.length + a, way);
  }
  const free = (of: (node: InventoryNode) => number): Float64Array => Float64Array.from(nodes, (node) => Math.max(0, of(node)));
  return {
    policy,
    nowMs,
    nodes,
    indexOf,
    sites,
    siteIndex,
    siteOf,
    nodesOfSite,
    gone: Uint8Array.from(nodes, ({ state }) => (state === "gone" ? 1 : 0)),
    silent: Uint8Array.from(nodes, ({ state }) => (state === "silent" ? 1 : 0)),
    processors: free(({ capacity, load }) => (capacity.processors ?? 0) - (valueOf(load.processors) ?? 0)),
    memoryBytes: free(({ capacity, load }) => (capacity.memoryBytes ?? 0) - (valueOf(load.memoryBytes) ?? 0)),
    diskBytes: free(({ capacity }) => capacity.diskBytes ?? 0),
    rates,
    processorWatts,
    acceleratorWatts,
    runOn: runsBy(inventory, nowMs, policy.staleAfterMs),
    unknown,
    parent,
    ...tree,
    links,
    worst: { latencyMs: 2 * maxOf(tree.latencyMs), perGigabyte: 2 * maxOf(tree.perGigabyte), known: false },
  };
}

const maxOf = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, value), 0);

/** From each root down. A ring of parents, which no tree has, ends where it would begin again. */
function addUp(nodes: readonly InventoryNode[], parent: Int32Array, stepMs: Float64Array, stepPrice: Float64Array, isUnknown: (node: InventoryNode) => boolean) {
  const depth = new Int32Array(nodes.length).fill(-1);
  const latencyMs = new Float64Array(nodes.length);
  const perGigabyte = new Float64Array(nodes.length);
  const latencyUnknown = new Int32Array(nodes.length);
  for (let start = 0; start < nodes.length; start++) {
    const climb: number[] = [];
    const seen = new Set<number>();
    for (let at = start; at >= 0 && depth[at] === -1; at = parent[at] ?? -1) {
      if (seen.has(at)) {
        parent[at] = -1;
        break;
      }
      seen.add(at);
      climb.push(at);
    }
    for (const at of climb.toReversed()) {
      const above = parent[at] ?? -1;
      const node = nodes[at];
      depth[at] = above < 0 ? 0 : (depth[above] ?? 0) + 1;
      latencyMs[at] = above < 0 ? 0 : (latencyMs[above] ?? 0) + (stepMs[at] ?? 0);
      perGigabyte[at] = above < 0 ? 0 : (perGigabyte[above] ?? 0) + (stepPrice[at] ?? 0);
      latencyUnknown[at] = above < 0 ? 0 : (latencyUnknown[above] ?? 0) + (node !== undefined && isUnknown(node) ? 1 : 0);
    }
  }
  return { depth, latencyMs, perGigabyte, latencyUnknown };
}

/** Where two nodes' ways to the root meet; -1 if they have none in common. */
export function meetingOf({ parent, depth }: Fleet, one: number, other: number): number {
  let [a, b] = [one, other];
  while (a !== b && a >= 0 && b >= 0) {
    if ((depth[a] ?? 0) >= (depth[b] ?? 0)) a = parent[a] ?? -1;
    else b = parent[b] ?? -1;
  }
  return a === b ? a : -1;
}

const here: Way = { latencyMs: 0, perGigabyte: 0, known: true };

export function wayBetween(fleet: Fleet, one: number, other: number): Way {
  if (one === other) return here;
  const [a, b] = [fleet.siteOf[one] ?? 0, fleet.siteOf[other] ?? 0];
  if (a === b) return { latencyMs: fleet.policy.siteLatencyMs, perGigabyte: 0, known: true };
  const link = fleet.links.size === 0 ? undefined : fleet.links.get(a * fleet.sites.length + b);
  if (link !== undefined) return link;
  const top = meetingOf(fleet, one, other);
  if (top < 0) return fleet.worst;
  const along = (values: Float64Array | Int32Array): number => (values[one] ?? 0) + (values[other] ?? 0) - 2 * (values[top] ?? 0);
  return { latencyMs: along(fleet.latencyMs), perGigabyte: along(fleet.perGigabyte), known: along(fleet.latencyUnknown) === 0 };
}
