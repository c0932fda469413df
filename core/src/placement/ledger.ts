/** Who stands where, what is left on each node, and what it all costs: the books of a search, kept true with every step. */
import { outlookOf, placeOn, type AcceleratorOutlook } from "./accelerators.ts";
import { chooseDevices, hasAccelerator, packDevices } from "./devices.ts";
import type { Fleet } from "./fleet.ts";
import { wholeMilli, type AcceleratorDemand } from "./fragments.ts";
import { costOf, monthOf, totalOf } from "./month.ts";
import { costBetween, moveCost, whyOutOfBounds, type Item, type Work } from "./work.ts";

/** Leaving a unit out costs more than any place; the more urgent, the more. */
export const unplacedCost = ({ needs }: Item, { leaving }: Pick<Ledger, "leaving">): number => leaving.cost * (1 + needs.priority);
export const leavingCost = 1e9;

/** Sums of fractions do not come out even. */
const slack = 1e-9;

export interface Ledger {
  /** Node of each item; -1: none. */
  readonly at: Int32Array;
  readonly itemsOn: readonly number[][];
  readonly processors: Float64Array;
  readonly memoryBytes: Float64Array;
  readonly diskBytes: Float64Array;
  /** 1: it takes no accelerators where it stands, though the node has some and it would like one. */
  readonly without: Uint8Array;
  /** Which accelerators of its node each has, of those that have any. */
  readonly held: ReadonlyMap<number, readonly number[]>;
  /** A month of this item alone on this node, moving included, at the least; infinite where it may not run. */
  alone(item: number, node: number): number;
  /** The same where it stands, as it stands. */
  own(item: number): number;
  /** On this node as things are, with its flows to what is placed. `alone`, where it has just been asked for, is not worked out again. */
  with(item: number, node: number, alone?: number): number;
  /** What it costs once to have it on this node: nothing where it stood before, or stood nowhere. */
  moving(item: number, node: number): number;
  /** Whether there is room, and no replica too near. */
  fits(item: number, node: number): boolean;
  hasRoom(item: number, node: number): boolean;
  /** Whether nothing of this size fits there, whosever it is. */
  isFull(item: number, node: number): boolean;
  /** Whether a replica of the same unit is too near. */
  crowds(item: number, node: number): boolean;
  /** `without` says by itself whether it takes accelerators that it would like; else it does where one is free and worth it. */
  put(item: number, node: number, without?: boolean, devices?: readonly number[]): void;
  take(item: number): void;
  /** Accelerators that would be lost to others, thousandths. */
  spoils(item: number, node: number): number;
  /** Accelerators left on a node, thousandths of each. */
  acceleratorsOf(node: number): readonly number[];
  /** Its part of what all costs, without moving: itself, and half of each flow. */
  shareOf(item: number): number;
  readonly evaluations: { count: number };
  /** For leaving out what is least urgent. */
  readonly leaving: { cost: number };
}

