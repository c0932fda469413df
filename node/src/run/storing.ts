/** Results of one unit on their way to the disk, in the order in which they were made: few, and none behind one that failed. */
import { limits } from "@holon/core/limits.ts";

export interface Storing {
  /** Waits until a result of so many bytes may be added; fails as the one that failed. */
  room(bytes: number): Promise<void>;
  /** `store` is called when all before it are on the disk. */
  add(bytes: number, store: () => Promise<void>): void;
  /** All that was added is on the disk. */
  all(): Promise<void>;
  hasFailed(): boolean;
  isEmpty(): boolean;
}

/** `failed` is called at once, with nobody waiting. */
export function createStoring(failed: () => void): Storing {
  let last: Promise<void> = Promise.resolve();
  let count = 0;
  let waitingBytes = 0;
  let hasFailed = false;
  let done: (() => void) | undefined;
  async function storeBehind(before: Promise<void>, bytes: number, store: () => Promise<void>): Promise<void> {
    try {
      await before;
      await store();
      count -= 1;
      waitingBytes -= bytes;
    } catch (error) {
      if (!hasFailed) {
        hasFailed = true;
        failed();
      }
      throw error;
    } finally {
      done?.();
    }
  }

  return {
    async room(bytes) {
      while (!hasFailed && count > 0 && (count >= limits.stagedRunsMax || waitingBytes + bytes > limits.stagedBytesMax)) await new Promise<void>((resolve) => (done = resolve));
      if (hasFailed) await last;
    },
    add(bytes, store) {
      count += 1;
      waitingBytes += bytes;
      last = storeBehind(last, bytes, store);
      last.catch(() => undefined); // thrown to who waits for room, or for all
    },
    all: () => last,
    hasFailed: () => hasFailed,
    isEmpty: () => count === 0,
  };
}
