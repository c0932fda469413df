/**
 * With which clock a node recorded what it did before its clock was set, in the same run: a gateway that begins at 1970 and hears of the time a minute later. Which records were written before follows from
 * their own times alone: by the clock of before they are near those of that stretch, and after it near those of now. Where a clock that was ahead comes by the same times again, what is now goes before. Pure.
 *
 *     by the node's clock   1970 ──[ stretch: 56 years behind ]          2026 ──[ as it is now ──▶
 */
import { limits } from "../limits.ts";

export interface Stretch {
  readonly epoch: string;
  readonly offMs: number;
  /** By the node's clock: from when it was so, until when it can have been, and which time it had when it was found to be another. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly nextMs: number;
}

export interface Stretches {
  /** It was found to be ahead by so much in that run, at a time of its own clock. */
  measured(epoch: string, offMs: number, atMs: number): void;
  /** How far it was ahead when it had that time; undefined for what it is now. */
  off(epoch: string, atMs: number): number | undefined;
  all(): readonly Stretch[];
  /** The clock here was set by so much. */
  stepped(byMs: number): void;
  had(kept: readonly Stretch[]): void;
}

export function createStretches(): Stretches {
  let before: readonly Stretch[] = [];
  /** Kept from before this start: measured against the clock that was here then. */
  let kept: ReadonlySet<Stretch> = new Set();
  let now: Omit<Stretch, "untilMs" | "nextMs"> | undefined;

  return {
    measured(epoch, offMs, atMs) {
      // A clock that was ahead has come to the times that it had then: from now on they are of now.
      before = before.filter((stretch) => stretch.epoch !== epoch || stretch.fromMs <= stretch.nextMs || atMs < stretch.fromMs);
      if (now !== undefined && now.epoch === epoch && Math.abs(now.offMs - offMs) < limits.clockOffMs) return;
      if (now?.epoch === epoch) {
        const untilMs = atMs + now.offMs - offMs; // what it would have now, had nobody set it
        if (untilMs >= now.fromMs) before = [...before, { ...now, untilMs, nextMs: atMs }].slice(-limits.clockRunsMax);
      }
      now = { epoch, offMs, fromMs: atMs };
    },
    off: (epoch, atMs) => before.find((stretch) => stretch.epoch === epoch && isOf(stretch, atMs))?.offMs,
    all: () => before,
    stepped(byMs) {
      const moved = before.map((stretch) => (kept.has(stretch) ? stretch : { ...stretch, offMs: stretch.offMs - byMs }));
      kept = new Set(moved.filter((stretch) => kept.has(stretch)));
      before = moved;
      now = now && { ...now, offMs: now.offMs - byMs };
    },
    had(stretches) {
      before = stretches;
      kept = new Set(stretches);
    },
  };
}

/** The first measure comes some time after the first record; between two all times are of one or the other, whichever is nearer. */
function isOf({ fromMs, untilMs, nextMs }: Stretch, atMs: number): boolean {
  if (atMs >= fromMs - startSlackMs && atMs <= untilMs) return true;
  const beforeMs = atMs < fromMs ? fromMs - atMs : atMs - untilMs;
  return atMs < nextMs && beforeMs < nextMs - atMs;
}

const startSlackMs = 60_000;
