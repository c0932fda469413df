/**
 * What the log holds of before is read once, before what is told now counts: budgets are counted in the order of time, each window once. Where the reading fails it is tried again, and what
 * this node tells of itself meanwhile waits, bounded.
 */
import { limits } from "@holon/core/limits.ts";
import type { Clock, Timer } from "@holon/core/ports.ts";
import type { Window } from "@holon/core/telemetry/window.ts";

export interface ReadFirst {
  /** Resolves when it was read; rejects where that fails, and the next call tries it again. */
  ready(): Promise<void>;
  /** Whether it is or was being read: what is committed from then on is to be followed. */
  readonly hasBegun: boolean;
  readonly isReady: boolean;
  /** Calls back once, as soon as it was read. */
  begin(then: () => void): void;
  /** A window of this node ended now. */
  own(window: Window): void;
  close(): void;
}

export interface ReadFirstOptions {
  readonly clock: Clock;
  read(): Promise<void>;
  count(window: Window): void;
  failed(error: unknown): void;
}

export function createReadFirst({ clock, read, count, failed }: ReadFirstOptions): ReadFirst {
  const early: Window[] = [];
  let reading: Promise<void> | undefined;
  let [hasBegun, isReady, isClosed] = [false, false, false];
  let again: Timer | undefined;

  async function work(): Promise<void> {
    try {
      await read();
    } catch (error) {
      reading = undefined;
      throw error;
    }
    isReady = true;
    for (const window of early.splice(0)) count(window);
  }

  function ready(): Promise<void> {
    hasBegun = true;
    return (reading ??= work());
  }

  return {
    ready,
    get hasBegun() {
      return hasBegun;
    },
    get isReady() {
      return isReady;
    },
    begin(then) {
      const look = (): void =>
        void ready().then(then, (error: unknown) => {
          failed(error);
          if (!isClosed) again = clock.after(limits.telemetryReadAgainMs, look);
        });
      look();
    },
    own(window) {
      if (isReady) return count(window);
      early.push(window);
      if (early.length > limits.telemetryEarlyMax) early.shift();
    },
    close() {
      isClosed = true;
      again?.cancel();
    },
  };
}
