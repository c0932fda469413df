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
  /** Likewise, since its program is not what was adopted. */
  readonly held: Uint8Array;
  /** Free for what is placed. Of a load that is unknown a part of the whole counts as in use; what is known of a node for too long holds nothing. */
  readonly processors: Float64Array;
  readonly memoryBytes: Float64Array;
  readonly diskBytes: Float64Array;
  /** The same by what was told last, however long ago: what stands there already is not driven out by what nobody knows. */
  readonly told: { readonly processors: Float64Array; readonly memoryBytes: Float64Array; readonly diskBytes: Float64Array };
  /** 1: what it has was told too long ago, and nothing comes to it. */
  readonly aged: Uint8Array;
  /** 1: how much of it is in use is unknown, where it is known how much there is. */
  readonly loadUnknown: { readonly processors: Uint8Array; readonly memoryBytes: Uint8Array };
  /** A month of one processor, one gigabyte of memory, one accelerator: rent, energy and carbon, each as money. */
  readonly rates: Readonly<Record<Rate, Float64Array>>;
  /** 1: what it costs there is unknown, and the worst of the fleet, if any is known, stands in. */
  readonly unpriced: Readonly<Record<"processorRent" | "memoryRent" | "acceleratorRent" | "processorEnergy" | "acceleratorEnergy", Uint8Array>>;
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
  /** Milliseconds of a byte, by the bandwidth of each step; a step that nobody has measured is as slow as the slowest that is known. */
  readonly msPerByte: Float64Array;
  readonly latencyUnknown: Int32Array;
  readonly priceUnknown: Int32Array;
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
  readonly priceKnown: boolean;
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
  const valueOf = (measured: Measured | undefined): number | undefined => freshValue(measured, nowMs, policy.staleAfterMs);
  /** Where the value is not known, the worst that is known of `among`. */
  const column = (of: (node: InventoryNode) => Measured | undefined, among: (node: InventoryNode) => boolean = () => true): Column => {
    const values = nodes.map((node) => valueOf(of(node)));
    const worst = values.reduce<number>((most, value) => Math.max(most, value ?? most), Number.NEGATIVE_INFINITY);
    const lacking = new Uint8Array(nodes.length);
    const filled = Float64Array.from(nodes, (node, index) => {
      const value = values[index];
      if (value !== undefined || !among(node)) return value ?? 0;
      unknown++;
      lacking[index] = 1;
      return worst === Number.NEGATIVE_INFINITY ? 0 : worst;
    });
    return { values: filled, lacking };
  };
  const hasAccelerators = ({ capacity }: InventoryNode): boolean => capacity.accelerators !== undefined;
  const [ofPrice, ofCarbon] = [meanOfDay(inventory, "price", nowMs), meanOfDay(inventory, "carbon", nowMs)];
  const kilowattHour = column((node) => node.prices.perKilowattHour ?? ofPrice(node));
  const grams = column((node) => node.carbonGramsPerKilowattHour ?? ofCarbon(node)).values;
  const processorWatts = column((node) => node.power.processorWatts);
  const acceleratorWatts = column((node) => node.power.acceleratorWatts, hasAccelerators);
  const energy = ({ values }: Column): Float64Array => values.map((each, index) => (each / 1000) * hoursPerMonth * (kilowattHour.values[index] ?? 0));
  const carbon = ({ values }: Column): Float64Array => values.map((each, index) => ((each / 1000) * hoursPerMonth * (grams[index] ?? 0) * policy.perKilogramCarbon) / 1000);
  const [processorHour, gigabyteHour, acceleratorHour] = [column((node) => node.prices.perProcessorHour), column((node) => node.prices.perGigabyteHour), column((node) => node.prices.perAcceleratorHour, hasAccelerators)];
  const rent = ({ values }: Column): Float64Array => values.map((price) => price * hoursPerMonth);
  const rates = {
    processorRent: rent(processorHour),
    processorEnergy: energy(processorWatts),
    processorCarbon: carbon(processorWatts),
    memoryRent: rent(gigabyteHour),
    acceleratorRent: rent(acceleratorHour),
    acceleratorEnergy: energy(acceleratorWatts),
    acceleratorCarbon: carbon(acceleratorWatts),
  };
  /** Nothing of what is known to be nought is as good as known. */
  const unpricedEnergy = ({ values, lacking }: Column): Uint8Array => lacking.map((isLacking, index) => ((isLacking === 1 && !isNought(kilowattHour, index)) || (kilowattHour.lacking[index] === 1 && !(isLacking === 0 && values[index] === 0)) ? 1 : 0));
  const unpriced = { processorRent: processorHour.lacking, memoryRent: gigabyteHour.lacking, acceleratorRent: acceleratorHour.lacking, processorEnergy: unpricedEnergy(processorWatts), acceleratorEnergy: unpricedEnergy(acceleratorWatts) };
  const parent = Int32Array.from(nodes, ({ uplink }) => (uplink === undefined ? -1 : (indexOf.get(uplink.parent) ?? -1)));
  const hasParent = (node: InventoryNode): boolean => node.uplink !== undefined;
  const stepMs = column((node) => node.uplink?.latencyMs, hasParent);
  const stepPrice = column((node) => node.uplink?.perGigabyte, hasParent);
  const tree = addUp(nodes.length, parent, stepMs, stepPrice);
  const links = new Map<number, Way>();
  for (const { between: [one, other], latencyMs, perGigabyte } of inventory.links) {
    const [a, b] = [siteIndex.get(one), siteIndex.get(other)];
    const known = valueOf(latencyMs);
    if (a === undefined || b === undefined || known === undefined) continue;
    const price = valueOf(perGigabyte);
    const way = { latencyMs: known, perGigabyte: price ?? maxOf(stepPrice.values), known: true, priceKnown: price !== undefined };
    links.set(a * sites.length + b, way);
    links.set(b * sites.length + a, way);
  }
  const aged = Uint8Array.from(nodes, ({ state, capacity: { asOfMs } }) => (state !== "silent" && asOfMs !== undefined && nowMs - asOfMs > policy.staleAfterMs ? 1 : 0));
  const inUse = (node: InventoryNode, of: "processors" | "memoryBytes"): number | undefined => (node.state === "silent" ? (node.load[of]?.value ?? 0) : freshValue(node.load[of], nowMs, policy.loadStaleAfterMs));
  const free = (of: "processors" | "memoryBytes"): Float64Array => Float64Array.from(nodes, (node, index) => (aged[index] === 1 ? 0 : Math.max(0, (node.capacity[of] ?? 0) - (inUse(node, of) ?? policy.loadUnknownShare * (node.capacity[of] ?? 0)))));
  const loadUnknown = (of: "processors" | "memoryBytes"): Uint8Array => Uint8Array.from(nodes, (node) => (node.capacity[of] !== undefined && inUse(node, of) === undefined ? 1 : 0));
  const toldFree = (of: "processors" | "memoryBytes"): Float64Array => Float64Array.from(nodes, ({ capacity, load }) => Math.max(0, (capacity[of] ?? 0) - (load[of]?.value ?? 0)));
  const disk = Float64Array.from(nodes, ({ capacity }) => capacity.diskBytes ?? 0);
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
    held: Uint8Array.from(nodes, ({ held }) => (held === true ? 1 : 0)),
    processors: free("processors"),
    memoryBytes: free("memoryBytes"),
    diskBytes: disk.map((bytes, index) => (aged[index] === 1 ? 0 : bytes)),
    told: { processors: toldFree("processors"), memoryBytes: toldFree("memoryBytes"), diskBytes: disk },
    aged,
    loadUnknown: { processors: loadUnknown("processors"), memoryBytes: loadUnknown("memoryBytes") },
    rates,
    unpriced,
    processorWatts: processorWatts.values,
    acceleratorWatts: acceleratorWatts.values,
    runOn: runsBy(inventory, nowMs, policy.staleAfterMs),
    unknown,
    parent,
    ...tree,
    msPerByte: bandwidthDown(nodes, tree.depth, parent, valueOf),
    links,
    worst: { latencyMs: 2 * maxOf(tree.latencyMs), perGigabyte: 2 * maxOf(tree.perGigabyte), known: false, priceKnown: false },
  };
}

