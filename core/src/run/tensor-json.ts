/** Tensors as JSON, for functions that have no other way to say them. */
import { HolonError } from "../errors.ts";
import { tensorProblem } from "../model/tensor.ts";
import type { Tensor, Tensors } from "../ports.ts";

export const tensorsToJson = (tensors: Tensors): string =>
  JSON.stringify(Object.fromEntries(Object.entries(tensors).map(([name, { shape, values }]) => [name, { shape, values: [...values] }])));

/** `HOLON_MODEL_INPUT_BAD` names the tensor at fault. */
export function tensorsFromJson(text: string): Tensors {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null) throw new HolonError("HOLON_MODEL_INPUT_BAD", "inputs of a model are no JSON object");
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, toTensor(name, value)]));
}

function toTensor(name: string, value: unknown): Tensor {
  const { shape, values } = (typeof value === "object" && value !== null ? value : {}) as { readonly shape?: unknown; readonly values?: unknown };
  if (!isNumbers(shape) || !isNumbers(values)) throw new HolonError("HOLON_MODEL_INPUT_BAD", `input ${name} is no {shape, values} of numbers`);
  const tensor = { shape, values: Float32Array.from(values) };
  const problem = tensorProblem(tensor);
  if (problem !== undefined) throw new HolonError("HOLON_MODEL_INPUT_BAD", `input ${name} ${problem}`);
  return tensor;
}

const isNumbers = (value: unknown): value is readonly number[] => Array.isArray(value) && value.every((item) => typeof item === "number");