export function createLedger(fleet: Fleet, work: Work, previous: Int32Array): Ledger {
  const { items, known } = work;
  const at = new Int32Array(items.length).fill(-1);
  const itemsOn = fleet.nodes.map((): number[] => []);
  const { processors, memoryBytes, diskBytes } = roomFor(fleet, items, previous);
  const devices = fleet.nodes.map(({ capacity: { accelerators } }) => (accelerators === undefined ? none : Array.from({ length: accelerators.count }, () => wholeMilli)));
  const held = new Map<number, readonly number[]>();
  const without = new Uint8Array(items.length);
  const evaluations = { count: 0 };
  const leaving = { cost: leavingCost };
  const outlook = outlookFor(work);

  const itemAt = (index: number): Item => items[index] ?? unknownItem();
  const hasJobs = items.some(({ needs }) => needs.job !== undefined);
  /** 1: whether it may come here is a question of who asks. */
  const guarded = Uint8Array.from(fleet.gone, (gone, node) => (hasJobs || gone === 1 || fleet.aged[node] === 1 || fleet.held[node] === 1 || fleet.silent[node] === 1 ? 1 : 0));
  const isShut = (index: number, node: number): boolean => guarded[node] === 1 && isShutTo(index, node);
  /** What goes on by itself stays where its node is silent. */
  const isShutTo = (index: number, node: number): boolean => fleet.gone[node] === 1 || ((fleet.aged[node] === 1 || fleet.held[node] === 1) && previous[index] !== node) || (hasJobs && isBound(fleet, itemAt(index), previous[index] ?? -1, node)) || (fleet.silent[node] === 1 && (previous[index] !== node || (itemAt(index).needs.onIsolation === "stop" && itemAt(index).needs.island === undefined)));
  const monthOn = (index: number, node: number, isWithout: boolean): number => {
    const key = isWithout ? node + fleet.nodes.length : node;
    const before = known.get(index, key);
    if (before !== undefined) return before;
    const item = itemAt(index);
    const cost = !item.kind.has(node) || whyOutOfBounds(fleet, item, node) !== undefined ? Number.POSITIVE_INFINITY : monthOf(fleet, item, node, isWithout);
    known.set(index, key, cost);
    return cost;
  };
  /** It would like what the node has, and may do without. */
  const hasChoice = (index: number, node: number): boolean => itemAt(index).needs.accelerator?.need === "preferred" && demanded(index, node) !== undefined;
  const moving = (index: number, node: number): number => {
    const before = previous[index] ?? -1;
    return before >= 0 && before !== node ? moveCost(fleet, itemAt(index).needs) : 0;
  };
  const alone = (index: number, node: number): number => {
    if (isShut(index, node)) return Number.POSITIVE_INFINITY;
    const month = monthOn(index, node, false);
    return (hasChoice(index, node) ? Math.min(month, monthOn(index, node, true)) : month) + moving(index, node);
  };
  const demanded = (index: number, node: number): AcceleratorDemand | undefined => {
    const { needs } = itemAt(index);
    if (needs.accelerator === undefined) return undefined;
    const place = fleet.nodes[node];
    return place === undefined || !hasAccelerator(needs, place) ? undefined : demandOf(itemAt(index));
  };
  /** What each that holds a part of an accelerator there would hold, were all handed out anew with this one; undefined: they do not fit. */
  const repacked = (demand: AcceleratorDemand, node: number): { readonly holders: readonly number[]; readonly taken: readonly (readonly number[])[] } | undefined => {
    const holders = (itemsOn[node] ?? []).filter((index) => held.has(index));
    const taken = packDevices(devices[node]?.length ?? 0, [...holders.map((index) => demandOf(itemAt(index))), demand]);
    return taken === undefined ? undefined : { holders, taken };
  };
  const areFree = (demand: AcceleratorDemand, node: number): boolean => {
    const free = devices[node] ?? none;
    return chooseDevices(free, demand) !== undefined || (free.reduce((sum, milli) => sum + milli, 0) >= demand.count * demand.milli && repacked(demand, node) !== undefined);
  };
  /** Whether it would go there without. */
  const goesWithout = (index: number, node: number): boolean => {
    if (at[index] === node) return without[index] === 1;
    const demand = demanded(index, node);
    return demand !== undefined && hasChoice(index, node) && (monthOn(index, node, true) < monthOn(index, node, false) || !areFree(demand, node));
  };
  /** What it takes there. */
  const asked = (index: number, node: number): AcceleratorDemand | undefined => (goesWithout(index, node) ? undefined : demanded(index, node));
  const crowds = (index: number, node: number): boolean => {
    const { siblings, needs } = itemAt(index);
    if (siblings.length === 0) return false;
    return siblings.some((other) => at[other] === node || (needs.spread === "site" && (at[other] ?? -1) >= 0 && fleet.siteOf[at[other] ?? 0] === fleet.siteOf[node]));
  };
  const isFull = (index: number, node: number): boolean => {
    const { needs } = itemAt(index);
    if ((processors[node] ?? 0) + slack < needs.processors || (memoryBytes[node] ?? 0) < needs.memoryBytes || (diskBytes[node] ?? 0) < needs.diskBytes) return true;
    if (needs.accelerator === undefined || needs.accelerator.need === "preferred") return false; // it does without where there is none
    const demand = demanded(index, node);
    return demand === undefined || !areFree(demand, node);
  };
  const hasRoom = (index: number, node: number): boolean => !isShut(index, node) && !isFull(index, node);
  const own = (index: number): number => {
    const node = at[index] ?? -1;
    return monthOn(index, node, without[index] === 1) + moving(index, node);
  };
  const take = (demand: AcceleratorDemand, index: number, node: number, given: readonly number[] | undefined): void => {
    const free = devices[node] ?? none;
    let chosen = given ?? chooseDevices(free, demand);
    if (chosen === undefined) {
      const anew = repacked(demand, node);
      if (anew === undefined) throw new RangeError("there is room for it");
      free.fill(wholeMilli);
      for (const [number, holder] of anew.holders.entries()) {
        const { milli } = demandOf(itemAt(holder));
        const parts = anew.taken[number] ?? none;
        for (const device of parts) free[device] = (free[device] ?? 0) - milli;
        held.set(holder, parts);
      }
      chosen = anew.taken[anew.holders.length] ?? none;
    }
    for (const device of chosen) free[device] = (free[device] ?? 0) - demand.milli;
    held.set(index, chosen);
  };
  return {
    at,
    itemsOn,
    processors,
    memoryBytes,
    diskBytes,
    evaluations,
    leaving,
    without,
    held,
    alone,
    own,
    moving,
    with(index, node, least = undefined) {
      evaluations.count++;
      const { needs, flows } = itemAt(index);
      let cost = needs.accelerator?.need === "preferred" && !isShut(index, node) ? monthOn(index, node, goesWithout(index, node)) + moving(index, node) : (least ?? alone(index, node));
      for (const flow of flows) {
        const other = at[flow.item] ?? -1;
        if (other >= 0 && (other !== node || flow.staged !== undefined)) cost += costBetween(fleet, node, other, flow);
      }
      return cost;
    },
    hasRoom,
    isFull,
    fits: (index, node) => hasRoom(index, node) && !crowds(index, node),
    crowds,
    put(index, node, isWithout = goesWithout(index, node), given) {
      const { needs } = itemAt(index);
      const demand = isWithout ? undefined : demanded(index, node);
      if (demand !== undefined) take(demand, index, node, given);
      without[index] = isWithout ? 1 : 0;
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
      without[index] = 0;
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
      for (const flow of itemAt(index).flows) {
        const other = at[flow.item] ?? -1;
        if (other >= 0 && (other !== node || flow.staged !== undefined)) flows += costBetween(fleet, node, other, flow);
      }
      return totalOf(costOf(fleet, itemAt(index), node, without[index] === 1)) + flows / 2;
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
    if (node < 0) cost += unplacedCost(item, ledger);
    else cost += (ledger.with(index, node) + ledger.own(index)) / 2;
  }
  return cost;
}

/** Who stands where, and takes what. */
export interface Standing {
  readonly at: Int32Array;
  readonly without: Uint8Array;
  readonly held: ReadonlyMap<number, readonly number[]>;
}

export const standingOf = ({ at, without, held }: Ledger): Standing => ({ at: at.slice(), without: without.slice(), held: new Map(held) });

/** Everything back to where it was. */
export function restore(ledger: Ledger, best: Standing): void {
  const differing = [...best.at.keys()].filter((index) => ledger.at[index] !== best.at[index] || ledger.without[index] !== best.without[index] || ledger.held.get(index) !== best.held.get(index));
  for (const index of differing) ledger.take(index);
  for (const index of differing) if ((best.at[index] ?? -1) >= 0) ledger.put(index, best.at[index] ?? -1, best.without[index] === 1, best.held.get(index));
}

/** What stands on a node of which too little is known keeps its room there: as much of what was told last as it takes, and no more. */
function roomFor(fleet: Fleet, items: readonly Item[], previous: Int32Array): Record<"processors" | "memoryBytes" | "diskBytes", Float64Array> {
  const room = { processors: fleet.processors.slice(), memoryBytes: fleet.memoryBytes.slice(), diskBytes: fleet.diskBytes.slice() };
  const standing = new Map<number, number[]>();
  for (const [index, node] of previous.entries()) if (node >= 0 && (fleet.aged[node] === 1 || fleet.loadUnknown.processors[node] === 1 || fleet.loadUnknown.memoryBytes[node] === 1)) standing.set(node, [...(standing.get(node) ?? []), index]);
  for (const [node, indexes] of standing) {
    for (const part of ["processors", "memoryBytes", "diskBytes"] as const) {
      const taken = indexes.reduce((sum, index) => sum + (items[index]?.needs[part] ?? 0), 0);
      room[part][node] = Math.max(room[part][node] ?? 0, Math.min(fleet.told[part][node] ?? 0, taken));
    }
  }
  return room;
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