interface Column {
  readonly values: Float64Array;
  /** 1: it is not known. */
  readonly lacking: Uint8Array;
}

const isNought = ({ values, lacking }: Column, index: number): boolean => lacking[index] === 0 && values[index] === 0;

export const freshValue = (measured: Measured | undefined, nowMs: number, staleAfterMs: number): number | undefined => (measured === undefined || nowMs - measured.asOfMs > staleAfterMs ? undefined : measured.value);

const maxOf = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, value), 0);

/** From each root down. A ring of parents, which no tree has, ends where it would begin again. */
function addUp(nodes: number, parent: Int32Array, stepMs: Column, stepPrice: Column) {
  const depth = new Int32Array(nodes).fill(-1);
  const latencyMs = new Float64Array(nodes);
  const perGigabyte = new Float64Array(nodes);
  const latencyUnknown = new Int32Array(nodes);
  const priceUnknown = new Int32Array(nodes);
  for (let start = 0; start < nodes; start++) {
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
      depth[at] = above < 0 ? 0 : (depth[above] ?? 0) + 1;
      if (above < 0) continue;
      latencyMs[at] = (latencyMs[above] ?? 0) + (stepMs.values[at] ?? 0);
      perGigabyte[at] = (perGigabyte[above] ?? 0) + (stepPrice.values[at] ?? 0);
      latencyUnknown[at] = (latencyUnknown[above] ?? 0) + (stepMs.lacking[at] ?? 0);
      priceUnknown[at] = (priceUnknown[above] ?? 0) + (stepPrice.lacking[at] ?? 0);
    }
  }
  return { depth, latencyMs, perGigabyte, latencyUnknown, priceUnknown };
}

