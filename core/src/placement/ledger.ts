/** Who stands where, what is left on each node, and what it all costs: the books of a search, kept true with every step. */
import { outlookOf, placeOn, type AcceleratorOutlook } from "./accelerators.ts";
import type { Fleet } from "./fleet.ts";
import { wholeMilli, type AcceleratorDemand } from "./fragments.ts";
import { costBetween, costOf, hasAccelerator, moveCost, totalOf, whyOutOfBounds, type Item, type Work } from "./work.ts";

/** Leaving a unit out costs more than any place; the more urgent, the more. */
export const unplacedCost = ({ needs }: Item): number => 1e9 * (1 + needs.priority);

/** Sums of fractions do not come out even. */
const slack = 1e-9;

export interface Ledger {
  /** Node of each item; -1: none. */
  readonly at: Int32Array;
  readonly itemsOn: readonly number[][];
  readonly processors: Float64Array;
  readonly memoryBytes: Float64Array;
  /** A month of this item alone on this node, moving included; infinite where it may not run. */
  alone(item: number, node: number): number;
  /** With its flows to what is placed. */
  with(item: number, node: number): number;
  /** Whether there is room, and no replica too near. */
  fits(item: number, node: number): boolean;
  hasRoom(item: number, node: number): boolean;
  /** Whether a replica of the same unit is too near. */
  crowds(item: number, node: number): boolean;
  put(item: number, node: number): void;
  take(item: number): void;
  /** Accelerators that would be lost to others, thousandths. */
  spoils(item: number, node: number): number;
  /** Accelerators left on a node, thousandths of each. */
  acceleratorsOf(node: number): readonly number[];
  /** Its part of what all costs, without moving: itself, and half of each flow. */
  shareOf(item: number): number;
  readonly evaluations: { count: number };
}

export function createLedger(fleet: Fleet, work: Work, previous: Int32Array): Ledger {
  const { items, known } = work;
  const at = new Int32Array(items.length).fill(-1);
  const itemsOn = fleet.nodes.map((): number[] => []);
  const [processors, memoryBytes, diskBytes] = [fleet.processors.slice(), fleet.memoryBytes.slice(), fleet.diskBytes.slice()];
  const devices = fleet.nodes.map(({ capacity: { accelerators } }) => (accelerators === undefined ? none : Array.from({ length: accelerators.count }, () => wholeMilli)));
  const held = new Map<number, readonly number[]>();
  const evaluations = { count: 0 };
  const outlook = outlookFor(work);

  const itemAt = (index: number): Item => items[index] ?? unknownItem();
  const hasJobs = items.some(({ needs }) => needs.job !== undefined);
  /** What goes on by itself stays where its node is silent. */
  const isShut = (index: number, node: number): boolean => fleet.gone[node] === 1 || (hasJobs && isBound(fleet, itemAt(index), previous[index] ?? -1, node)) || (fleet.silent[node] === 1 && (previous[index] !== node || (itemAt(index).needs.onIsolation === "stop" && itemAt(index).needs.island === undefined)));
  const monthOn = (index: number, node: number): number => {
    let costs = known[index];
    if (costs === undefined) known[index] = costs = new Map();
    const before = costs.get(node);
    if (before !== undefined) return before;
    const item = itemAt(index);
    const cost = !item.kind.has(node) || whyOutOfBounds(fleet, item, node) !== undefined ? Number.POSITIVE_INFINITY : totalOf(costOf(fleet, item, node));
    costs.set(node, cost);
    return cost;
  };
  const alone = (index: number, node: number): number => {
    if (isShut(index, node)) return Number.POSITIVE_INFINITY;
    const before = previous[index] ?? -1;
    return monthOn(index, node) + (before >= 0 && before !== node ? moveCost(fleet, itemAt(index).needs) : 0);
  };
  const asked = (index: number, node: number): AcceleratorDemand | undefined => {
    const { needs } = itemAt(index);
    if (needs.accelerator === undefined) return undefined;
    const place = fleet.nodes[node];
    return place === undefined || !hasAccelerator(needs, place) ? undefined : demandOf(itemAt(index));
  };
  const crowds = (index: number, node: number): boolean => {
    const { siblings, needs } = itemAt(index);
    if (siblings.length === 0) return false;
    return siblings.some((other) => at[other] === node || (needs.spread === "site" && (at[other] ?? -1) >= 0 && fleet.siteOf[at[other] ?? 0] === fleet.siteOf[node]));
  };
  const hasRoom = (index: number, node: number): boolean => {
    const { needs } = itemAt(index);
    if (isShut(index, node)) return false;
    if ((processors[node] ?? 0) + slack < needs.processors || (memoryBytes[node] ?? 0) < needs.memoryBytes || (diskBytes[node] ?? 0) < needs.diskBytes) return false;
    const demand = asked(index, node);
    if (demand === undefined) return needs.accelerator?.need !== "required"; // preferred: it does without where there is none
    return (devices[node] ?? none).filter((milli) => milli >= demand.milli).length >= demand.count;
  };
  return {
    at,
    itemsOn,
    processors,
    memoryBytes,
    evaluations,
    alone,
    with(index, node) {
      evaluations.count++;
      let cost = alone(index, node);
      for (const { item, gigabytes, share } of itemAt(index).flows) {
        const other = at[item] ?? -1;
        if (other >= 0 && other !== node) cost += costBetween(fleet, node, other, gigabytes, share);
      }
      return cost;
    },
    hasRoom,
    fits: (index, node) => hasRoom(index, node) && !crowds(index, node),
    crowds,
    put(index, node) {
      const { needs } = itemAt(index);
      const demand = asked(index, node);
      if (demand !== undefined) held.set(index, takeDevices(devices[node] ?? none, demand));
      at[index] = node;
      itemsOn[node]?.push(index);
      processors[node] = (processors[node] ?? 0) - needs.processors;
      memoryBytes[node] = (memoryBytes[node] ?? 0) - needs.memoryBytes;
      diskBytes[node] = (diskBytes[node] ?? 0) - needs.diskBytes;
    },
    take(index) {
      const node = at[index] ?? -1;
      if (node < 0) return;
      const { needs } = itemAt(index);
      for (const device of held.get(index) ?? []) {
        const milli = devices[node];
        if (milli !== undefined) milli[device] = (milli[device] ?? 0) + (needs.accelerator?.milli ?? 0);
      }
      held.delete(index);
      at[index] = -1;
      const here = itemsOn[node];
      here?.splice(here.indexOf(index), 1);
      processors[node] = (processors[node] ?? 0) + needs.processors;
      memoryBytes[node] = (memoryBytes[node] ?? 0) + needs.memoryBytes;
      diskBytes[node] = (diskBytes[node] ?? 0) + needs.diskBytes;
    },
    spoils(index, node) {
      const place = fleet.nodes[node];
      if (outlook === undefined || place?.capacity.accelerators === undefined) return 0;
      const room = { processorMilli: 1000 * (processors[node] ?? 0), memoryMebibytes: (memoryBytes[node] ?? 0) / 2 ** 20, model: place.capacity.accelerators.model, milli: (devices[node] ?? none).toSorted((a, b) => a - b) };
      const placed = placeOn(outlook, room, asked(index, node) ?? { ...demandOf(itemAt(index)), count: 0, milli: 0 });
      return placed === undefined ? 0 : -placed.score;
    },
    shareOf(index) {
      const node = at[index] ?? -1;
      if (node < 0) return 0;
      let flows = 0;
      for (const { item, gigabytes, share } of itemAt(index).flows) {
        const other = at[item] ?? -1;
        if (other >= 0 && other !== node) flows += costBetween(fleet, node, other, gigabytes, share);
      }
      return totalOf(costOf(fleet, itemAt(index), node)) + flows / 2;
    },
    acceleratorsOf: (node) => devices[node] ?? none,
  };
}

