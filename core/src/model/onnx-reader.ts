/**
 * Reads an ONNX file (onnx.proto3) as far as Holon looks into one: which inputs it wants, of which type and shape, and the
 * nodes, for the simulator's evaluator. Unknown fields are read past, so that any model of today and tomorrow passes.
 */
import { HolonError } from "../errors.ts";
import { elementTypes, type OnnxAttribute, type OnnxConstant, type OnnxGraph, type OnnxNode, type OnnxValue } from "./onnx-graph.ts";
import { ProtobufError, readFields, readPackedIntegers, type Field } from "./protobuf.ts";

/** The graph in a file. `name` names the model in errors. `HOLON_MODEL_NOT_ONNX`. */
export function readOnnx(bytes: Uint8Array, name: string): OnnxGraph {
  try {
    const graph = readModel(bytes);
    if (graph.nodes.length > 0 && graph.outputs.length > 0) return graph;
    throw new ProtobufError("it holds no graph");
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    throw new HolonError("HOLON_MODEL_NOT_ONNX", `model ${name} is no ONNX graph: ${error.message}`, { cause: error });
  }
}

function readModel(bytes: Uint8Array): OnnxGraph {
  let graph: Uint8Array = new Uint8Array(0);
  let opset = 0;
  let unread: string | undefined;
  const domains: Record<string, number> = {};
  for (const field of readFields(bytes)) {
    if (field.number === 7) graph = message(field);
    if (field.number === 8) {
      const set = readOpset(message(field));
      if (set.domain === "" || set.domain === "ai.onnx") opset = set.version;
      else domains[set.domain] = set.version;
    }
    if (field.number === 25) unread = "functions of its own";
  }
  const read = readGraph(graph, opset);
  const why = unread ?? read.unread;
  return { ...read, ...(Object.keys(domains).length === 0 ? {} : { domains }), ...(why === undefined ? {} : { unread: why }) };
}

function readOpset(bytes: Uint8Array): { readonly domain: string; readonly version: number } {
  let domain = "";
  let version = 0;
  for (const field of readFields(bytes)) {
    if (field.number === 1) domain = text(field);
    if (field.number === 2) version = field.integer;
  }
  return { domain, version };
}

function readGraph(bytes: Uint8Array, opset: number): OnnxGraph {
  let name = "";
  const nodes: OnnxNode[] = [];
  const constants: OnnxConstant[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  let unread: string | undefined;
  for (const field of readFields(bytes)) {
    if (field.number === 15) unread = "sparse constants";
    if (field.number === 1) nodes.push(readNode(message(field)));
    if (field.number === 2) name = text(field);
    if (field.number === 5) constants.push(readConstant(message(field)));
    if (field.number === 11) inputs.push(readValue(message(field)));
    if (field.number === 12) outputs.push(readValue(message(field)));
  }
  const unfit = constants.find((constant) => !isWhole(constant));
  if (unfit !== undefined) unread = `the constant ${unfit.name} in another form`;
  return { name, opset, nodes, constants, inputs, outputs, ...(unread === undefined ? {} : { unread }) };
}

function readNode(bytes: Uint8Array): OnnxNode {
  let operator = "";
  let domain = "";
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: [string, OnnxAttribute][] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) inputs.push(text(field));
    if (field.number === 2) outputs.push(text(field));
    if (field.number === 4) operator = text(field);
    if (field.number === 5) attributes.push(readAttribute(message(field)));
    if (field.number === 7) domain = text(field);
  }
  return { operator, domain: domain === "ai.onnx" ? "" : domain, inputs, outputs, attributes: Object.fromEntries(attributes) };
}

function readAttribute(bytes: Uint8Array): [string, OnnxAttribute] {
  let name = "";
  let type = 0;
  let float = 0;
  let integer = 0;
  let content = "";
  const integers: number[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) name = text(field);
    if (field.number === 2) float = floats(field.bytes)[0] ?? 0;
    if (field.number === 3) integer = field.integer;
    if (field.number === 4) content = text(field);
    if (field.number === 8) integers.push(...repeatedIntegers(field));
    if (field.number === 20) type = field.integer;
  }
  if (type === 1) return [name, { kind: "float", value: float }];
  if (type === 2) return [name, { kind: "integer", value: integer }];
  if (type === 3) return [name, { kind: "text", value: content }];
  if (type === 7) return [name, { kind: "integers", value: integers }];
  return [name, { kind: "other", bytes }];
}

