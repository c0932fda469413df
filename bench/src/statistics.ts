/** The value that `share` of the samples do not exceed (nearest rank); NaN for no samples. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => percentile(samples, 0.5);

export const sum = (samples: readonly number[]): number => samples.reduce((total, sample) => total + sample, 0);

/** To four significant digits: more would be noise. */
export const round = (value: number): number => Number(value.toPrecision(4));
