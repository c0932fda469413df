/**
 * Where a unit that shares accelerators does least harm to what comes next. Two things are lost on a machine: free accelerators that the usual demand does not
 * fit into (`fragments.ts`), and free accelerators that will never be fed, because less processor is left than what uses them usually asks
 * beside them. The second is what a fragment's measure of one next demand cannot see. Of ways that are equal within a step, the fullest machine.
 */
import { fragments, usualDemand, waysToPlace, wholeMilli, type AcceleratorDemand, type AcceleratorRoom, type UsualDemand } from "./fragments.ts";

export interface AcceleratorOutlook {
  readonly usual: UsualDemand;
  /** Thousandths of a processor that usually go with a thousandth of an accelerator. */
  readonly processorPerAccelerator: number;
}

/** Kinds beyond this share of all that comes are too rare to keep room for. */
const usualShare = 0.95;
/** Losses that differ by less are equal, thousandths of an accelerator: what is expected is no more exact than that. */
const lossStepMilli = 40;
/** The largest machine of the field, so that fullness of different machines compares. */
const largest = { processorMilli: 128_000, acceleratorMilli: 8 * wholeMilli };

export function outlookOf(demands: readonly AcceleratorDemand[]): AcceleratorOutlook {
  const asking = demands.filter(({ count, milli }) => count * milli > 0);
  const accelerators = total(asking, ({ count, milli }) => count * milli);
  return { usual: usualDemand(demands, { share: usualShare }), processorPerAccelerator: accelerators === 0 ? 0 : total(asking, ({ processorMilli }) => processorMilli) / accelerators };
}

/** Expected thousandths of accelerators that are lost on a machine with this room. */
export function expectedLoss({ usual, processorPerAccelerator }: AcceleratorOutlook, room: AcceleratorRoom): number {
  const free = freeOf(room);
  const fed = processorPerAccelerator === 0 ? free : room.processorMilli / processorPerAccelerator;
  return fragments(usual, room) + Math.max(0, free - fed);
}

export interface PlacedOn {
  /** Higher is better; compares across machines. */
  readonly score: number;
  readonly room: AcceleratorRoom;
}

/** The best way to place the demand on this machine; undefined where it does not fit. */
export function placeOn(outlook: AcceleratorOutlook, room: AcceleratorRoom, demand: AcceleratorDemand): PlacedOn | undefined {
  const before = expectedLoss(outlook, room);
  let best: PlacedOn | undefined;
  for (const after of waysToPlace(room, demand)) {
    const gain = Math.floor((before - expectedLoss(outlook, after)) / lossStepMilli);
    const left = freeOf(after) / largest.acceleratorMilli + after.processorMilli / largest.processorMilli;
    const score = gain - left * 1e-6; // decides only between equal gains
    if (best === undefined || score > best.score) best = { score, room: after };
  }
  return best;
}

const freeOf = ({ milli }: AcceleratorRoom): number => {
  let free = 0;
  for (const each of milli) free += each;
  return free;
};

const total = <Item>(items: readonly Item[], of: (item: Item) => number): number => items.reduce((sum, item) => sum + of(item), 0);
