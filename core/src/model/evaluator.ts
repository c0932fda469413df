/**
 * Runs an ONNX graph node by node where it is called, with no thread and no library: the same inputs give the same outputs in every run of a simulation,
 * and on a node a small graph is done before another thread is awake.
 */
import { HolonError } from "../errors.ts";
import { checkElementTypes, chosenInputs } from "./inputs.ts";
import { elementTypes, freeInputs, type OnnxGraph } from "./onnx-graph.ts";
import { readOnnx } from "./onnx-reader.ts";
import type { Tensor, Tensors } from "../ports.ts";
import { operators, workOf, type Operand } from "./operators.ts";

export interface EvaluatedModel {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** `bound` fills in what `given` leaves out. `HOLON_MODEL_INPUT_BAD`. */
  run(given: Tensors, bound: Tensors): Tensors;
  /** The same, or nothing where it would take more work than that. */
  runWithin(workMax: number, given: Tensors, bound: Tensors): Tensors | undefined;
}

/** `HOLON_MODEL_NOT_ONNX`, `HOLON_MODEL_UNSUPPORTED`. */
export function loadEvaluatedModel(bytes: Uint8Array, name: string): EvaluatedModel {
  const graph = readOnnx(bytes, name);
  checkElementTypes(graph, name);
  checkOperators(graph, name);
  const constants = new Map(graph.constants.map((constant): [string, Operand] => [constant.name, { shape: constant.shape, values: constant.values }]));
  const wanted = freeInputs(graph);
  const outputsOf = (values: ReadonlyMap<string, Operand>): Tensors => Object.fromEntries(graph.outputs.map((output) => [output.name, outputNamed(values.get(output.name) ?? constants.get(output.name), output.name, name)]));
  const startOf = (given: Tensors, bound: Tensors): Map<string, Operand> => new Map<string, Operand>(chosenInputs(wanted, given, bound, name));
  return {
    inputs: wanted.map((input) => input.name),
    outputs: graph.outputs.map((output) => output.name),
    run(given, bound) {
      const values = startOf(given, bound);
      evaluate(graph, { constants, values }, name, Number.POSITIVE_INFINITY);
      return outputsOf(values);
    },
    runWithin(workMax, given, bound) {
      const values = startOf(given, bound);
      return evaluate(graph, { constants, values }, name, workMax) ? outputsOf(values) : undefined;
    },
  };
}

/** What has a value: what the graph brings, and what was given or made. */
interface Known {
  readonly constants: ReadonlyMap<string, Operand>;
  readonly values: Map<string, Operand>;
}

/** False where it would take more work than that; `values` is then of no use. */
function evaluate(graph: OnnxGraph, { constants, values }: Known, name: string, workMax: number): boolean {
  let work = 0;
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => values.get(input) ?? constants.get(input));
    work += 1 + workOf(node, inputs);
    if (work > workMax) return false;
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
  return true;
}

function checkOperators(graph: OnnxGraph, name: string): void {
  const unknown = graph.nodes.find((node) => node.domain !== "" || !Object.hasOwn(operators, node.operator));
  if (unknown !== undefined) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${name} needs the operator ${unknown.operator}, which is not evaluated in place`);
  const constant = graph.constants.find(({ elementType }) => elementType !== elementTypes.float32 && elementType !== elementTypes.int64);
  if (constant !== undefined) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${name}: constant ${constant.name} is of a type that is not evaluated in place`);
}

function outputNamed(found: Operand | undefined, output: string, name: string): Tensor {
  if (found !== undefined && found.values instanceof Float32Array) return { shape: found.shape, values: found.values };
  throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${name}: output ${output} is not of 32-bit floats`);
}
