/**
 * A mergeable quantile sketch with bounded relative error: DDSketch (Masson, Rim, Lee, VLDB 2019), for values > 0.
 * Memory is one counter per 2 % step of the values seen; at most `binsMax`, then the lowest are merged.
 */
export interface Sketch {
  add(value: number, times?: number): void;
  merge(other: Sketch): void;
  /** The value at quantile `q` in [0, 1], within 1 % of it; `undefined` when empty. */
  quantile(q: number): number | undefined;
  count(): number;
  bins(): ReadonlyMap<number, number>;
}

const relativeError = 0.01;
const gamma = (1 + relativeError) / (1 - relativeError);
const logGamma = Math.log(gamma);
const smallest = 1e-9;
const binsMax = 2048;

/** `kept`: the bins of a sketch that goes on. */
export const createSketch = (kept?: Iterable<readonly [number, number]>, maxBins = binsMax): Sketch => new BinnedSketch(kept, maxBins);

/** A class, since a node has two for each function, most of them empty: what is made anew for each is all that one weighs. */
class BinnedSketch implements Sketch {
  #bins: Map<number, number> | undefined;
  #total = 0;
  readonly #maxBins: number;

  constructor(kept: Iterable<readonly [number, number]> | undefined, maxBins: number) {
    this.#maxBins = maxBins;
    if (kept === undefined) return;
    this.#bins = new Map(kept);
    for (const count of this.#bins.values()) this.#total += count;
  }

  add(value: number, times = 1): void {
    this.#addBin(Math.ceil(Math.log(Math.max(value, smallest)) / logGamma), times);
  }

  merge(other: Sketch): void {
    for (const [bin, count] of other.bins()) this.#addBin(bin, count);
  }

  quantile(q: number): number | undefined {
    if (this.#total === 0 || this.#bins === undefined) return undefined;
    let rank = Math.floor(q * (this.#total - 1));
    for (const bin of [...this.#bins.keys()].sort((a, b) => a - b)) {
      rank -= this.#bins.get(bin) ?? 0;
      if (rank < 0) return (2 * gamma ** bin) / (gamma + 1);
    }
    return undefined;
  }

  count(): number {
    return this.#total;
  }

  bins(): ReadonlyMap<number, number> {
    return this.#bins ?? none;
  }

  #addBin(bin: number, count: number): void {
    const bins = (this.#bins ??= new Map());
    bins.set(bin, (bins.get(bin) ?? 0) + count);
    this.#total += count;
    if (bins.size > this.#maxBins) mergeLowest(bins);
  }
}

const none: ReadonlyMap<number, number> = new Map();

function mergeLowest(bins: Map<number, number>): void {
  const [lowest = 0, second = 0] = [...bins.keys()].sort((a, b) => a - b);
  bins.set(second, (bins.get(second) ?? 0) + (bins.get(lowest) ?? 0));
  bins.delete(lowest);
}

/** The values that one bin stands for: above the first, up to the second. */
export const sketchBounds = (bin: number): readonly [low: number, high: number] => [gamma ** (bin - 1), gamma ** bin];