/** From each root down. Most plans do not ask for it, and what is not known of it is not counted. */
function bandwidthDown(nodes: readonly InventoryNode[], depth: Int32Array, parent: Int32Array, valueOf: (measured: Measured | undefined) => number | undefined): Float64Array {
  const steps = nodes.map(({ uplink }) => {
    const bytesPerSecond = valueOf(uplink?.bytesPerSecond);
    return bytesPerSecond === undefined ? undefined : 1000 / Math.max(1, bytesPerSecond);
  });
  const slowest = steps.reduce<number>((most, step) => Math.max(most, step ?? 0), 0);
  const msPerByte = new Float64Array(nodes.length);
  if (slowest === 0) return msPerByte;
  const downwards = [...nodes.keys()].sort((a, b) => (depth[a] ?? 0) - (depth[b] ?? 0));
  for (const node of downwards) {
    const above = parent[node] ?? -1;
    if (above >= 0) msPerByte[node] = (msPerByte[above] ?? 0) + (steps[node] ?? slowest);
  }
  return msPerByte;
}

/** Of a byte on the way between two nodes; within a site none. */
export function msPerByteBetween(fleet: Fleet, one: number, other: number): number {
  const { siteOf, msPerByte } = fleet;
  if (siteOf[one] === siteOf[other]) return 0;
  const top = meetingOf(fleet, one, other);
  return top < 0 ? 0 : (msPerByte[one] ?? 0) + (msPerByte[other] ?? 0) - 2 * (msPerByte[top] ?? 0);
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

const here: Way = { latencyMs: 0, perGigabyte: 0, known: true, priceKnown: true };

export function wayBetween(fleet: Fleet, one: number, other: number): Way {
  if (one === other) return here;
  const [a, b] = [fleet.siteOf[one] ?? 0, fleet.siteOf[other] ?? 0];
  if (a === b) return { latencyMs: latencyBeside(fleet, one, other), perGigabyte: 0, known: true, priceKnown: true };
  const link = fleet.links.size === 0 ? undefined : fleet.links.get(a * fleet.sites.length + b);
  if (link !== undefined) return link;
  const top = meetingOf(fleet, one, other);
  if (top < 0) return fleet.worst;
  const along = (values: Float64Array | Int32Array): number => (values[one] ?? 0) + (values[other] ?? 0) - 2 * (values[top] ?? 0);
  return { latencyMs: along(fleet.latencyMs), perGigabyte: along(fleet.perGigabyte), known: along(fleet.latencyUnknown) === 0, priceKnown: along(fleet.priceUnknown) === 0 };
}

/** Of two nodes of a site, the longer of what both have measured; what neither has is assumed. */
export function latencyBeside({ nodes, nowMs, policy }: Fleet, one: number, other: number): number {
  const told = (from: number, to: number): number | undefined => {
    const beside = nodes[from]?.beside;
    return beside === undefined ? undefined : freshValue(beside[nodes[to]?.name ?? ""], nowMs, policy.staleAfterMs);
  };
  const [there, back] = [told(one, other), told(other, one)];
  return there === undefined && back === undefined ? policy.siteLatencyMs : Math.max(there ?? 0, back ?? 0);
}
