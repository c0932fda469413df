/** How far event time has come: for each clock (a source, or a subject of a source) the latest event that it told. */
export class Watermarks {
  readonly #latestMs = new Map<string, number>();
  readonly #changed = new Set<string>();

  constructor(saved: Iterable<readonly [clock: string, latestMs: number]> = []) {
    for (const [clock, latestMs] of saved) this.#latestMs.set(clock, latestMs);
  }

  get size(): number {
    return this.#latestMs.size;
  }

  clocks(): Iterable<string> {
    return this.#latestMs.keys();
  }

  has(clock: string): boolean {
    return this.#latestMs.has(clock);
  }

  /** Whether it moved the clock: clocks never go back. */
  observe(clock: string, timeMs: number): boolean {
    if (timeMs <= this.latestMs(clock)) return false;
    this.#latestMs.set(clock, timeMs);
    this.#changed.add(clock);
    return true;
  }

  /** The slowest of these clocks: what depends on all of them has come no further. Nothing has come infinitely far. */
  slowest(clocks: Iterable<string>): number {
    let slowestMs = Number.POSITIVE_INFINITY;
    for (const clock of clocks) slowestMs = Math.min(slowestMs, this.latestMs(clock));
    return slowestMs;
  }

  /** Nothing before, where it is not known. */
  latestMs(clock: string): number {
    return this.#latestMs.get(clock) ?? Number.NEGATIVE_INFINITY;
  }

  forget(clock: string): void {
    if (this.#latestMs.delete(clock)) this.#changed.add(clock);
  }

  /** `undefined` for a clock that was forgotten. */
  takeChanges(): readonly (readonly [clock: string, latestMs: number | undefined])[] {
    const changes = [...this.#changed].map((clock) => [clock, this.#latestMs.get(clock)] as const);
    this.#changed.clear();
    return changes;
  }
}
