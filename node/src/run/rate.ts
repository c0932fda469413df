/** No more events a second than declared: a bucket of one second's events, filled as time goes by. What has to wait waits in the log. */
import { limits } from "@holon/core/limits.ts";
import type { Clock } from "@holon/core/ports.ts";

export interface Rate {
  /** Whether there is anything to wait for. */
  readonly isBounded: boolean;
  /** Of the next batch. */
  readonly batchMax: number;
  /** Pauses until at least one event may be taken. */
  wait(pause: (ms: number) => Promise<void>, stopping: () => boolean): Promise<void>;
  took(events: number): void;
}

export function createRate(perSecond: number | undefined, clock: Clock): Rate {
  if (perSecond === undefined) return unbounded;
  const most = Math.max(1, perSecond);
  let room = most;
  let asOfMs = clock.monotonicMs();
  const fill = (): void => {
    const now = clock.monotonicMs();
    room = Math.min(most, room + ((now - asOfMs) * perSecond) / 1000);
    asOfMs = now;
  };
  return {
    isBounded: true,
    get batchMax() {
      fill();
      return Math.max(1, Math.floor(room));
    },
    async wait(pause, stopping) {
      for (fill(); room < 1 && !stopping(); fill()) await pause(Math.ceil(((1 - room) * 1000) / perSecond)); // a pause may be cut short
    },
    took: (events) => void (room -= events),
  };
}

const unbounded: Rate = { isBounded: false, batchMax: limits.unitBatchMax, wait: () => Promise.resolve(), took: () => undefined };
