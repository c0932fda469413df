/** A function's state while it runs: JSON text by key, bounded, with the changes of the batch at hand. */
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { UnitResult } from "../ports.ts";
import type { UnitState } from "./definition.ts";
import { withOwnWords } from "./failure-words.ts";

export class StateTable implements UnitState {
  readonly #owner: string;
  readonly #values: Map<string, string>;
  #changes = new Map<string, string | null>();
  /** Characters of keys and values, a lower bound of the bytes and cheap, and what each key counts beside. */
  #size = 0;

  constructor(owner: string, initial: ReadonlyMap<string, string>) {
    this.#owner = owner;
    this.#values = new Map(initial);
    for (const [key, value] of initial) this.#size += key.length + value.length + limits.unitStateKeyBytes;
  }

  get(key: string): unknown {
    const text = this.#values.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  set(key: string, value: unknown): void {
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) throw withOwnWords(new HolonError("HOLON_UNIT_BAD", `function ${this.#owner} set state that is no JSON value`));
    const before = this.#values.get(key);
    if (before === text) return;
    if (key.length > limits.unitStateKeyMax) throw tooLarge(this.#owner, `a key has ${key.length} characters, the limit is ${limits.unitStateKeyMax}`);
    const size = this.#size + text.length + (before === undefined ? key.length + limits.unitStateKeyBytes : -before.length);
    if (size > limits.unitStateBytesMax) throw tooLarge(this.#owner, `it would hold ${size} bytes, with ${limits.unitStateKeyBytes} for each of its ${this.#values.size + (before === undefined ? 1 : 0)} keys; the limit is ${limits.unitStateBytesMax}`);
    this.#size = size;
    this.#values.set(key, text);
    this.#changes.set(key, text);
  }

  delete(key: string): void {
    const before = this.#values.get(key);
    if (before === undefined) return;
    this.#size -= key.length + before.length + limits.unitStateKeyBytes;
    this.#values.delete(key);
    this.#changes.set(key, null);
  }

  /** What changed since the last call, by key in the order of the first change. */
  takeChanges(): UnitResult["state"] {
    const changes = [...this.#changes].map(([key, value]) => ({ key, value }));
    this.#changes = new Map();
    return changes;
  }
}

const tooLarge = (owner: string, problem: string): HolonError => new HolonError("HOLON_STATE_TOO_LARGE", `state of function ${owner}: ${problem}`);
