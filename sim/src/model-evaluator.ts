/** Runs an ONNX graph node by node, synchronously: the same inputs give the same outputs in every run of a simulation. */
import { HolonError } from "@holon/core/errors.ts";
import { checkElementTypes, chooseInputs } from "@holon/core/model/inputs.ts";
import { elementTypes, freeInputs, type OnnxGraph } from "@holon/core/model/onnx-graph.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import type { Tensor, Tensors } from "@holon/core/ports.ts";
import { operators, type Operand } from "./model-operators.ts";

export interface EvaluatedModel {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** `bound` fills in what `given` leaves out. `HOLON_MODEL_INPUT_BAD`. */
  run(given: Tensors, bound: Tensors): Tensors;
}

/** `HOLON_MODEL_NOT_ONNX`, `HOLON_MODEL_UNSUPPORTED`. */
export function loadEvaluatedModel(bytes: Uint8Array, name: string): EvaluatedModel {
  const graph = readOnnx(bytes, name);
  checkElementTypes(graph, name);
  checkOperators(graph, name);
  const constants = graph.constants.map((constant): [string, Operand] => [constant.name, { shape: constant.shape, values: constant.values }]);
  const wanted = freeInputs(graph);
  return {
    inputs: wanted.map((input) => input.name),
    outputs: graph.outputs.map((output) => output.name),
    run(given, bound) {
      const values = new Map<string, Operand>([...constants, ...Object.entries(chooseInputs(wanted, given, bound, name))]);
      evaluate(graph, values, name);
      return Object.fromEntries(graph.outputs.map((output) => [output.name, outputNamed(values, output.name, name)]));
    },
  };
}

function evaluate(graph: OnnxGraph, values: Map<string, Operand>, name: string): void {
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => values.get(input));
    const [output] = node.outputs;
    const operator = operators[node.operator];
    if (operator === undefined || output === undefined) continue;
    try {
      values.set(output, operator(inputs, node));
    } catch (error) {
      if (!(error instanceof HolonError)) throw error;
      throw new HolonError(error.code, `model ${name} does not run on inputs of these shapes: ${node.operator}: ${error.message}`, { cause: error });
    }
  }
}

function checkOperators(graph: OnnxGraph, name: string): void {
  const unknown = graph.nodes.find((node) => node.domain !== "" || !Object.hasOwn(operators, node.operator));
  if (unknown !== undefined) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${name} needs the operator ${unknown.operator}, which the simulator does not have`);
  const constant = graph.constants.find(({ elementType }) => elementType !== elementTypes.float32 && elementType !== elementTypes.int64);
  if (constant !== undefined) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${name}: constant ${constant.name} is of a type that the simulator does not have`);
}

function outputNamed(values: ReadonlyMap<string, Operand>, output: string, name: string): Tensor {
  const found = values.get(output);
  if (found !== undefined && found.values instanceof Float32Array) return { shape: found.shape, values: found.values };
  throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${name}: output ${output} is not of 32-bit floats`);
}
