import type { Clock } from "@holon/core/ports.ts";

/** Waits that can be broken off together. */
export interface Waiting {
  /** Resolves after the time, or as soon as `stop` is called. */
  sleep(delayMs: number): Promise<void>;
  stop(): void;
  isStopped(): boolean;
}

/** Waits of one source; one at a time. */
export function createWaiting(clock: Clock): Waiting {
  let isStopped = false;
  let wake: (() => void) | undefined;
  return {
    sleep(delayMs) {
      if (isStopped) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = clock.after(delayMs, resolve);
        wake = () => {
          timer.cancel();
          resolve();
        };
      });
    },
    stop() {
      isStopped = true;
      wake?.();
    },
    isStopped: () => isStopped,
  };
}
