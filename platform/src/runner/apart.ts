/** The few processes for functions that did harm: which of them the next one gets, and that none stays without a function. */
import { limits } from "@holon/core/limits.ts";

/** Of a process that holds functions, what matters here. */
export interface Held {
  readonly gone: boolean;
  /** Functions at work in it. */
  readonly busy: number;
  kill(): void;
}

export class Apart<T extends Held> {
  readonly #create: () => T;
  readonly #all: T[] = [];
  readonly #functions = new Map<T, number>();
  #turn = 0;

  constructor(create: () => T) {
    this.#create = create;
  }

  /** Those that live. */
  all(): readonly T[] {
    return this.#all.filter((one) => !one.gone);
  }

  /** One in which nobody is at work; a new one while there may be; else each in its turn. The function counts as held until `left`. */
  join(): T {
    const living = this.all();
    this.#all.splice(0, this.#all.length, ...living);
    const one = living.find(({ busy }) => busy === 0) ?? (living.length < limits.wardensApartMax ? undefined : living[this.#turn++ % living.length]) ?? this.#create();
    if (!living.includes(one)) this.#all.push(one);
    this.#functions.set(one, (this.#functions.get(one) ?? 0) + 1);
    return one;
  }

  /** Of one that was joined: its function is gone. Whoever fails again and again starts again soon, so the process waits a while. */
  left(one: T): void {
    const functions = (this.#functions.get(one) ?? 1) - 1;
    this.#functions.set(one, functions);
    if (functions > 0) return;
    if (one.gone) return void this.#functions.delete(one);
    setTimeout(() => this.#endIfEmpty(one), limits.wardenApartIdleMs).unref();
  }

  #endIfEmpty(one: T): void {
    if ((this.#functions.get(one) ?? 0) > 0) return;
    this.#functions.delete(one);
    one.kill();
  }
}
