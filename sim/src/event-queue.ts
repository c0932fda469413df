/** One thing that will happen. Without a callback it was cancelled. */
export interface Scheduled {
  readonly timeMs: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

const isBefore = (a: Scheduled, b: Scheduled): boolean => a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.order < b.order);

/** A binary heap by time, then by order of insertion. Cancelled entries leave when they surface, or all at once when they are most. */
export class EventQueue {
  #heap: Scheduled[] = [];
  #order = 0;
  #cancelled = 0;

  /** Entries that will still happen. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  push(timeMs: number, callback: () => void): Scheduled {
    const entry: Scheduled = { timeMs, order: this.#order++, callback };
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1, entry);
    return entry;
  }

  cancel(entry: Scheduled): void {
    if (entry.callback === undefined) return;
    entry.callback = undefined;
    this.#cancelled += 1;
    if (this.#cancelled > 1024 && this.#cancelled * 2 > this.#heap.length) this.#sweep();
  }

  /** The next entry without taking it out. */
  peek(): Scheduled | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.callback !== undefined) return first;
      this.#takeFirst();
      this.#cancelled -= 1;
    }
  }

  /** Takes out the next entry and gives its callback; a taken entry can no longer be cancelled. */
  pop(): { readonly timeMs: number; readonly callback: () => void } | undefined {
    const first = this.peek();
    if (first?.callback === undefined) return undefined;
    this.#takeFirst();
    const taken = { timeMs: first.timeMs, callback: first.callback };
    first.callback = undefined;
    return taken;
  }

  #takeFirst(): void {
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) this.#sink(0, last);
  }

  #rise(from: number, entry: Scheduled): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#heap[parentIndex];
      if (parent === undefined || !isBefore(entry, parent)) break;
      this.#heap[index] = parent;
      index = parentIndex;
    }
    this.#heap[index] = entry;
  }

  #sink(from: number, entry: Scheduled): void {
    let index = from;
    for (;;) {
      let childIndex = index * 2 + 1;
      let child = this.#heap[childIndex];
      if (child === undefined) break;
      const right = this.#heap[childIndex + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        childIndex += 1;
      }
      if (!isBefore(child, entry)) break;
      this.#heap[index] = child;
      index = childIndex;
    }
    this.#heap[index] = entry;
  }

  #sweep(): void {
    // A sorted array is a heap, and what is left keeps its order of insertion.
    this.#heap = this.#heap.filter((entry) => entry.callback !== undefined).sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#cancelled = 0;
  }
}
