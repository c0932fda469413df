/** Ours beside those of the published comparison, as that defines them: of equal scores the first machine by name. */
import type { Chance } from "@holon/core/chance.ts";
import { outlookOf, placeOn, type PlacedOn } from "@holon/core/placement/accelerators.ts";
import { fragments, usualDemand, waysToPlace, wholeMilli, type AcceleratorDemand, type AcceleratorRoom } from "@holon/core/placement/fragments.ts";

export interface Scheduler {
  /** Undefined where it does not fit. */
  place(room: AcceleratorRoom, unit: AcceleratorDemand): PlacedOn | undefined;
  /** A machine by the scores of all, which are minus infinity where it does not fit; undefined if it fits nowhere. */
  choose(scores: Float64Array): number | undefined;
}

export function ours(workload: readonly AcceleratorDemand[]): Scheduler {
  const outlook = outlookOf(workload);
  return { place: (room, unit) => placeOn(outlook, room, unit), choose: highest };
}

/** Fragmentation gradient descent (USENIX ATC '23): scores are squeezed to whole numbers from 0 to 100. */
export function fragmentationDescent(workload: readonly AcceleratorDemand[]): Scheduler {
  const usual = usualDemand(workload, { share: 0.95 });
  const place = (room: AcceleratorRoom, unit: AcceleratorDemand): PlacedOn | undefined => {
    const before = fragments(usual, room);
    let best: PlacedOn | undefined;
    for (const after of waysToPlace(room, unit)) {
      const score = Math.trunc(100 / (1 + Math.exp((fragments(usual, after) - before) / wholeMilli)));
      if (best === undefined || score > best.score) best = { score, room: after };
    }
    return best;
  };
  return { place, choose: highest };
}

/** Least processor and accelerator left, each over the largest machine's; on the fullest accelerator that will do. */
export const bestFit: Scheduler = {
  place(room, unit) {
    const [after] = waysToPlace(room, unit);
    if (after === undefined) return undefined;
    const left = (0.5 * after.processorMilli) / 128_000 + (0.5 * after.milli.reduce((sum, milli) => sum + milli, 0)) / (8 * wholeMilli);
    return { score: Math.trunc(100 * (1 - left)), room: after };
  },
  choose: highest,
};

/** Any machine that has room, and on it any accelerator. */
export function byChance(chance: Chance): Scheduler {
  const place = (room: AcceleratorRoom, unit: AcceleratorDemand): PlacedOn | undefined => {
    const ways = waysToPlace(room, unit);
    const after = ways[chance.below(ways.length)];
    return after === undefined ? undefined : { score: 0, room: after };
  };
  const choose = (scores: Float64Array): number | undefined => {
    let [chosen, seen]: [number | undefined, number] = [undefined, 0];
    for (const [at, score] of scores.entries()) if (score > Number.NEGATIVE_INFINITY && chance.below(++seen) === 0) chosen = at;
    return chosen;
  };
  return { place, choose };
}

function highest(scores: Float64Array): number | undefined {
  let chosen: number | undefined;
  let best = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < scores.length; at++) {
    const score = scores[at] ?? Number.NEGATIVE_INFINITY;
    if (score > best) [chosen, best] = [at, score];
  }
  return chosen;
}
