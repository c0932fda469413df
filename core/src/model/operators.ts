/** The ONNX operators that are evaluated where they are called, in 32-bit floats: what pump-watch and simple networks need. */
import { HolonError } from "../errors.ts";
import type { OnnxAttribute, OnnxNode } from "./onnx-graph.ts";
import type { Tensor } from "../ports.ts";

/** Integers (axes, shapes) lie beside floats in a graph. */
export interface Operand {
  readonly shape: readonly number[];
  readonly values: Float32Array | readonly number[];
}

export type Operator = (inputs: readonly (Operand | undefined)[], node: OnnxNode) => Tensor;

export const operators: Readonly<Record<string, Operator>> = {
  Add: pairwise((a, b) => a + b),
  Sub: pairwise((a, b) => a - b),
  Mul: pairwise((a, b) => a * b),
  Div: pairwise((a, b) => a / b),
  Max: pairwise((a, b) => Math.max(a, b)),
  Min: pairwise((a, b) => Math.min(a, b)),
  Relu: each((x) => Math.max(x, 0)),
  Sigmoid: each((x) => 1 / (1 + Math.exp(-x))),
  Tanh: each(Math.tanh),
  Sqrt: each(Math.sqrt),
  Identity: each((x) => x),
  MatMul: ([a, b]) => multiply(matrix(a), matrix(b)),
  Gemm: gemm,
  Transpose: ([a], node) => transpose(given(a), node),
  Reshape: ([a, shape]) => reshape(given(a), given(shape)),
  ReduceSum: ([a, axes], node) => reduceSum(given(a), axes, node),
  Softmax: ([a], node) => softmax(given(a), node),
};

/** Multiplications, about, and values made: what a run costs before it is begun. */
export function workOf({ operator, attributes }: OnnxNode, inputs: readonly (Operand | undefined)[]): number {
  const [a, b] = inputs;
  if (a === undefined) return 0;
  if (b !== undefined && (operator === "MatMul" || operator === "Gemm")) {
    const swapped = operator === "Gemm" && attributes["transA"]?.kind === "integer" && attributes["transA"].value === 1;
    return (a.values.length * b.values.length) / Math.max(1, a.shape[swapped ? 0 : 1] ?? 1) + a.values.length + b.values.length;
  }
  if (operator === "Reshape" || operator === "ReduceSum" || inputs.length === 1) return a.values.length; // the other input is no tensor of values
  const rank = inputs.reduce((most, input) => Math.max(most, input?.shape.length ?? 0), 0);
  const shape = Array.from({ length: rank }, (_, axis) => inputs.reduce((most, input) => Math.max(most, input?.shape[axis - rank + input.shape.length] ?? 1), 1));
  return count(shape);
}

function each(apply: (value: number) => number): Operator {
  return ([a]) => {
    const { shape, values } = given(a);
    return { shape, values: values instanceof Float32Array ? values.map(apply) : Float32Array.from(values, apply) };
  };
}

/** With the multidirectional broadcasting of ONNX; more than two inputs are taken from the left. */
function pairwise(apply: (a: number, b: number) => number): Operator {
  return ([first, ...rest]) => rest.map(given).reduce<Tensor>((left, right) => broadcast(left, right, apply), floats(given(first)));
}

function broadcast(a: Operand, b: Operand, apply: (a: number, b: number) => number): Tensor {
  if (endsIn(a.shape, b.shape)) return repeated(a, b, apply);
  const rank = Math.max(a.shape.length, b.shape.length);
  const left = padded(a.shape, rank);
  const right = padded(b.shape, rank);
  const shape = left.map((size, axis) => {
    const other = right[axis] ?? 1;
    if (size !== other && size !== 1 && other !== 1) throw misfit(`shapes [${a.shape.join(", ")}] and [${b.shape.join(", ")}] do not broadcast`);
    return size === 1 ? other : size;
  });
  const values = new Float32Array(count(shape));
  values.forEach((_, index) => {
    values[index] = apply(a.values[sourceIndex(index, shape, left)] ?? 0, b.values[sourceIndex(index, shape, right)] ?? 0);
  });
  return { shape, values };
}

/** Whether the second comes again and again in the first, as a bias does in rows. */
const endsIn = (shape: readonly number[], end: readonly number[]): boolean => end.length <= shape.length && end.every((size, axis) => size === shape[shape.length - end.length + axis]);

function repeated(a: Operand, b: Operand, apply: (a: number, b: number) => number): Tensor {
  const values = new Float32Array(a.values.length);
  const period = Math.max(1, b.values.length);
  for (let index = 0; index < values.length; index++) values[index] = apply(a.values[index] ?? 0, b.values[index % period] ?? 0);
  return { shape: a.shape, values };
}

/** Where the element of a broadcast result comes from. */
function sourceIndex(index: number, shape: readonly number[], source: readonly number[]): number {
  let rest = index;
  let position = 0;
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    const own = source[axis] ?? 1;
    if (own !== 1) position += (rest % size) * stride;
    stride *= own;
    rest = Math.floor(rest / size);
  }
  return position;
}

function multiply(a: Operand, b: Operand): Tensor {
  const [rows = 0, inner = 0] = a.shape;
  const [innerOfB = 0, columns = 0] = b.shape;
  if (inner !== innerOfB) throw misfit(`matrices [${a.shape.join(", ")}] and [${b.shape.join(", ")}] do not multiply`);
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let i = 0; i < inner; i++) sum += (a.values[row * inner + i] ?? 0) * (b.values[i * columns + column] ?? 0);
      values[row * columns + column] = sum;
    }
  }
  return { shape: [rows, columns], values };
}

