/**
 * Whether a clock may undo what was kept by it as it was before. One that a time service has set may; any other once it has gone for a while without a step: a machine that has no clock of its own begins with each start
 * at 1970 or on the day on which its system was built, and is set some minutes later.
 */
import { isSet } from "./clock-set.ts";
import { limits } from "./limits.ts";
import type { Clock } from "./ports.ts";

/** Steps show where it is asked again and again. A machine that slept has not been set. */
export function createClockBelief(clock: Pick<Clock, "wall" | "elapsedMs">): () => boolean {
  let offsetMs: number | undefined;
  let sinceMs = 0;
  return () => {
    const [{ ms, state }, nowMs] = [clock.wall(), clock.elapsedMs()];
    if (offsetMs === undefined || Math.abs(ms - nowMs - offsetMs) > limits.clockStepMs) sinceMs = nowMs;
    offsetMs = ms - nowMs;
    return state === "synced" || (isSet(ms) && nowMs - sinceMs >= limits.clockBelievedMs);
  };
}
