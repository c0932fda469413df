/** Units arrive one after another at a cluster; each is placed once and for all, or turned away where it fits nowhere. */
import type { Chance } from "@holon/core/chance.ts";
import type { AcceleratorDemand, AcceleratorRoom } from "@holon/core/placement/fragments.ts";
import type { Scheduler } from "./gpu-trace-schedulers.ts";

export const acceleratorMilliOf = (units: readonly AcceleratorDemand[]): number => units.reduce((sum, { count, milli }) => sum + count * milli, 0);

/**
 * The workload, with units drawn from it again and again until another one would ask for more than `demandMilli` (or, of a larger workload, with units
 * left out), all in an order by chance: as in the published simulation.
 */
export function inflate(units: readonly AcceleratorDemand[], demandMilli: number, chance: Chance): readonly AcceleratorDemand[] {
  const stream = [...units];
  let demand = acceleratorMilliOf(units);
  while (demand > demandMilli) {
    const [left] = stream.splice(chance.below(stream.length), 1);
    demand -= left === undefined ? 0 : left.count * left.milli;
  }
  for (;;) {
    const again = units[chance.below(units.length)];
    if (again === undefined || demand + again.count * again.milli > demandMilli) break;
    demand += again.count * again.milli;
    stream.push(again);
  }
  for (let last = stream.length - 1; last > 0; last--) {
    const other = chance.below(last + 1);
    [stream[last], stream[other]] = [stream[other] ?? missing(), stream[last] ?? missing()];
  }
  return stream;
}

/** Scores of one kind of unit by machine, each good until the machine changes. */
interface Kind {
  readonly version: Int32Array;
  readonly score: Float64Array;
  readonly room: (AcceleratorRoom | undefined)[];
}

export interface Arrived {
  /** Of all accelerators, what is handed out, percent. */
  readonly allocationPercent: number;
  readonly turnedAway: number;
}

export function arrive(machines: readonly AcceleratorRoom[], stream: readonly AcceleratorDemand[], scheduler: Scheduler): Arrived {
  const rooms = [...machines];
  const version = new Int32Array(machines.length);
  const kinds = new Map<string, Kind>();
  let [allocated, turnedAway] = [0, 0];
  for (const unit of stream) {
    const key = `${unit.processorMilli}/${unit.memoryMebibytes}/${unit.count}/${unit.milli}/${unit.models.join("|")}`;
    let kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, (kind = { version: new Int32Array(machines.length).fill(-1), score: new Float64Array(machines.length), room: Array.from({ length: machines.length }) }));
    for (let at = 0; at < rooms.length; at++) {
      if (kind.version[at] === version[at]) continue;
      const placed = scheduler.place(rooms[at] ?? missing(), unit);
      kind.version[at] = version[at] ?? 0;
      kind.score[at] = placed?.score ?? Number.NEGATIVE_INFINITY;
      kind.room[at] = placed?.room;
    }
    const chosen = scheduler.choose(kind.score);
    const room = chosen === undefined ? undefined : kind.room[chosen];
    if (chosen === undefined || room === undefined) {
      turnedAway++;
      continue;
    }
    rooms[chosen] = room;
    version[chosen] = (version[chosen] ?? 0) + 1;
    allocated += unit.count * unit.milli;
  }
  return { allocationPercent: (100 * allocated) / machines.reduce((sum, { milli }) => sum + milli.reduce((all, each) => all + each, 0), 0), turnedAway };
}

function missing(): never {
  throw new Error("an index ran past its list");
}