function gemm([a, b, c]: readonly (Operand | undefined)[], node: OnnxNode): Tensor {
  const left = integer(node, "transA", 0) === 0 ? matrix(a) : swap(matrix(a));
  const right = integer(node, "transB", 0) === 0 ? matrix(b) : swap(matrix(b));
  const alpha = float(node, "alpha", 1);
  const beta = float(node, "beta", 1);
  const product = multiply(left, right);
  const scaled = alpha === 1 ? product : { shape: product.shape, values: product.values.map((value) => alpha * value) };
  if (c === undefined) return scaled;
  if (!endsIn(scaled.shape, c.shape)) return broadcast(scaled, c, (value, bias) => value + beta * bias);
  // As a bias mostly does: into what nobody else has seen.
  const { values } = scaled;
  const period = Math.max(1, c.values.length);
  for (let index = 0; index < values.length; index++) values[index] = (values[index] ?? 0) + beta * (c.values[index % period] ?? 0);
  return scaled;
}

function transpose(a: Operand, node: OnnxNode): Tensor {
  const attribute = node.attributes["perm"];
  const order = attribute?.kind === "integers" ? attribute.value : a.shape.map((_, axis) => a.shape.length - 1 - axis);
  const shape = order.map((axis) => a.shape[axis] ?? 1);
  const strides = a.shape.map((_, axis) => count(a.shape.slice(axis + 1)));
  const values = new Float32Array(count(shape));
  values.forEach((_, index) => {
    let rest = index;
    let position = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] ?? 1;
      position += (rest % size) * (strides[order[axis] ?? 0] ?? 1);
      rest = Math.floor(rest / size);
    }
    values[index] = a.values[position] ?? 0;
  });
  return { shape, values };
}

const swap = (a: Operand): Tensor => transpose(a, { operator: "Transpose", domain: "", inputs: [], outputs: [], attributes: {} });

/** 0 keeps a dimension, -1 takes what is left. */
function reshape(a: Operand, wanted: Operand): Tensor {
  const kept = Array.from(wanted.values, (size, axis) => (size === 0 ? (a.shape[axis] ?? 0) : size));
  const known = kept.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  const shape = kept.map((size) => (size === -1 ? a.values.length / known : size));
  if (count(shape) !== a.values.length) throw misfit(`${a.values.length} values do not fill the shape [${shape.join(", ")}]`);
  return { shape, values: Float32Array.from(a.values) };
}

/** Axes come as an input since opset 13, as an attribute before; none means all. */
function reduceSum(a: Operand, axesInput: Operand | undefined, node: OnnxNode): Tensor {
  const attribute = node.attributes["axes"];
  const listed = axesInput === undefined ? (attribute?.kind === "integers" ? attribute.value : []) : Array.from(axesInput.values);
  const all = a.shape.map((_, axis) => axis);
  const axes = new Set(listed.length === 0 ? all : listed.map((axis) => (axis < 0 ? axis + a.shape.length : axis)));
  const keptShape = a.shape.map((size, axis) => (axes.has(axis) ? 1 : size));
  const sums = new Float64Array(count(keptShape));
  for (let index = 0; index < a.values.length; index++) {
    const target = sourceIndex(index, a.shape, keptShape);
    sums[target] = (sums[target] ?? 0) + (a.values[index] ?? 0);
  }
  const shape = integer(node, "keepdims", 1) === 1 ? keptShape : a.shape.filter((_, axis) => !axes.has(axis));
  return { shape, values: Float32Array.from(sums) };
}

/** Along one axis, as since opset 13. */
function softmax(a: Operand, node: OnnxNode): Tensor {
  const named = integer(node, "axis", -1);
  const axis = named < 0 ? named + a.shape.length : named;
  const size = a.shape[axis] ?? 1;
  const inner = count(a.shape.slice(axis + 1));
  const values = new Float32Array(a.values.length);
  for (let start = 0; start < values.length; start++) {
    if (Math.floor(start / inner) % size !== 0) continue;
    const line = Array.from({ length: size }, (_, step) => a.values[start + step * inner] ?? 0);
    const largest = Math.max(...line);
    const powers = line.map((value) => Math.exp(value - largest));
    const sum = powers.reduce((total, power) => total + power, 0);
    powers.forEach((power, step) => (values[start + step * inner] = power / sum));
  }
  return { shape: a.shape, values };
}

const padded = (shape: readonly number[], rank: number): readonly number[] => [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

function given(operand: Operand | undefined): Operand {
  if (operand === undefined) throw misfit("an input is missing");
  return operand;
}

function matrix(operand: Operand | undefined): Operand {
  const found = given(operand);
  if (found.shape.length !== 2) throw misfit(`[${found.shape.join(", ")}] is no matrix`);
  return found;
}

const floats = (operand: Operand): Tensor => ({ shape: operand.shape, values: Float32Array.from(operand.values) });

const attributeOf = (node: OnnxNode, name: string): OnnxAttribute | undefined => node.attributes[name];
function integer(node: OnnxNode, name: string, otherwise: number): number {
  const attribute = attributeOf(node, name);
  return attribute?.kind === "integer" ? attribute.value : otherwise;
}
function float(node: OnnxNode, name: string, otherwise: number): number {
  const attribute = attributeOf(node, name);
  return attribute?.kind === "float" ? attribute.value : otherwise;
}

const misfit = (problem: string): HolonError => new HolonError("HOLON_MODEL_INPUT_BAD", problem);
