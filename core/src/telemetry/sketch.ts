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
export function createSketch(kept: Iterable<readonly [number, number]> = [], maxBins = binsMax): Sketch {
  const bins = new Map<number, number>(kept);
  let total = [...bins.values()].reduce((sum, count) => sum + count, 0);

  function addBin(bin: number, count: number): void {
    bins.set(bin, (bins.get(bin) ?? 0) + count);
    total += count;
    if (bins.size > maxBins) mergeLowest();
  }

  function mergeLowest(): void {
    const [lowest = 0, second = 0] = [...bins.keys()].sort((a, b) => a - b);
    bins.set(second, (bins.get(second) ?? 0) + (bins.get(lowest) ?? 0));
    bins.delete(lowest);
  }

  return {
    add: (value, times = 1) => addBin(Math.ceil(Math.log(Math.max(value, smallest)) / logGamma), times),
    merge(other) {
      for (const [bin, count] of other.bins()) addBin(bin, count);
    },
    quantile(q) {
      if (total === 0) return undefined;
      let rank = Math.floor(q * (total - 1));
      for (const bin of [...bins.keys()].sort((a, b) => a - b)) {
        rank -= bins.get(bin) ?? 0;
        if (rank < 0) return (2 * gamma ** bin) / (gamma + 1);
      }
      return undefined;
    },
    count: () => total,
    bins: () => bins,
  };
}

/** The values that one bin stands for: above the first, up to the second. */
export const sketchBounds = (bin: number): readonly [low: number, high: number] => [gamma ** (bin - 1), gamma ** bin];