function readConstant(bytes: Uint8Array): OnnxConstant {
  let name = "";
  let elementType = 0;
  let raw: Uint8Array = new Uint8Array(0);
  const shape: number[] = [];
  const integers: number[] = [];
  const small: number[] = [];
  const floatPieces: Float32Array[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) shape.push(...repeatedIntegers(field));
    if (field.number === 2) elementType = field.integer;
    if (field.number === 4) floatPieces.push(floats(field.bytes));
    if (field.number === 5) for (const value of repeatedIntegers(field)) small.push(value);
    if (field.number === 7) for (const value of repeatedIntegers(field)) integers.push(value);
    if (field.number === 8) name = text(field);
    if (field.number === 9) raw = message(field);
  }
  if (elementType === elementTypes.int64) {
    return { name, elementType, shape, values: raw.length > 0 ? rawIntegers(raw) : integers };
  }
  if (elementType !== elementTypes.float32) {
    const stored = raw.length > 0 ? raw : smallAsRaw(elementType, small);
    const isEmpty = shape.some((size) => size === 0);
    return { name, elementType, shape, values: [], ...(stored.length > 0 || isEmpty ? { raw: stored } : {}) };
  }
  return { name, elementType, shape, values: raw.length > 0 ? floats(raw) : joinFloats(floatPieces) };
}

/** Data in another file, and types that are read past, leave a constant without values. */
const isWhole = ({ elementType, shape, values, raw }: OnnxConstant): boolean =>
  raw !== undefined || ((elementType === elementTypes.float32 || elementType === elementTypes.int64) && values.length === shape.reduce((product, size) => product * size, 1));

/** Bytes of a value, by element type, of those that may lie in the field of 32-bit integers. */
const smallSizes: Readonly<Record<number, number>> = { 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 9: 1, 10: 2, 16: 2 };

function smallAsRaw(elementType: number, values: readonly number[]): Uint8Array {
  const size = smallSizes[elementType] ?? 0;
  const raw = new Uint8Array(size * values.length);
  values.forEach((value, index) => {
    for (let byte = 0; byte < size; byte++) raw[index * size + byte] = (value >> (8 * byte)) & 255;
  });
  return raw;
}

function readValue(bytes: Uint8Array): OnnxValue {
  let name = "";
  let elementType = 0;
  let shape: (number | string)[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) name = text(field);
    if (field.number !== 2) continue;
    for (const type of readFields(message(field))) {
      if (type.number !== 1) continue;
      for (const tensor of readFields(message(type))) {
        if (tensor.number === 1) elementType = tensor.integer;
        if (tensor.number === 2) shape = [...readFields(message(tensor))].filter((dimension) => dimension.number === 1).map(readDimension);
      }
    }
  }
  return { name, elementType, shape };
}

function readDimension(dimension: Field): number | string {
  let value: number | string = "";
  for (const field of readFields(message(dimension))) {
    if (field.number === 1) value = field.integer;
    if (field.number === 2) value = text(field);
  }
  return value;
}

function message(field: Field): Uint8Array {
  if (field.wire !== 2) throw new ProtobufError(`field ${field.number} is of the wrong wire type`);
  return field.bytes;
}

const decoder = new TextDecoder("utf-8", { fatal: true });
function text(field: Field): string {
  try {
    return decoder.decode(message(field));
  } catch (error) {
    if (error instanceof TypeError) throw new ProtobufError("a name is no UTF-8");
    throw error;
  }
}

const repeatedIntegers = (field: Field): readonly number[] => (field.wire === 2 ? readPackedIntegers(field.bytes) : [field.integer]);

function floats(bytes: Uint8Array): Float32Array {
  if (bytes.length % 4 !== 0) throw new ProtobufError("a list of floats is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(index * 4, true));
}

function rawIntegers(bytes: Uint8Array): number[] {
  if (bytes.length % 8 !== 0) throw new ProtobufError("a list of integers is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 8 }, (_, index) => Number(view.getBigInt64(index * 8, true)));
}

function joinFloats(pieces: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    joined.set(piece, position);
    position += piece.length;
  }
  return joined;
}
