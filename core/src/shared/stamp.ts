/**
 * A hybrid clock for each register: physical time where it is known, a count where it is not or where it stands still.
 *
 * After Kulkarni et al., "Logical Physical Clocks" (2014), with the scope of one register in place of a node: a write is stamped from the
 * writer's own clock and the stamp that it saw there, so whoever saw a value always wins over it, and no clock can push another one. That
 * bounds what a wrong clock does: a node that does not know the time counts on from what it saw. One that is far ahead wins over
 * writes that did not see it, once: the next write of a node that knows the time begins a new era of the register, in which that node's
 * time counts again.
 */
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";

export interface Stamp {
  /** Rises when a stamp was seen that lies too far ahead of a clock that is trusted. */
  readonly era: number;
  /** Physical part, milliseconds since 1970; 0 where no writer knew the time. */
  readonly ms: number;
  readonly count: number;
  /** The slot that wrote it: decides between stamps that are equal otherwise. */
  readonly writer: string;
}

export function compareStamps(one: Stamp, other: Stamp): number {
  return one.era - other.era || one.ms - other.ms || one.count - other.count || compareText(one.writer, other.writer);
}

/** The stamp of a write that saw `seen`. `nowMs`: undefined where the writer does not know the time. */
export function nextStamp(seen: Stamp | undefined, nowMs: number | undefined, writer: string): Stamp {
  const { era, ms, count } = seen ?? { era: 0, ms: 0, count: 0 };
  if (nowMs === undefined || nowMs <= ms) {
    const isAhead = nowMs !== undefined && ms - nowMs > limits.sharedAheadMsMax;
    if ((isAhead || count >= limits.sharedCountMax) && era < limits.sharedErasMax) return { era: era + 1, ms: nowMs ?? 0, count: 0, writer };
    if (count >= limits.sharedCountMax) throw new HolonError("HOLON_SHARED_FULL", "a register was written more often than its stamps can tell");
    return { era, ms, count: count + 1, writer };
  }
  return { era, ms: nowMs, count: 0, writer };
}

export const compareText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
