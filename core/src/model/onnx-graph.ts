/** An ONNX graph in memory, as far as Holon looks into one. Terms and numbers are those of onnx.proto3. */

/** `TensorProto.DataType`. */
export const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;

export type OnnxAttribute =
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "integer"; readonly value: number }
  | { readonly kind: "integers"; readonly value: readonly number[] }
  | { readonly kind: "text"; readonly value: string }
  /** A subgraph, as that of a loop. Made, not read. */
  | { readonly kind: "graph"; readonly value: OnnxGraph }
  /** Tensors, subgraphs and lists of floats: read past, not into, and written back as they were: the message of the attribute, name included. */
  | { readonly kind: "other"; readonly bytes: Uint8Array };

export interface OnnxNode {
  readonly operator: string;
  /** Empty for the operators of ONNX itself. */
  readonly domain: string;
  /** Empty text for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A constant of the graph. `values` is empty for element types other than float32 and int64; those have their bytes, little-endian, in `raw`. */
export interface OnnxConstant {
  readonly name: string;
  readonly elementType: number;
  readonly shape: readonly number[];
  readonly values: Float32Array | readonly number[];
  readonly raw?: Uint8Array;
}

export interface OnnxValue {
  readonly name: string;
  readonly elementType: number;
  /** A number, or a name for a dimension that the caller chooses; empty text where nothing is said. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  /** Version of the operators of ONNX itself. */
  readonly opset: number;
  /** Versions of the operators of other domains. */
  readonly domains?: Readonly<Record<string, number>>;
  /** What the file holds beside all this, so that it cannot be written back whole. */
  readonly unread?: string;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Inputs that the caller must give: those of the graph that have no constant of the same name. */
export function freeInputs(graph: OnnxGraph): readonly OnnxValue[] {
  const constants = new Set(graph.constants.map((constant) => constant.name));
  return graph.inputs.filter((input) => !constants.has(input.name));
}
