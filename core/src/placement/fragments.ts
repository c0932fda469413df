/**
 * How much of a machine's free accelerators is of no use to what usually comes, and how that changes when something is placed.
 *
 * The measure is that of "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent" (USENIX ATC '23), section 3:
 * for each usual demand, weighted by how often it comes, the free thousandths that it could not use on this machine. It is kept here for groups of
 * demands that ask for the same accelerators, so that one machine is measured in a few dozen steps.
 */

/** What one unit asks of one machine. */
export interface AcceleratorDemand {
  readonly processorMilli: number;
  readonly memoryMebibytes: number;
  /** Number of accelerators, and of each so many thousandths. */
  readonly count: number;
  readonly milli: number;
  /** Models that will do; empty for any. */
  readonly models: readonly string[];
}

/** What one machine has left. */
export interface AcceleratorRoom {
  readonly processorMilli: number;
  readonly memoryMebibytes: number;
  readonly model: string;
  /** Thousandths left of each accelerator, ascending. */
  readonly milli: readonly number[];
}

export const wholeMilli = 1000;

/** Demands that ask for the same accelerators. */
interface Group {
  readonly count: number;
  readonly milli: number;
  readonly models: readonly string[];
  /** Processor of its demands, ascending, and the weight of all up to each. */
  readonly processors: readonly number[];
  readonly weights: readonly number[];
  readonly weight: number;
}

/** What usually comes. */
export interface UsualDemand {
  readonly groups: readonly Group[];
}

/** Only kinds that together make up `share` of all that comes, the most frequent first: what is rare says little about what is next. */
export function usualDemand(demands: readonly AcceleratorDemand[], { share = 1 }: { readonly share?: number } = {}): UsualDemand {
  const kinds = new Map<string, { readonly demand: AcceleratorDemand; times: number }>();
  for (const demand of demands) {
    const key = `${demand.count}/${demand.milli}/${demand.processorMilli}/${[...demand.models].sort().join("|")}`;
    const known = kinds.get(key);
    if (known === undefined) kinds.set(key, { demand, times: 1 });
    else known.times++;
  }
  const ordered = [...kinds].sort(([a, one], [b, other]) => other.times - one.times || (a < b ? -1 : 1)).map(([, kind]) => kind);
  const usual: typeof ordered = [];
  let seen = 0;
  for (const kind of ordered) {
    if (seen >= share * demands.length) break;
    usual.push(kind);
    seen += kind.times;
  }
  const byGroup = new Map<string, typeof usual>();
  for (const kind of usual) {
    const key = `${kind.demand.count}/${kind.demand.milli}/${[...kind.demand.models].sort().join("|")}`;
    byGroup.set(key, [...(byGroup.get(key) ?? []), kind]);
  }
  return { groups: Array.from(byGroup.values(), (members) => groupOf(members, seen)) };
}

function groupOf(members: readonly { readonly demand: AcceleratorDemand; readonly times: number }[], all: number): Group {
  const inOrder = members.toSorted((a, b) => a.demand.processorMilli - b.demand.processorMilli);
  let weight = 0;
  const weights = inOrder.map(({ times }) => (weight += times / all));
  const { count, milli, models } = inOrder[0]?.demand ?? { count: 0, milli: 0, models: [] };
  return { count, milli, models, processors: inOrder.map(({ demand }) => demand.processorMilli), weights, weight };
}

/** Expected thousandths of the free accelerators that the next demand cannot use. */
export function fragments({ groups }: UsualDemand, room: AcceleratorRoom): number {
  let free = 0;
  for (const milli of room.milli) free += milli;
  if (free === 0) return 0;
  let expected = 0;
  for (const group of groups) {
    const fits = group.count > 0 && suits(group.models, room.model) ? weightThatFits(group, room.processorMilli) : 0;
    if (fits === 0) {
      expected += group.weight * free;
      continue;
    }
    let small = 0;
    let large = 0;
    for (const milli of room.milli) {
      if (milli < group.milli) small += milli;
      else large++;
    }
    expected += large < group.count ? group.weight * free : fits * small + (group.weight - fits) * free;
  }
  return expected;
}

const suits = (models: readonly string[], model: string): boolean => models.length === 0 || models.includes(model);

function weightThatFits({ processors, weights, weight }: Group, processorMilli: number): number {
  let low = 0;
  let high = processors.length;
  if ((processors[high - 1] ?? 0) <= processorMilli) return weight;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((processors[middle] ?? 0) <= processorMilli) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : (weights[low - 1] ?? 0);
}

/** Whether the demand fits on the machine as a whole. */
export function fitsAccelerators(room: AcceleratorRoom, demand: AcceleratorDemand): boolean {
  if (room.processorMilli < demand.processorMilli || room.memoryMebibytes < demand.memoryMebibytes) return false;
  if (demand.count === 0) return true;
  if (!suits(demand.models, room.model)) return false;
  let large = 0;
  for (const milli of room.milli) if (milli >= demand.milli) large++;
  return large >= demand.count;
}

/** Every different way to give the demand its accelerators: one of them may stand at any accelerator that has room, several take the fullest that will do. */
export function waysToPlace(room: AcceleratorRoom, demand: AcceleratorDemand): readonly AcceleratorRoom[] {
  if (!fitsAccelerators(room, demand)) return [];
  if (demand.count === 0) return [taken(room, demand, [])];
  const first = room.milli.findIndex((milli) => milli >= demand.milli);
  if (demand.count > 1) return [taken(room, demand, Array.from({ length: demand.count }, (_, index) => first + index))];
  const ways: AcceleratorRoom[] = [];
  for (let index = first; index < room.milli.length; index++) if (index === first || room.milli[index] !== room.milli[index - 1]) ways.push(taken(room, demand, [index]));
  return ways;
}

function taken(room: AcceleratorRoom, demand: AcceleratorDemand, at: readonly number[]): AcceleratorRoom {
  const milli = [...room.milli];
  for (const index of at) milli[index] = (milli[index] ?? 0) - demand.milli;
  return { processorMilli: room.processorMilli - demand.processorMilli, memoryMebibytes: room.memoryMebibytes - demand.memoryMebibytes, model: room.model, milli: at.length === 0 ? room.milli : milli.sort((a, b) => a - b) };
}
