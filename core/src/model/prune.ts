/**
 * Magnitude pruning: the smallest weights of each matrix become 0. The file keeps its size and is smaller where it is compressed, as on
 * a link and with `holon model`'s figure of compressed bytes.
 */
import type { OnnxConstant, OnnxGraph } from "./onnx-graph.ts";
import { checkWhole, noMatrix, weightNodes } from "./weights.ts";

/** `share` of each matrix's weights, from 0 up to but without 1. `HOLON_MODEL_UNSUPPORTED` where there is no matrix. */
export function pruneByMagnitude(graph: OnnxGraph, share: number): OnnxGraph {
  checkWhole(graph);
  const weights = new Map(weightNodes(graph).map(({ weight }) => [weight.name, weight]));
  if (weights.size === 0) throw noMatrix(graph, "has no matrix to prune");
  return { ...graph, constants: graph.constants.map((constant) => (weights.has(constant.name) ? pruned(constant, share) : constant)) };
}

function pruned(constant: OnnxConstant, share: number): OnnxConstant {
  const values = Float32Array.from(constant.values);
  const sizes = values.map(Math.abs).toSorted();
  const count = Math.floor(share * values.length);
  const edge = count === 0 ? -1 : (sizes[count - 1] ?? -1);
  let left = count;
  return { ...constant, values: values.map((value) => (left > 0 && Math.abs(value) <= edge && left-- > 0 ? 0 : value)) };
}
