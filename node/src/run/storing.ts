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
export const createStoring = (failed: () => void): Storing => new InOrder(failed);

/** A class, since each unit has one: methods are shared. */
class InOrder implements Storing {
  readonly #failed: () => void;
  #last: Promise<void> = nothingYet;
  #count = 0;
  #waitingBytes = 0;
  #hasFailed = false;
  #done: (() => void) | undefined;

  constructor(failed: () => void) {
    this.#failed = failed;
  }

  async room(bytes: number): Promise<void> {
    while (!this.#hasFailed && this.#count > 0 && (this.#count >= limits.stagedRunsMax || this.#waitingBytes + bytes > limits.stagedBytesMax)) await new Promise<void>((resolve) => (this.#done = resolve));
    if (this.#hasFailed) await this.#last;
  }

  add(bytes: number, store: () => Promise<void>): void {
    this.#count += 1;
    this.#waitingBytes += bytes;
    this.#last = this.#storeBehind(this.#last, bytes, store);
    this.#last.catch(() => undefined); // thrown to who waits for room, or for all
  }

  all(): Promise<void> {
    return this.#last;
  }

  hasFailed(): boolean {
    return this.#hasFailed;
  }

  isEmpty(): boolean {
    return this.#count === 0;
  }

  async #storeBehind(before: Promise<void>, bytes: number, store: () => Promise<void>): Promise<void> {
    try {
      await before;
      await store();
      this.#count -= 1;
      this.#waitingBytes -= bytes;
    } catch (error) {
      if (!this.#hasFailed) {
        this.#hasFailed = true;
        this.#failed();
      }
      throw error;
    } finally {
      this.#done?.();
    }
  }
}

const nothingYet = Promise.resolve();
