/** What a window knows of one field: constant memory, one pass. */
import { limits } from "../limits.ts";
import { createSketch, type Sketch } from "../telemetry/sketch.ts";

export interface KeptMoments {
  readonly count: number;
  readonly mean: number;
  readonly squares: number;
  readonly min: number;
  readonly max: number;
  readonly zeros: number;
  readonly above: readonly (readonly [number, number])[];
  readonly below: readonly (readonly [number, number])[];
  readonly envelope: readonly (Part | null)[];
}

/** Least and greatest value of a part of a window, and how many there were. */
type Part = readonly [low: number, high: number, count: number];
/** As a node of before kept it, which did not count: they are taken for none, and so the part is not told. */
type UncountedPart = readonly [low: number, high: number];

export class Moments {
  count = 0;
  mean = 0;
  min = Infinity;
  max = -Infinity;
  /** Sum of squared distances from the mean: Welford's update, which is safe for large levels. */
  #squares = 0;
  #zeros = 0;
  readonly #sketched: boolean;
  /** A sketch holds values over 0; those below are kept by their size. */
  readonly #above: Sketch;
  readonly #below: Sketch;
  readonly envelope: (Part | null)[];

  constructor(sketched: boolean, parts: number, kept?: KeptMoments) {
    this.#sketched = sketched;
    this.#above = createSketch(kept?.above, limits.reductionSketchBinsMax);
    this.#below = createSketch(kept?.below, limits.reductionSketchBinsMax);
    this.envelope = kept === undefined ? Array.from({ length: parts }, () => null) : kept.envelope.map(counted);
    if (kept === undefined) return;
    [this.count, this.mean, this.#squares, this.#zeros] = [kept.count, kept.mean, kept.squares, kept.zeros];
    if (kept.count > 0) [this.min, this.max] = [kept.min, kept.max];
  }

  add(value: number, part: number): void {
    this.count += 1;
    const delta = value - this.mean;
    this.mean += delta / this.count;
    this.#squares += delta * (value - this.mean);
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
    if (part < this.envelope.length) {
      const [low, high, count] = this.envelope[part] ?? [value, value, 0];
      this.envelope[part] = [Math.min(low, value), Math.max(high, value), count + 1];
    }
    if (!this.#sketched) return;
    if (value > 0) this.#above.add(value);
    else if (value < 0) this.#below.add(-value);
    else this.#zeros += 1;
  }

  /** With n - 1; 0 where there are fewer than two values. */
  deviation(): number {
    return this.count > 1 ? Math.sqrt(this.#squares / (this.count - 1)) : 0;
  }

  rms(): number {
    return this.count === 0 ? 0 : Math.sqrt(this.mean ** 2 + this.#squares / this.count);
  }

  /** Within 1 % of a value at that rank, and never outside of what was seen. */
  quantile(part: number): number {
    const rank = Math.floor(part * (this.count - 1));
    const below = this.#below.count();
    let found = 0;
    if (rank < below) found = -(this.#below.quantile(below === 1 ? 0 : (below - 1 - rank) / (below - 1)) ?? 0);
    else if (rank >= below + this.#zeros) {
      const above = this.#above.count();
      found = this.#above.quantile(above === 1 ? 0 : (rank - below - this.#zeros) / (above - 1)) ?? 0;
    }
    return Math.min(this.max, Math.max(this.min, found));
  }

  /** As JSON, about and rather more. */
  sizeBytes(): number {
    return 250 + 60 * this.envelope.length + 16 * (this.#above.bins().size + this.#below.bins().size);
  }

  toJSON(): KeptMoments {
    const { count, mean, min, max, envelope } = this;
    return { count, mean, squares: this.#squares, min, max, zeros: this.#zeros, above: [...this.#above.bins()], below: [...this.#below.bins()], envelope };
  }
}

const counted = (part: Part | UncountedPart | null): Part | null => (part === null ? null : [part[0], part[1], part[2] ?? 0]);
