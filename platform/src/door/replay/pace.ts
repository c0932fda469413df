/** When a row is due: as fast as possible, or so that the file's own time passes `speed` times as fast as the clock. */
import type { Clock } from "@holon/core/ports.ts";

export interface Pace {
  /** Milliseconds until a row of that file time is due; 0 or less: now. The first row is due at once; time that steps back waits for nothing. */
  waitMs(fileTimeMs: number): number;
}

/** One pace per file: files may be years apart. */
export function createPace(clock: Clock, speed: number | "max"): Pace {
  if (speed === "max") return { waitMs: () => 0 };
  let first: { readonly fileMs: number; readonly clockMs: number } | undefined;
  let latestMs = -Infinity;
  return {
    waitMs(fileTimeMs) {
      first ??= { fileMs: fileTimeMs, clockMs: clock.monotonicMs() };
      latestMs = Math.max(latestMs, fileTimeMs);
      return first.clockMs + (latestMs - first.fileMs) / speed - clock.monotonicMs();
    },
  };
}
