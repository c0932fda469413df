/**
 * Runs an ONNX graph node by node where it is called, with no thread and no library: the same inputs give the same outputs in every run of a simulation,
 * and on a node a small graph is done before another thread is awake.
 */
import { HolonError } from "../errors.ts";
import { checkElementTypes, chosenInputs } from "./inputs.ts";
import { elementTypes, freeInputs, type OnnxGraph, type OnnxNode } from "./onnx-graph.ts";
import { readOnnx } from "./onnx-reader.ts";
import type { Tensor, Tensors } from "../ports.ts";
import { operators, workOf, type Operand, type Operator } from "./operators.ts";

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
  const plan = planOf(graph);
  const wanted = freeInputs(graph);
  const run = (workMax: number, given: Tensors, bound: Tensors): Tensors | undefined => {
    const values = plan.constants.slice();
    for (const [input, tensor] of chosenInputs(wanted, given, bound, name)) values[plan.slotOf(input)] = tensor;
    if (!evaluate(plan, values, name, workMax)) return undefined;
    return Object.fromEntries(graph.outputs.map((output) => [output.name, outputNamed(values[plan.slotOf(output.name)], output.name, name)]));
  };
  return {
    inputs: wanted.map((input) => input.name),
    outputs: graph.outputs.map((output) => output.name),
    run: (given, bound) => run(Number.POSITIVE_INFINITY, given, bound) ?? {},
    runWithin: run,
  };
}

/** A graph whose values have numbers instead of names: they were looked up once, not in each run. */
interface Plan {
  readonly steps: readonly Step[];
  /** What the graph brings, each at its place among the values of a run. */
  readonly constants: readonly (Operand | undefined)[];
  slotOf(value: string): number;
}

interface Step {
  readonly node: OnnxNode;
  readonly operator: Operator;
  readonly inputs: readonly number[];
  readonly output: number;
}

function planOf(graph: OnnxGraph): Plan {
  const slots = new Map<string, number>();
  const slotOf = (value: string): number => {
    const known = slots.get(value) ?? slots.size;
    slots.set(value, known);
    return known;
  };
  const steps = graph.nodes.flatMap((node): readonly Step[] => {
    const [output] = node.outputs;
    const operator = operators[node.operator];
    return operator === undefined || output === undefined ? [] : [{ node, operator, inputs: node.inputs.map(slotOf), output: slotOf(output) }];
  });
  for (const { name } of [...graph.outputs, ...freeInputs(graph)]) slotOf(name);
  const constants: (Operand | undefined)[] = [];
  for (const { name, shape, values } of graph.constants) constants[slotOf(name)] = { shape, values };
  return { steps, constants: Array.from({ length: slots.size }, (_, slot) => constants[slot]), slotOf };
}

/** False where it would take more work than that; `values` is then of no use. */
function evaluate({ steps }: Plan, values: (Operand | undefined)[], name: string, workMax: number): boolean {
  let work = 0;
  for (const { node, operator, inputs: slots, output } of steps) {
    const inputs = slots.map((slot) => values[slot]);
    work += 1 + workOf(node, inputs);
    if (work > workMax) return false;
    try {
      values[output] = operator(inputs, node);
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
