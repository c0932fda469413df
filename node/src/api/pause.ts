import type { StopSignal } from "@holon/core/api/route.ts";
import type { Clock } from "@holon/core/ports.ts";

/** Between two looks of who follows; over at once when nobody listens any more. */
export const pause = (clock: Clock, signal: StopSignal, ms: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = clock.after(ms, resolve);
    signal.onAbort(() => {
      timer.cancel();
      resolve();
    });
  });
