/**
 * Whether the values of a model spread otherwise than in a reference time, column by column:
 *
 *     PSI = Σ (now − then) · ln(now / then)      over ten bins that held a tenth each then (population stability index)
 *     KS  = max |F now − F then|                 over all values (Kolmogorov and Smirnov)
 *
 * A column has drifted where KS is beyond what chance does to windows of that size, and PSI or KS is large enough to matter. Only
 * figures come out, never values.
 */
import { limits } from "../limits.ts";
import type { Tensor } from "../ports.ts";

export interface DriftReference {
  readonly rows: number;
  readonly width: number;
  readonly columns: readonly ReferenceColumn[];
}

interface ReferenceColumn {
  readonly column: number;
  /** Upper edges of all bins but the last, ascending, each once. */
  readonly edges: readonly number[];
  readonly shares: readonly number[];
  readonly sorted: Float32Array;
}

export interface KeptReference {
  readonly rows: number;
  readonly width: number;
  readonly columns: readonly number[];
  /** [columns, values] */
  readonly sorted: Tensor;
}

export interface ColumnDrift {
  readonly column: number;
  readonly psi: number;
  readonly ks: number;
  readonly drifted: boolean;
}

/** Over 0.1 is a slight shift by the usual reading, over 0.2 one to act on. */
const psiMax = 0.2;
const ksMax = 0.3;
const bins = 10;
/** Chance in all columns together. */
const falseAlarm = 0.001;

/** `values`: rows of `width`, row-major. Of wide rows as many columns as the limit are followed, at even distances. */
export function driftReference(values: Float32Array, width: number): DriftReference {
  const rows = values.length / width;
  const followed = Math.min(width, limits.driftColumnsMax);
  const columns = Array.from({ length: followed }, (_, index) => Math.floor((index * width) / followed));
  return { rows, width, columns: columns.map((column) => referenceColumn(thinned(sortedColumn(values, width, column)), column)) };
}

/** What is kept of a reference, so that the same can be had again: for each column values in ascending order. */
export function keptOfReference({ rows, width, columns }: DriftReference): KeptReference {
  const per = columns[0]?.sorted.length ?? 0;
  const values = new Float32Array(columns.length * per);
  for (const [index, { sorted }] of columns.entries()) values.set(sorted, index * per);
  return { rows, width, columns: columns.map(({ column }) => column), sorted: { shape: [columns.length, per], values } };
}

export function referenceOfKept({ rows, width, columns, sorted: { shape, values } }: KeptReference): DriftReference {
  const per = shape[1] ?? 0;
  return { rows, width, columns: columns.map((column, index) => referenceColumn(values.slice(index * per, (index + 1) * per), column)) };
}

function thinned(sorted: Float32Array): Float32Array {
  const kept = limits.driftValuesMax;
  if (sorted.length <= kept) return sorted;
  return Float32Array.from({ length: kept }, (_, index) => sorted[Math.floor(((index + 0.5) * sorted.length) / kept)] ?? 0);
}

function referenceColumn(sorted: Float32Array, column: number): ReferenceColumn {
  const quantiles = Array.from({ length: bins - 1 }, (_, bin) => sorted[Math.floor(((bin + 1) * sorted.length) / bins)] ?? 0);
  const edges = [...new Set(quantiles)];
  return { column, edges, shares: sharesOf(sorted, edges), sorted };
}

/** Of a window of rows as wide as those of the reference. */
export function measureDrift(reference: DriftReference, values: Float32Array): readonly ColumnDrift[] {
  const rows = values.length / reference.width;
  const critical = Math.sqrt((-Math.log(falseAlarm / reference.columns.length / 2) / 2) * ((rows + reference.rows) / (rows * reference.rows)));
  return reference.columns.map(({ column, edges, shares, sorted }) => {
    const now = sortedColumn(values, reference.width, column);
    const psi = stability(shares, sharesOf(now, edges), rows, reference.rows);
    const ks = distance(sorted, now);
    return { column, psi, ks, drifted: ks > critical && (psi > psiMax || ks > ksMax) };
  });
}

function sortedColumn(values: Float32Array, width: number, column: number): Float32Array {
  return Float32Array.from({ length: values.length / width }, (_, row) => values[row * width + column] ?? 0).sort();
}

function sharesOf(sorted: Float32Array, edges: readonly number[]): readonly number[] {
  const counts = Array.from({ length: edges.length + 1 }, () => 0);
  let bin = 0;
  for (const value of sorted) {
    while (bin < edges.length && value > (edges[bin] ?? Infinity)) bin += 1;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts.map((count) => count / Math.max(1, sorted.length));
}

/** An empty bin counts as half a row, so that the logarithm stays finite. */
function stability(then: readonly number[], now: readonly number[], rows: number, referenceRows: number): number {
  return then.reduce((sum, share, bin) => {
    const before = Math.max(share, 0.5 / referenceRows);
    const after = Math.max(now[bin] ?? 0, 0.5 / rows);
    return sum + (after - before) * Math.log(after / before);
  }, 0);
}

function distance(a: Float32Array, b: Float32Array): number {
  let [left, right, largest] = [0, 0, 0];
  while (left < a.length && right < b.length) {
    const value = Math.min(a[left] ?? Infinity, b[right] ?? Infinity);
    while (left < a.length && (a[left] ?? Infinity) <= value) left += 1;
    while (right < b.length && (b[right] ?? Infinity) <= value) right += 1;
    largest = Math.max(largest, Math.abs(left / a.length - right / b.length));
  }
  return largest;
}
