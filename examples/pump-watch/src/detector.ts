/**
 * What is learned from the first readings of a subject, and how far a reading is from it.
 *
 *     e ← e + 0.125 (reading - e)            smoothed, in double precision, constant memory
 *     T², Q = pca.onnx(e - origin, …)        the matrix part, in the model
 *     score = √max(T² / limit, Q / limit)    1 is the edge of what was learned
 *
 * `origin` is the level of each sensor: it is taken off before 32-bit floats, which could not tell 8,000,000,100 bytes from
 * 8,000,000,000.
 */
import type { Tensor, Tensors } from "@holon/sdk";
import { symmetricEigen } from "./eigen.ts";
import { columnMoments, deviation, quantile } from "./moments.ts";
import type { Row } from "./reading.ts";
import { rule } from "./rule.ts";

/** The model, for rows of smoothed readings. */
export type Project = (inputs: Tensors) => Promise<Tensors>;

export type Statistic = "T2" | "Q";

export interface Judgement {
  readonly score: number;
  /** The statistic that decided the score. */
  readonly statistic: Statistic;
}

/** A column whose deviation is below this part of its level counts as constant. */
const relativeZero = 1e-9;
/** Scale of a constant column: large, so that it counts for nothing, and finite in 32 bits. */
const hugeScale = 1e30;
/** In deviations of the smoothed reading. */
const reachDeviations = 1e4;
/** The score of what is too far off for 32-bit floats. */
const scoreMax = 1e6;

/** A missing value leaves its sensor where it was; one beyond `reach` moves it no further than one at its edge would. */
export const smooth = (smoothed: readonly number[], row: Row, reach: ArrayLike<number> = []): readonly number[] =>
  smoothed.map((level, sensor) => {
    const value = row[sensor] ?? null;
    const far = reach[sensor] ?? Infinity;
    return value === null ? level : level + rule.smoothing * Math.min(far, Math.max(-far, value - level));
  });

/** How far one reading may pull each sensor: enough for any alarm, and forgotten within a minute's worth of readings. */
export const reachOf = (parameters: Tensors): readonly number[] => Array.from(parameters["scale"]?.values ?? [], (scale) => reachDeviations * scale);

/** Rows of smoothed readings as the model's `x`, relative to `origin`. */
export function toInput(rows: readonly (readonly number[])[], origin: Tensor): Tensor {
  const sensors = origin.values.length;
  const values = new Float32Array(rows.length * sensors);
  rows.forEach((row, index) => row.forEach((level, sensor) => (values[index * sensors + sensor] = level - (origin.values[sensor] ?? 0))));
  return { shape: [rows.length, sensors], values };
}

/** Learns from rows that are mostly normal. Returns the model's parameters and the smoothed reading after the last row. */
export async function fit(rows: readonly Row[], sensors: number, project: Project): Promise<{ readonly parameters: Tensors; readonly smoothed: readonly number[] }> {
  const raw = columnMoments(rows, sensors);
  const origin = vector(raw.map(({ mean }) => mean));
  let level: readonly number[] = raw.map(({ mean }) => mean);
  const smoothed = rows.map((row) => (level = smooth(level, row)));

  const relative = smoothed.map((row) => row.map((value, sensor) => value - (origin.values[sensor] ?? 0)));
  const moments = columnMoments(relative, sensors);
  const mean = vector(moments.map((column) => column.mean));
  const scale = vector(moments.map((column, sensor) => (isConstant(raw[sensor]) || deviation(column) === 0 ? hugeScale : deviation(column))));
  const standardised = relative.map((row) => row.map((value, sensor) => (value - (mean.values[sensor] ?? 0)) / (scale.values[sensor] ?? hugeScale)));

  const { components, inverseEigenvalues, residualPart } = principal(standardised, sensors);
  const learned = { origin, mean, scale, components, inverseEigenvalues };
  const { t2, q } = await project({ x: toInput(smoothed, origin), mean, scale, components, inverseEigenvalues });
  // A statistic without freedom (nothing varies, or nothing is left over) has no limit and never alarms.
  const limitT2 = inverseEigenvalues.values.some((inverse) => inverse > 0) ? limit(t2) : Infinity;
  const limitQ = residualPart > relativeZero ? limit(q) : Infinity;
  return { parameters: { ...learned, limits: vector([limitT2, limitQ]) }, smoothed: level };
}

export function judge(outputs: Tensors, parameters: Tensors): Judgement {
  const [limitT2 = Infinity, limitQ = Infinity] = parameters["limits"]?.values ?? [];
  const t2 = (outputs["t2"]?.values[0] ?? 0) / limitT2;
  const q = (outputs["q"]?.values[0] ?? 0) / limitQ;
  const score = Math.sqrt(Math.max(t2, q));
  return { score: score < scoreMax ? score : scoreMax, statistic: q >= t2 ? "Q" : "T2" };
}

/** Principal components of standardised rows: the fewest that explain `rule.explained`. At least one, of weight 0 if nothing varies. */
function principal(rows: readonly (readonly number[])[], sensors: number): { readonly components: Tensor; readonly inverseEigenvalues: Tensor; readonly residualPart: number } {
  const covariance = new Float64Array(sensors * sensors);
  for (const row of rows) {
    for (let i = 0; i < sensors; i++) {
      for (let j = 0; j < sensors; j++) covariance[i * sensors + j] = (covariance[i * sensors + j] ?? 0) + ((row[i] ?? 0) * (row[j] ?? 0)) / (rows.length - 1);
    }
  }
  const eigen = symmetricEigen(covariance, sensors);
  const total = eigen.values.reduce((sum, value) => sum + Math.max(0, value), 0);
  let explained = 0;
  let kept = 0;
  while (kept < sensors && explained < rule.explained * total * (1 - 1e-12)) explained += eigen.values[kept++] ?? 0;
  if (kept === 0) return { components: { shape: [sensors, 1], values: new Float32Array(sensors) }, inverseEigenvalues: vector([0]), residualPart: 0 };
  const values = Float32Array.from({ length: sensors * kept }, (_, index) => eigen.vectors[index % kept]?.[Math.floor(index / kept)] ?? 0);
  return {
    components: { shape: [sensors, kept], values },
    inverseEigenvalues: vector(eigen.values.slice(0, kept).map((value) => 1 / value)),
    residualPart: 1 - explained / total,
  };
}

const limit = (statistic: Tensor | undefined): number => Math.max(quantile(statistic?.values ?? [], rule.quantile), Number.EPSILON);

const isConstant = (column: { readonly mean: number; readonly count: number; readonly squares: number } | undefined): boolean =>
  column === undefined || !(deviation(column) > relativeZero * Math.abs(column.mean));

const vector = (values: readonly number[]): Tensor => ({ shape: [values.length], values: Float32Array.from(values) });
