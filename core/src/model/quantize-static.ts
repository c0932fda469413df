/**
 * Static INT8: the range of each value is taken from a calibration set and written into the graph, as pairs of QuantizeLinear and
 * DequantizeLinear, which runtimes turn into integer kernels. A row's result does not depend on other rows.
 */
import { HolonError } from "../errors.ts";
import { elementTypes, type OnnxConstant, type OnnxGraph, type OnnxNode } from "./onnx-graph.ts";
import { quantizedConstants, quantizeMatrix } from "./quantize-weights.ts";
import { checkWhole, noMatrix, weightNodes } from "./weights.ts";

const valuesMin = 512;

export interface ValueRange {
  readonly min: number;
  readonly max: number;
}

/** Names of the values whose range has to be known: what goes into each matrix, and what comes out. */
export function calibratedValues(graph: OnnxGraph): readonly string[] {
  return [...new Set(weightNodes(graph, valuesMin).map(({ node }) => node.inputs[0] ?? ""))];
}

/** The same graph with these values as further outputs, for a calibration run. */
export function withOutputs(graph: OnnxGraph, names: readonly string[]): OnnxGraph {
  const known = new Set([...graph.outputs, ...graph.inputs].map(({ name }) => name));
  return { ...graph, outputs: [...graph.outputs, ...names.filter((name) => !known.has(name)).map((name) => ({ name, elementType: elementTypes.float32, shape: [] }))] };
}

/** `HOLON_MODEL_UNSUPPORTED` where there is nothing to quantise, or a range is missing. */
export function quantizeStatic(graph: OnnxGraph, ranges: ReadonlyMap<string, ValueRange>): OnnxGraph {
  checkWhole(graph);
  const weights = weightNodes(graph, valuesMin);
  if (weights.length === 0) throw noMatrix(graph, `has no matrix of ${valuesMin} values or more to quantise`, "Leave it as it is: it is small already.");
  const byNode = new Map(weights.map((weight) => [weight.node, weight]));
  const gone = new Set(weights.map(({ weight }) => weight.name));
  const constants: OnnxConstant[] = graph.constants.filter(({ name }) => !gone.has(name));
  const quantized = new Set<string>();
  const nodes = graph.nodes.flatMap((node): readonly OnnxNode[] => {
    const found = byNode.get(node);
    if (found === undefined) return [node];
    const [input = ""] = node.inputs;
    const before: OnnxNode[] = [];
    if (!quantized.has(input)) {
      const range = ranges.get(input);
      if (range === undefined) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${graph.name}: the calibration set gave no range for ${input}`);
      constants.push(...rangeConstants(input, range));
      before.push(pair("QuantizeLinear", input, `${input}.bytes`, input), pair("DequantizeLinear", `${input}.bytes`, `${input}.near`, input));
      quantized.add(input);
    }
    const matrix = quantizeMatrix(found);
    const isEach = matrix.scales.length > 1;
    constants.push(...quantizedConstants(found, matrix, isEach));
    const { weight, bias } = found;
    const dequantized: OnnxNode = { ...pair("DequantizeLinear", `${weight.name}.bytes`, `${weight.name}.near`, weight.name), attributes: { axis: { kind: "integer", value: 1 } } };
    const attributes = Object.fromEntries(Object.entries(node.attributes).filter(([name]) => name !== "transB"));
    return [...before, dequantized, { ...node, inputs: [`${input}.near`, `${weight.name}.near`, ...(bias === undefined ? [] : [bias])], attributes }];
  });
  return { ...graph, nodes, constants, inputs: graph.inputs.filter(({ name }) => !gone.has(name)) };
}

const pair = (operator: string, from: string, to: string, scaleOf: string): OnnxNode => ({ operator, domain: "", inputs: [from, `${scaleOf}.scale`, `${scaleOf}.zero`], outputs: [to], attributes: {} });

/** 0 has a byte of its own, so that what is off stays off. */
function rangeConstants(name: string, { min, max }: ValueRange): readonly OnnxConstant[] {
  const [low, high] = [Math.min(0, min), Math.max(0, max)];
  const scale = high > low ? (high - low) / 255 : 1;
  const zero = Math.max(0, Math.min(255, Math.round(-low / scale)));
  return [
    { name: `${name}.scale`, elementType: elementTypes.float32, shape: [], values: Float32Array.of(scale) },
    { name: `${name}.zero`, elementType: elementTypes.uint8, shape: [], values: [], raw: Uint8Array.of(zero) },
  ];
}
