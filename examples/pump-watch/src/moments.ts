/** Sample statistics of columns and lists. */
import type { Row } from "./reading.ts";

export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Sum of squared distances from the mean. */
  readonly squares: number;
}

export const noMoments: Moments = { count: 0, mean: 0, squares: 0 };

/** One value more, by Welford's update, which is safe for large levels. */
export function withValue({ count, mean, squares }: Moments, value: number): Moments {
  const delta = value - mean;
  const nextMean = mean + delta / (count + 1);
  return { count: count + 1, mean: nextMean, squares: squares + delta * (value - nextMean) };
}

/** With n - 1; 0 where there are fewer than two values. */
export const deviation = ({ count, squares }: Moments): number => (count > 1 ? Math.sqrt(squares / (count - 1)) : 0);

export function columnMoments(rows: readonly Row[], columns: number): readonly Moments[] {
  return Array.from({ length: columns }, (_, column) =>
    rows.reduce((moments, row) => {
      const value = row[column] ?? null;
      return value === null ? moments : withValue(moments, value);
    }, noMoments),
  );
}

/** Linear between neighbours; `values` is not empty. */
export function quantile(values: Iterable<number>, part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * part;
  const low = sorted[Math.floor(position)] ?? 0;
  const high = sorted[Math.ceil(position)] ?? low;
  return low + (position - Math.floor(position)) * (high - low);
}
