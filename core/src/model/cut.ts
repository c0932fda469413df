/**
 * Cuts a graph in two: a head that ends with one value, and a tail that begins with it. What the head makes of a row crosses instead of the row. Only values of 32-bit floats that alone lead from
 * the one part to the other are places to cut, so that the tail is a model of one input as any other.
 */
import { HolonError } from "../errors.ts";
import { elementTypes, freeInputs, type OnnxGraph, type OnnxNode } from "./onnx-graph.ts";
import { checkWhole } from "./weights.ts";

/** Where a graph may be cut: behind the nodes that are in the head. */
export interface CutPoint {
  /** The value that crosses. */
  readonly value: string;
  /** Nodes of the graph that come before it, in the order of the file. */
  readonly nodes: number;
}

const holdingGraphs = new Set(["If", "Loop", "Scan", "SequenceMap"]);

/** In the order of the graph. None where there is no such value. `HOLON_MODEL_UNSUPPORTED` for a graph that cannot be written back whole. */
export function cutPoints(graph: OnnxGraph): readonly CutPoint[] {
  checkWhole(graph);
  const lastUse = new Map<string, number>();
  for (const [index, node] of graph.nodes.entries()) for (const input of node.inputs) lastUse.set(input, index);
  for (const { name } of graph.outputs) lastUse.set(name, graph.nodes.length);
  const fixed = fixedValues(graph);
  const floats = floatValues(graph);
  const open = new Set(freeInputs(graph).map(({ name }) => name).filter((name) => (lastUse.get(name) ?? -1) >= 0));
  const points: CutPoint[] = [];
  for (const [index, node] of graph.nodes.entries()) {
    if (holdingGraphs.has(node.operator)) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${graph.name} has the operator ${node.operator}, whose inner graph may use any value: it is not cut`);
    for (const output of node.outputs) if (output !== "" && !fixed.has(output) && (lastUse.get(output) ?? -1) > index) open.add(output);
    for (const name of open) if ((lastUse.get(name) ?? -1) <= index) open.delete(name);
    const [value] = open;
    if (open.size === 1 && value !== undefined && floats.has(value) && index < graph.nodes.length - 1 && node.outputs.includes(value) && node.outputs.filter((output) => output !== "").length === 1) points.push({ value, nodes: index + 1 });
  }
  return points;
}

/** What is the same whatever is given: constants, and what is made of them alone. */
function fixedValues({ constants, nodes }: OnnxGraph): ReadonlySet<string> {
  const fixed = new Set(constants.map(({ name }) => name));
  for (const node of nodes) if (node.inputs.every((input) => input === "" || fixed.has(input))) for (const output of node.outputs) fixed.add(output);
  return fixed;
}

const toFloats = new Set(["DequantizeLinear", "DynamicDequantizeLinear"]);
const toOthers = new Set(["QuantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger", "QLinearMatMul", "QLinearConv", "Shape", "Size", "ArgMax", "ArgMin", "NonZero", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "And", "Or", "Xor", "IsNaN", "IsInf"]);

/** Values of 32-bit floats: most operators give what they are given. */
function floatValues({ inputs, constants, nodes }: OnnxGraph): ReadonlySet<string> {
  const floats = new Set([...inputs, ...constants].flatMap(({ name, elementType }) => (elementType === elementTypes.float32 ? [name] : [])));
  for (const node of nodes) {
    const to = node.attributes["to"];
    const isFloat = node.operator === "Cast" ? to?.kind === "integer" && to.value === elementTypes.float32 : toFloats.has(node.operator) || (!toOthers.has(node.operator) && floats.has(node.inputs[0] ?? ""));
    if (isFloat) for (const output of node.outputs) floats.add(output);
  }
  return floats;
}

export interface CutGraph {
  readonly head: OnnxGraph;
  readonly tail: OnnxGraph;
}

/** `shape`: of the value for one row, without the rows. */
export function cutGraph(graph: OnnxGraph, { value, nodes }: CutPoint, shape: readonly number[]): CutGraph {
  const fixed = fixedValues(graph);
  const made = (list: readonly OnnxNode[]): readonly OnnxNode[] => list.filter((node) => node.outputs.every((output) => fixed.has(output)));
  const [before, behind] = [graph.nodes.slice(0, nodes), graph.nodes.slice(nodes)];
  const crossing = { name: value, elementType: elementTypes.float32, shape: ["rows", ...shape] };
  const part = (own: readonly OnnxNode[], more: Pick<OnnxGraph, "inputs" | "outputs">, what: string): OnnxGraph => {
    const used = new Set([...own.flatMap((node) => node.inputs), ...more.outputs.map(({ name }) => name)]);
    return { ...graph, ...more, name: `${graph.name}-${what}`, nodes: own, constants: graph.constants.filter(({ name }) => used.has(name)), inputs: more.inputs.filter(({ name }) => used.has(name)) };
  };
  // What is made of constants alone is made again where it is used.
  return {
    head: part(before, { inputs: freeInputs(graph), outputs: [crossing] }, "head"),
    tail: part([...made(before), ...behind], { inputs: [crossing], outputs: graph.outputs }, "tail"),
  };
}

/** Work of one node with values of these shapes, in multiplications and additions. A guess for what is not known: one for each value that comes out. */
export function operationsOf(node: OnnxNode, shapeOf: (name: string) => readonly number[] | undefined): number {
  const size = (shape: readonly number[] | undefined): number => (shape ?? []).reduce((product, each) => product * each, 1);
  const out = size(shapeOf(node.outputs[0] ?? ""));
  const [first, second] = node.inputs.map(shapeOf);
  switch (node.operator) {
    case "MatMul":
      return 2 * out * (first?.at(-1) ?? 1);
    case "Gemm": {
      const isTurned = node.attributes["transA"]?.kind === "integer" && node.attributes["transA"].value === 1;
      return 2 * out * ((isTurned ? first?.at(-2) : first?.at(-1)) ?? 1);
    }
    case "Conv":
      return 2 * out * size(second?.slice(1));
    case "MaxPool":
    case "AveragePool": {
      const kernel = node.attributes["kernel_shape"];
      return out * (kernel?.kind === "integers" ? size(kernel.value) : 1);
    }
    default:
      return out;
  }
}
