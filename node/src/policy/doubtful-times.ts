/**
 * Which times of a lane cannot be believed, by what stands in the lane alone: a clock that was not set, and of two that contradict each other, since what comes later says an earlier time, the
 * one that was trusted less; of two that were trusted alike the earlier one, which a clock that is put right leaves ahead.
 */
import { isSet } from "@holon/core/clock-set.ts";
import { limits } from "@holon/core/limits.ts";
import { clockStates, type StoredEvent } from "@holon/core/schema/event.ts";

export interface LaneTimes {
  /** What is recorded next, in the order of the lane; returns its number. Of what holds nothing that can be read the time is doubtful. */
  add(events: readonly Pick<StoredEvent, "recordedtime" | "clock">[]): number;
  isDoubtful(number: number): boolean;
}

interface Piece {
  readonly fromMs: number;
  readonly toMs: number;
  /** The least that its clock was trusted; more is more. */
  readonly trust: number;
}

export function createLaneTimes(): LaneTimes {
  const pieces: Piece[] = [];
  let judged: readonly boolean[] = [];
  return {
    add(events) {
      const times = events.map(({ recordedtime }) => Date.parse(recordedtime));
      pieces.push({ fromMs: events.length === 0 ? -Infinity : Math.min(...times), toMs: Math.max(...times), trust: Math.min(...events.map(({ clock }) => trustOf(clock))) });
      return pieces.length - 1;
    },
    isDoubtful(number) {
      if (judged.length !== pieces.length) judged = judge(pieces);
      return judged[number] ?? false;
    },
  };
}

const trustOf = (clock: StoredEvent["clock"]): number => clockStates.length - clockStates.indexOf(clock);

function judge(pieces: readonly Piece[]): readonly boolean[] {
  const doubtful = pieces.map(({ fromMs }) => !isSet(fromMs));
  for (const least of clockStates.map(trustOf)) {
    // By those that are trusted so much or more: the earliest time that comes behind a piece, and the latest before it.
    let laterMs = Infinity;
    for (let index = pieces.length - 1; index >= 0; index--) {
      const { fromMs, toMs, trust } = pieces[index] ?? never;
      if (trust <= least && toMs > laterMs + limits.telemetryAheadMs) doubtful[index] = true;
      if (trust >= least && isSet(fromMs)) laterMs = Math.min(laterMs, fromMs);
    }
    let earlierMs = -Infinity;
    for (const [index, { fromMs, toMs, trust }] of pieces.entries()) {
      if (trust < least && fromMs < earlierMs - limits.telemetryAheadMs) doubtful[index] = true;
      if (trust >= least && isSet(fromMs)) earlierMs = Math.max(earlierMs, toMs);
    }
  }
  return doubtful;
}

const never: Piece = { fromMs: 0, toMs: 0, trust: 0 };
