/** The weights of a graph: constant matrices that rows of values are multiplied by. */
import { HolonError } from "../errors.ts";
import { elementTypes, type OnnxConstant, type OnnxGraph, type OnnxNode } from "./onnx-graph.ts";

/** A node that multiplies rows by a constant matrix of its own. */
export interface WeightNode {
  readonly node: OnnxNode;
  readonly weight: OnnxConstant;
  /** Row-major, inputs by outputs, turned around where the node has it transposed. */
  readonly matrix: Float32Array;
  readonly inputs: number;
  readonly outputs: number;
  /** Name of what is added to each row, if anything is. */
  readonly bias: string | undefined;
}

/** `HOLON_MODEL_UNSUPPORTED` for a graph that cannot be written back whole. */
export function checkWhole(graph: OnnxGraph): void {
  if (graph.unread !== undefined) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${graph.name} holds ${graph.unread}, which is not rewritten`, { next: "Export it without." });
}

/** MatMul, and Gemm without factors, by a matrix that nothing else uses and that has at least `valuesMin` values. */
export function weightNodes(graph: OnnxGraph, valuesMin = 0): readonly WeightNode[] {
  const constants = new Map(graph.constants.map((constant) => [constant.name, constant]));
  const uses = new Map<string, number>();
  for (const name of [...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs.map((output) => output.name)]) uses.set(name, (uses.get(name) ?? 0) + 1);
  return graph.nodes.flatMap((node) => {
    const weight = constants.get(node.inputs[1] ?? "");
    if (weight === undefined || !isMatrix(weight) || uses.get(weight.name) !== 1 || weight.values.length < valuesMin || !multiplies(node)) return [];
    const isTurned = integer(node, "transB") === 1;
    const [rows = 0, columns = 0] = weight.shape;
    const matrix = isTurned ? turned(weight.values, rows, columns) : weight.values;
    const bias = node.operator === "Gemm" && (node.inputs[2] ?? "") !== "" ? node.inputs[2] : undefined;
    return [{ node, weight, matrix, inputs: isTurned ? columns : rows, outputs: isTurned ? rows : columns, bias }];
  });
}

/** Why there is nothing to make smaller. */
export function noMatrix(graph: OnnxGraph, why: string, next?: string): HolonError {
  const bytes = new Set(graph.constants.filter(({ elementType, shape }) => (elementType === elementTypes.uint8 || elementType === elementTypes.int8) && shape.length === 2).map(({ name }) => name));
  const isInt8 = graph.nodes.some(({ operator, inputs }) => integerOperators.has(operator) && inputs.some((name) => bytes.has(name)));
  if (!isInt8) return new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${graph.name} ${why}`, next === undefined ? {} : { next });
  return new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${graph.name} is already INT8`, { next: "Leave it as it is, or let a smaller one learn from it: `--method distil`." });
}

/** What takes a matrix of bytes. */
const integerOperators: ReadonlySet<string> = new Set(["DequantizeLinear", "MatMulInteger", "QLinearMatMul"]);

/** How many values a graph learned: of all constants of floats. */
export const parameterCount = (graph: OnnxGraph): number =>
  graph.constants.reduce((total, { elementType, shape }) => (elementType === elementTypes.int64 || elementType === elementTypes.int32 ? total : total + shape.reduce((product, size) => product * size, 1)), 0);

const isMatrix = (constant: OnnxConstant): constant is OnnxConstant & { readonly values: Float32Array } =>
  constant.elementType === elementTypes.float32 && constant.shape.length === 2 && constant.values instanceof Float32Array;

function multiplies({ operator, domain, attributes }: OnnxNode): boolean {
  if (domain !== "") return false;
  if (operator === "MatMul") return true;
  const isOne = (name: string): boolean => {
    const attribute = attributes[name];
    return attribute === undefined || (attribute.kind === "float" && attribute.value === 1);
  };
  const transA = attributes["transA"];
  return operator === "Gemm" && isOne("alpha") && isOne("beta") && (transA === undefined || (transA.kind === "integer" && transA.value === 0));
}

function integer(node: OnnxNode, name: string): number {
  const attribute = node.attributes[name];
  return attribute?.kind === "integer" ? attribute.value : 0;
}

function turned(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column] ?? 0;
  return result;
}
