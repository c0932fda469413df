/** Labelled rows, and what a model makes of them: the one measure by which variants of a classifier are compared. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { ModelSession, Tensor } from "@holon/core/ports.ts";

/** `x` is row-major, `features` values a row. */
export interface Labelled {
  readonly x: Float32Array;
  /** The class of each row, from 0. */
  readonly labels: Uint8Array;
  readonly features: number;
  readonly classes: number;
}

/** Rows `from` to `to` as a tensor of the shape that the model wants, without its first size. */
export const rowsOf = ({ x, features }: Labelled, from: number, to: number): Tensor => ({ shape: [to - from, features], values: x.slice(from * features, to * features) });

export const partOf = (data: Labelled, from: number, to: number): Labelled => ({ ...data, x: data.x.subarray(from * data.features, to * data.features), labels: data.labels.subarray(from, to) });

/** The model's first output for each row, `classes` values a row, before or after a softmax. One row at a time where `alone` says so. */
export async function scoresOf(session: ModelSession, data: Labelled, { alone = false }: { readonly alone?: boolean } = {}): Promise<Float32Array> {
  const [input] = session.inputs;
  const [output] = session.outputs;
  if (input === undefined || output === undefined || session.inputs.length !== 1) throw new HolonError("HOLON_MODEL_INPUT_BAD", `a model that is measured on labelled rows takes one input, not ${session.inputs.join(", ")}`);
  const rows = data.labels.length;
  const scores = new Float32Array(rows * data.classes);
  const step = alone ? 1 : Math.max(1, Math.min(256, Math.floor(limits.tensorValuesMax / data.features)));
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(rows, from + step);
    const result = (await session.run({ [input]: rowsOf(data, from, to) }))[output];
    if (result === undefined || result.values.length !== (to - from) * data.classes) throw new HolonError("HOLON_MODEL_INPUT_BAD", `the model gives ${result?.values.length ?? 0} scores for ${to - from} rows of ${data.classes} classes`);
    scores.set(result.values, from * data.classes);
  }
  return scores;
}

/** The part of the rows, 0 to 1, whose largest score is that of their class. */
export function accuracyOf(scores: Float32Array, { labels, classes }: Labelled): number {
  let right = 0;
  for (const [row, label] of labels.entries()) if (bestClass(scores, row, classes) === label) right += 1;
  return right / labels.length;
}

export function bestClass(scores: Float32Array, row: number, classes: number): number {
  let best = 0;
  for (let index = 1; index < classes; index++) if ((scores[row * classes + index] ?? 0) > (scores[row * classes + best] ?? 0)) best = index;
  return best;
}
