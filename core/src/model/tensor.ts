/** What makes a tensor sane, wherever it comes from. */
import { limits } from "../limits.ts";
import type { ModelDecision, Tensor, Tensors } from "../ports.ts";

const shapeMax = 8;

/** What is wrong with a value that should be a tensor, or nothing. Never tells values. */
export function tensorProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("shape" in value) || !("values" in value)) return "is no {shape, values}";
  const { shape, values } = value;
  if (!(values instanceof Float32Array)) return "has values that are no Float32Array";
  if (values.length > limits.tensorValuesMax) return `has more than ${limits.tensorValuesMax} values`;
  if (!Array.isArray(shape) || shape.length > shapeMax) return `has no shape of at most ${shapeMax} dimensions`;
  let count = 1;
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0) return "has a dimension that is no whole number";
    count *= dimension;
  }
  return count === values.length ? undefined : `has ${values.length} values for the shape [${shape.join(", ")}]`;
}

export const isTensor = (value: unknown): value is Tensor => tensorProblem(value) === undefined;

/** A copy that shares no memory with the original. */
export const copyTensors = (tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, { shape, values }]) => [name, { shape: [...shape], values: values.slice() }]));

/** The scores of all rows as one tensor, as the model would have given them. */
export function scoresOf(decided: readonly ModelDecision[]): Tensor {
  const classes = decided[0]?.scores.length ?? 0;
  const values = new Float32Array(decided.length * classes);
  for (const [row, { scores }] of decided.entries()) values.set(scores, row * classes);
  return { shape: [decided.length, classes], values };
}
