/** Holds a graph to what a function that uses it was written for. */
import type { ModelShapes, TensorTable } from "../run/definition.ts";
import { freeInputs, type OnnxGraph, type OnnxValue } from "./onnx-graph.ts";

/** What does not fit, for people. An input that the function does not declare may be a fitted parameter. */
export function shapesProblem(declared: ModelShapes, graph: OnnxGraph): string | undefined {
  return tableProblem("input", declared.inputs, freeInputs(graph)) ?? tableProblem("output", declared.outputs, graph.outputs);
}

function tableProblem(what: string, table: TensorTable, values: readonly OnnxValue[]): string | undefined {
  for (const [name, shape] of Object.entries(table)) {
    const value = values.find((one) => one.name === name);
    if (value === undefined) return `has no ${what} ${name}: it has ${values.map((one) => one.name).join(", ")}`;
    if (value.shape.length > 0 && !isAlike(shape, value.shape)) return `has the ${what} ${name} of the shape ${shown(value.shape)}, and it is declared as ${shown(shape)}`;
  }
  return undefined;
}

/** A size that one of both leaves open fits any. */
const isAlike = (declared: readonly (number | null)[], own: readonly (number | string)[]): boolean => declared.length === own.length && declared.every((size, at) => size === null || typeof own[at] === "string" || own[at] === size);

const shown = (shape: readonly (number | string | null)[]): string => `[${shape.map((size) => (typeof size === "number" ? size : "?")).join(", ")}]`;
