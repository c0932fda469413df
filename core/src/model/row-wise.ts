/**
 * Whether each row of a graph's outputs depends on the same row of its inputs alone, so that rows of several calls may be run as one.
 * Proved operator by operator along the first axis; what is not known to keep rows apart counts as mixing them, as dynamic
 * quantisation does, whose scale is taken from all rows together.
 */
import { elementTypes, freeInputs, type OnnxAttribute, type OnnxGraph, type OnnxNode } from "./onnx-graph.ts";

/** A value as the proof sees it. */
type Kind =
  /** The same for each row, of this rank where it is known. */
  | { readonly kind: "fixed"; readonly rank: number | undefined }
  /** Rows along the first axis. */
  | { readonly kind: "rows"; readonly rank: number }
  | { readonly kind: "mixed" };

const mixed: Kind = { kind: "mixed" };

/** `given`: the inputs that calls bring; all others are the same in each call. */
export function isRowWise(graph: OnnxGraph, given: ReadonlySet<string>): boolean {
  const kinds = new Map<string, Kind>();
  for (const { name, shape } of graph.constants) kinds.set(name, { kind: "fixed", rank: shape.length });
  let rowsName: string | undefined;
  for (const { name, shape } of freeInputs(graph)) {
    if (!given.has(name)) {
      kinds.set(name, { kind: "fixed", rank: shape.length === 0 ? undefined : shape.length });
      continue;
    }
    const [rows] = shape;
    if (typeof rows !== "string" || rows === "" || (rowsName ?? rows) !== rows) return false;
    rowsName = rows;
    kinds.set(name, { kind: "rows", rank: shape.length });
  }
  if (rowsName === undefined) return false;
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input): Kind => (input === "" ? { kind: "fixed", rank: 0 } : (kinds.get(input) ?? mixed)));
    const kind = inputs.every((input) => input.kind === "fixed") ? fixedOf(node, inputs) : node.domain === "" ? kindOf(node, inputs, graph) : mixed;
    for (const output of node.outputs) kinds.set(output, kind);
  }
  return graph.outputs.every(({ name }) => kinds.get(name)?.kind === "rows");
}

const eachValue = new Set(["Relu", "Sigmoid", "Tanh", "Sqrt", "Identity", "Exp", "Log", "Neg", "Abs", "Erf", "LeakyRelu", "Elu", "Clip", "QuantizeLinear", "DequantizeLinear", "Cast"]);
const pairwise = new Set(["Add", "Sub", "Mul", "Div", "Max", "Min", "Pow"]);
const windows = new Set(["Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization"]);

function fixedOf({ operator }: OnnxNode, [first]: readonly Kind[]): Kind {
  const keepsRank = operator === "Transpose" || eachValue.has(operator);
  return { kind: "fixed", rank: keepsRank && first?.kind === "fixed" ? first.rank : undefined };
}

function kindOf(node: OnnxNode, inputs: readonly Kind[], graph: OnnxGraph): Kind {
  const [first = mixed, ...rest] = inputs;
  const restIsFixed = rest.every((input) => input.kind === "fixed");
  if (pairwise.has(node.operator)) return broadcast(inputs);
  if (first.kind !== "rows") return mixed;
  if (eachValue.has(node.operator)) return integer(node, "axis", 1) !== 0 && rest.every((input) => input.kind === "fixed" && input.rank !== undefined && input.rank < first.rank) ? first : mixed;
  if (windows.has(node.operator)) return restIsFixed && integer(node, "training_mode", 0) === 0 && node.outputs.length === 1 ? first : mixed;
  switch (node.operator) {
    case "MatMul":
      return first.rank === 2 && restIsFixed && rest[0]?.kind === "fixed" && rest[0].rank === 2 ? first : mixed;
    case "Gemm":
      // A bias of two axes may have a value for each row.
      return integer(node, "transA", 0) === 0 && restIsFixed && rest.every((input, index) => index === 0 || (input.kind === "fixed" && input.rank !== undefined && input.rank < 2)) ? first : mixed;
    case "Softmax":
    case "LogSoftmax":
      return graph.opset >= 13 && isLater(integer(node, "axis", -1), first.rank) ? first : mixed;
    case "Flatten":
      return integer(node, "axis", 1) === 1 ? { kind: "rows", rank: 2 } : mixed;
    case "Transpose": {
      const order = node.attributes["perm"];
      return order?.kind === "integers" && order.value[0] === 0 ? first : mixed;
    }
    case "Reshape": {
      const wanted = integersOf(graph, node.inputs[1]);
      // 0 keeps the rows; -1 behind sizes that are told keeps them too only where no other size is open, which the first 0 says.
      return wanted?.[0] === 0 && integer(node, "allowzero", 0) === 0 && !wanted.slice(1).includes(0) ? { kind: "rows", rank: wanted.length } : mixed;
    }
    case "ReduceSum":
    case "ReduceMean":
    case "ReduceMax":
    case "ReduceMin": {
      const axes = axesOf(node, graph);
      if (axes === undefined || axes.length === 0 || !axes.every((axis) => isLater(axis, first.rank))) return mixed;
      return { kind: "rows", rank: integer(node, "keepdims", 1) === 1 ? first.rank : first.rank - axes.length };
    }
    default:
      return mixed;
  }
}

/** Rows stay apart where all that has rows has the same rank, and all else has fewer axes or one: its first axis is then not theirs. */
function broadcast(inputs: readonly Kind[]): Kind {
  let rank = 0;
  for (const input of inputs) {
    if (input.kind === "mixed") return mixed;
    if (input.kind === "rows") {
      if (rank !== 0 && input.rank !== rank) return mixed;
      rank = input.rank;
    }
  }
  const fits = inputs.every((input) => input.kind !== "fixed" || (input.rank !== undefined && input.rank < rank));
  return fits ? { kind: "rows", rank } : mixed;
}

/** Whether an axis is another than the first. */
const isLater = (axis: number, rank: number): boolean => (axis < 0 ? axis + rank : axis) > 0;

function axesOf(node: OnnxNode, graph: OnnxGraph): readonly number[] | undefined {
  const attribute = node.attributes["axes"];
  return attribute?.kind === "integers" ? attribute.value : integersOf(graph, node.inputs[1]);
}

function integersOf(graph: OnnxGraph, name: string | undefined): readonly number[] | undefined {
  const constant = graph.constants.find((candidate) => candidate.name === name && candidate.elementType === elementTypes.int64);
  return constant && Array.from(constant.values);
}

function integer(node: OnnxNode, name: string, otherwise: number): number {
  const attribute: OnnxAttribute | undefined = node.attributes[name];
  return attribute?.kind === "integer" ? attribute.value : otherwise;
}
