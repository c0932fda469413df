/** One thing that will happen. Without a callback it was cancelled, or it has happened. */
export interface Scheduled {
  readonly timeMs: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/**
 * A binary heap by time, then by order of insertion. Cancelled entries leave when they surface, or all at once when they are most.
 * The times are kept beside the entries, so that finding a place compares numbers that lie together and follows no pointers.
 */
export class EventQueue {
  #entries: (Scheduled | undefined)[] = [];
  #times = new Float64Array(64);
  #length = 0;
  #order = 0;
  #cancelled = 0;

  /** Entries that will still happen. */
  get size(): number {
    return this.#length - this.#cancelled;
  }

  push(timeMs: number, callback: () => void): Scheduled {
    const entry: Scheduled = { timeMs, order: this.#order++, callback };
    if (this.#length === this.#times.length) this.#grow();
    this.#rise(this.#length++, entry);
    return entry;
  }

  cancel(entry: Scheduled): void {
    if (entry.callback === undefined) return;
    entry.callback = undefined;
    this.#cancelled += 1;
    if (this.#cancelled > 1024 && this.#cancelled * 2 > this.#length) this.#sweep();
  }

  /** The next entry without taking it out. */
  peek(): Scheduled | undefined {
    for (;;) {
      const first = this.#entries[0];
      if (first === undefined || first.callback !== undefined) return first;
      this.#takeFirst();
      this.#cancelled -= 1;
    }
  }

  /** Takes out the next entry and gives its callback; a taken entry can no longer be cancelled. */
  pop(): (() => void) | undefined {
    const first = this.peek();
    const callback = first?.callback;
    if (first === undefined || callback === undefined) return undefined;
    this.#takeFirst();
    first.callback = undefined;
    return callback;
  }

  #takeFirst(): void {
    const last = this.#entries[--this.#length];
    this.#entries[this.#length] = undefined;
    if (this.#length > 0 && last !== undefined) this.#sink(0, last);
  }

  /** Whether the entry comes before the one at `index`. */
  #isBefore(entry: Scheduled, index: number): boolean {
    const timeMs = this.#times[index] ?? 0;
    return entry.timeMs < timeMs || (entry.timeMs === timeMs && entry.order < (this.#entries[index]?.order ?? 0));
  }

  #put(index: number, entry: Scheduled | undefined, timeMs: number): void {
    this.#entries[index] = entry;
    this.#times[index] = timeMs;
  }

  #rise(from: number, entry: Scheduled): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(entry, parent)) break;
      this.#put(index, this.#entries[parent], this.#times[parent] ?? 0);
      index = parent;
    }
    this.#put(index, entry, entry.timeMs);
  }

  #sink(from: number, entry: Scheduled): void {
    let index = from;
    for (;;) {
      const child = this.#earlierChild(index);
      if (child === 0 || this.#isBefore(entry, child)) break;
      this.#put(index, this.#entries[child], this.#times[child] ?? 0);
      index = child;
    }
    this.#put(index, entry, entry.timeMs);
  }

  /** 0 where there is none. */
  #earlierChild(index: number): number {
    const left = index * 2 + 1;
    if (left >= this.#length) return 0;
    const right = left + 1;
    if (right >= this.#length) return left;
    const leftMs = this.#times[left] ?? 0;
    const rightMs = this.#times[right] ?? 0;
    if (leftMs !== rightMs) return rightMs < leftMs ? right : left;
    return (this.#entries[right]?.order ?? 0) < (this.#entries[left]?.order ?? 0) ? right : left;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    times.set(this.#times);
    this.#times = times;
  }

  #sweep(): void {
    const alive = this.#entries.slice(0, this.#length).filter((entry) => entry?.callback !== undefined);
    this.#entries = [];
    this.#length = 0;
    this.#cancelled = 0;
    for (const entry of alive) if (entry !== undefined) this.#rise(this.#length++, entry);
  }
}
