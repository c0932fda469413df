/** Which inputs a model wants, and whether a call gives them: the same rule for every runtime. */
import { HolonError } from "../errors.ts";
import type { Tensor, Tensors } from "../ports.ts";
import { elementTypes, freeInputs, type OnnxGraph, type OnnxValue } from "./onnx-graph.ts";
import { tensorProblem } from "./tensor.ts";

/** `HOLON_MODEL_UNSUPPORTED` for inputs and outputs that are not of 32-bit floats, the one element type of the Model port. */
export function checkElementTypes(graph: OnnxGraph, model: string): void {
  for (const value of [...freeInputs(graph), ...graph.outputs]) {
    // Outputs of some exporters say no type; the runtime checks those.
    if (value.elementType === 0 || value.elementType === elementTypes.float32) continue;
    throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${model}: ${value.name} is not of 32-bit floats`, {
      next: "Export it with 32-bit floats at its inputs and outputs.",
    });
  }
}

/**
 * The tensors for one run: `given` first, then `bound`; what the graph does not take is left out of `bound` and refused in `given`.
 * `HOLON_MODEL_INPUT_BAD` for a missing or unknown input, a wrong shape, two sizes for one symbolic dimension, or a given value that is not finite.
 */
export const chooseInputs = (wanted: readonly OnnxValue[], given: Tensors, bound: Tensors, model: string): Tensors => Object.fromEntries(chosenInputs(wanted, given, bound, model));

/** The same, one by one. */
export function chosenInputs(wanted: readonly OnnxValue[], given: Tensors, bound: Tensors, model: string): readonly (readonly [name: string, tensor: Tensor])[] {
  const unknown = Object.keys(given).find((name) => wanted[0]?.name !== name && !wanted.some((input) => input.name === name));
  if (unknown !== undefined) throw bad(model, `it has no input ${unknown}; it takes ${[...new Set(wanted.map((input) => input.name))].join(", ")}`);
  const sizes = new Map<string, number>();
  return wanted.map((input) => {
    const own = Object.hasOwn(given, input.name) ? given[input.name] : undefined;
    const tensor = own ?? (Object.hasOwn(bound, input.name) ? bound[input.name] : undefined);
    if (tensor === undefined) throw bad(model, `input ${input.name} is missing`);
    const problem = tensorProblem(tensor) ?? shapeProblem(input, tensor.shape, sizes) ?? (own === undefined ? undefined : finiteProblem(tensor.values));
    if (problem !== undefined) throw bad(model, `input ${input.name} ${problem}`);
    return [input.name, tensor];
  });
}

function shapeProblem(input: OnnxValue, shape: readonly number[], sizes: Map<string, number>): string | undefined {
  // A value without a shape takes any, a scalar included.
  if (input.shape.length === 0) return undefined;
  const wanted = (): string => `has the shape [${shape.join(", ")}], not [${input.shape.join(", ")}]`;
  if (shape.length !== input.shape.length) return wanted();
  for (let index = 0; index < shape.length; index++) {
    const dimension = input.shape[index] ?? "";
    const size = shape[index] ?? 0;
    if (dimension === "") continue;
    const expected = typeof dimension === "number" ? dimension : (sizes.get(dimension) ?? size);
    if (size !== expected) return typeof dimension === "number" ? wanted() : `${wanted()} with ${dimension} = ${expected}`;
    if (typeof dimension === "string") sizes.set(dimension, size);
  }
  return undefined;
}

const exponentBits = 0x7f80_0000;

/** One value that is no number makes all of a result no number, silently. Says where it is, never what. */
function finiteProblem(values: Float32Array): string | undefined {
  // Infinite and no number are those with all bits of the exponent set; integers compare several times as fast as floats add.
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let found = 0;
  for (let index = 0; index < bits.length; index++) found |= ((bits[index] ?? 0) & exponentBits) === exponentBits ? 1 : 0;
  return found === 0 ? undefined : `has a value that is no finite number, at ${values.findIndex((value) => !Number.isFinite(value))}`;
}

const bad = (model: string, problem: string): HolonError => new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model}: ${problem}`);