/** From when there is work for it until that is done, a job stays where it is, as long as it may be there at all. */
export function isBound(fleet: Fleet, item: Item, before: number, node: number): boolean {
  const { job, run } = item.needs;
  if (job === undefined || run === undefined || run.arrivesMs > fleet.nowMs) return false;
  return before >= 0 && before !== node && fleet.gone[before] !== 1 && item.kind.has(before) && whyOutOfBounds(fleet, item, before) === undefined;
}

export function costOfAll(items: readonly Item[], ledger: Ledger): number {
  let cost = 0;
  // each flow once: half of it with each of its ends
  for (const [index, item] of items.entries()) {
    const node = ledger.at[index] ?? -1;
    if (node < 0) cost += unplacedCost(item);
    else cost += (ledger.with(index, node) + ledger.alone(index, node)) / 2;
  }
  return cost;
}

/** Everything back to where it was. */
export function restore(ledger: Ledger, best: Int32Array): void {
  const differing = [...best.keys()].filter((index) => ledger.at[index] !== best[index]);
  for (const index of differing) ledger.take(index);
  for (const index of differing) if ((best[index] ?? -1) >= 0) ledger.put(index, best[index] ?? -1);
}

const none: number[] = [];

function unknownItem(): never {
  throw new RangeError("an item is known");
}

const demandOf = ({ needs }: Item): AcceleratorDemand => ({ processorMilli: 1000 * needs.processors, memoryMebibytes: needs.memoryBytes / 2 ** 20, count: needs.accelerator?.count ?? 0, milli: needs.accelerator?.milli ?? 0, models: needs.accelerator?.models ?? [] });

function outlookFor(work: Work): AcceleratorOutlook | undefined {
  const { items } = work;
  work.outlook ??= items.some(({ needs }) => needs.accelerator !== undefined) ? outlookOf(items.map(demandOf)) : null;
  return work.outlook ?? undefined;
}

/** The fullest that will do. */
function takeDevices(devices: number[], { count, milli }: AcceleratorDemand): readonly number[] {
  const chosen = [...devices.keys()].filter((device) => (devices[device] ?? 0) >= milli).sort((a, b) => (devices[a] ?? 0) - (devices[b] ?? 0) || a - b).slice(0, count);
  for (const device of chosen) devices[device] = (devices[device] ?? 0) - milli;
  return chosen;
}
