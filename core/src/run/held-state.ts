/** What a unit's state weighs by what was stored of it: a sandbox counts too, but a function that has taken its own over says what it likes, and a process counts nothing. */
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { UnitResult } from "../ports.ts";

export class HeldState {
  readonly #owner: string;
  readonly #sizes = new Map<string, number>();
  #size = 0;

  /** `stored`: JSON text by key. */
  constructor(owner: string, stored: ReadonlyMap<string, string>) {
    this.#owner = owner;
    for (const [key, value] of stored) this.#put(key, sizeOf(key, value));
  }

  /** Takes the changes of a batch in. `HOLON_STATE_TOO_LARGE` where they make it more than is allowed: nothing of the batch is to be stored then, and this is no longer to be used. */
  take(changes: UnitResult["state"]): void {
    const before = this.#size;
    for (const { key, value } of changes) this.#put(key, value === null ? 0 : sizeOf(key, value));
    if (this.#size > limits.unitStateBytesMax && this.#size > before) throw new HolonError("HOLON_STATE_TOO_LARGE", `state of function ${this.#owner}: it would hold ${this.#size} bytes, with ${limits.unitStateKeyBytes} for each key; the limit is ${limits.unitStateBytesMax}`);
  }

  #put(key: string, size: number): void {
    this.#size += size - (this.#sizes.get(key) ?? 0);
    if (size === 0) this.#sizes.delete(key);
    else this.#sizes.set(key, size);
  }
}

/** As the sandbox counts: characters, a lower bound of the bytes, and what each key counts beside. */
const sizeOf = (key: string, value: string): number => key.length + value.length + limits.unitStateKeyBytes;
