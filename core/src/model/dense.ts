/** A dense network as a graph: `x` [n, features], layers with a rectifier between them, `y` [n, classes], before any softmax. */
import { elementTypes, type OnnxConstant, type OnnxGraph, type OnnxNode } from "./onnx-graph.ts";
import type { Tensor, Tensors } from "../ports.ts";

export interface DenseShape {
  readonly name: string;
  /** Features, hidden sizes, classes. */
  readonly layers: readonly number[];
}

export const weightName = (layer: number): string => `weight${layer}`;
export const biasName = (layer: number): string => `bias${layer}`;

/** With weights drawn by `uniform` (He and others, 2015, uniform over ±√(6 / inputs)); the same draws give the same network. */
export const denseGraph = (shape: DenseShape, uniform: () => number): OnnxGraph => denseGraphOf(shape, denseParameters(shape, uniform));

export function denseParameters({ layers }: DenseShape, uniform: () => number): Tensors {
  const parameters: Record<string, Tensor> = {};
  for (const [layer, [inputs, outputs]] of pairs(layers).entries()) {
    const reach = Math.sqrt(6 / inputs);
    parameters[weightName(layer)] = { shape: [inputs, outputs], values: Float32Array.from({ length: inputs * outputs }, () => (2 * uniform() - 1) * reach) };
    parameters[biasName(layer)] = { shape: [outputs], values: new Float32Array(outputs) };
  }
  return parameters;
}

export function denseGraphOf({ name, layers }: DenseShape, parameters: Tensors): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const constants: OnnxConstant[] = [];
  const count = layers.length - 1;
  for (let layer = 0; layer < count; layer++) {
    for (const constant of [weightName(layer), biasName(layer)]) {
      const { shape, values } = parameters[constant] ?? { shape: [0], values: new Float32Array(0) };
      constants.push({ name: constant, elementType: elementTypes.float32, shape, values });
    }
    const isLast = layer === count - 1;
    nodes.push({ operator: "Gemm", domain: "", inputs: [layer === 0 ? "x" : `active${layer - 1}`, weightName(layer), biasName(layer)], outputs: [isLast ? "y" : `sum${layer}`], attributes: {} });
    if (!isLast) nodes.push({ operator: "Relu", domain: "", inputs: [`sum${layer}`], outputs: [`active${layer}`], attributes: {} });
  }
  const value = (valueName: string, size: number) => ({ name: valueName, elementType: elementTypes.float32, shape: ["n", size] });
  return { name, opset: 17, nodes, constants, inputs: [value("x", layers[0] ?? 0)], outputs: [value("y", layers.at(-1) ?? 0)] };
}

/** Inputs and outputs of each layer. */
export const pairs = (layers: readonly number[]): readonly (readonly [number, number])[] => layers.slice(1).map((outputs, index) => [layers[index] ?? 0, outputs]);
