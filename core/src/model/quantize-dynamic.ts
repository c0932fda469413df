/**
 * Dynamic INT8: weights are bytes in the file, values become bytes when they come, by the range that they have in that run.
 *
 *     x ─▶ DynamicQuantizeLinear ─▶ MatMulInteger ─▶ Cast ─▶ Mul (scale of x · scale of the weight) ─▶ Add bias ─▶ y
 *
 * The range is that of all rows of a run together, so a row's result depends a little on its company.
 */
import { elementTypes, type OnnxGraph, type OnnxNode } from "./onnx-graph.ts";
import { quantizedConstants, quantizeMatrix } from "./quantize-weights.ts";
import { checkWhole, noMatrix, weightNodes, type WeightNode } from "./weights.ts";

/** Smaller matrices cost more nodes than they save bytes. */
const valuesMin = 512;

/** `HOLON_MODEL_UNSUPPORTED` where there is nothing to quantise. */
export function quantizeDynamic(graph: OnnxGraph): OnnxGraph {
  checkWhole(graph);
  const weights = weightNodes(graph, valuesMin);
  if (weights.length === 0) throw noMatrix(graph, `has no matrix of ${valuesMin} values or more to quantise`, "Leave it as it is: it is small already.");
  const byNode = new Map(weights.map((weight) => [weight.node, weight]));
  const gone = new Set(weights.map(({ weight }) => weight.name));
  const quantized = new Set<string>();
  return {
    ...graph,
    nodes: graph.nodes.flatMap((node) => {
      const weight = byNode.get(node);
      return weight === undefined ? [node] : integerNodes(weight, quantized);
    }),
    constants: [...graph.constants.filter(({ name }) => !gone.has(name)), ...weights.flatMap((weight) => quantizedConstants(weight, quantizeMatrix(weight)))],
    inputs: graph.inputs.filter(({ name }) => !gone.has(name)),
  };
}

function integerNodes({ node, weight, bias }: WeightNode, quantized: Set<string>): readonly OnnxNode[] {
  const [input = ""] = node.inputs;
  const [output = ""] = node.outputs;
  const make = (operator: string, inputs: readonly string[], outputs: readonly string[], attributes: OnnxNode["attributes"] = {}): OnnxNode => ({ operator, domain: "", inputs, outputs, attributes });
  const scaled = bias === undefined ? output : `${output}.scaled`;
  const isFirst = !quantized.has(input); // one input of several matrices becomes bytes once
  quantized.add(input);
  return [
    ...(isFirst ? [make("DynamicQuantizeLinear", [input], [`${input}.bytes`, `${input}.scale`, `${input}.zero`])] : []),
    make("MatMulInteger", [`${input}.bytes`, `${weight.name}.bytes`, `${input}.zero`, `${weight.name}.zero`], [`${output}.integers`]),
    make("Cast", [`${output}.integers`], [`${output}.floats`], { to: { kind: "integer", value: elementTypes.float32 } }),
    make("Mul", [`${input}.scale`, `${weight.name}.scale`], [`${output}.factor`]),
    make("Mul", [`${output}.floats`, `${output}.factor`], [scaled]),
    ...(bias === undefined ? [] : [make("Add", [scaled, bias], [output])]),
  ];
}
