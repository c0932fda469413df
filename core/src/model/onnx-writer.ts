/** Writes an ONNX file (onnx.proto3, IR version 8), so that a small graph needs no exporter. The same graph gives the same bytes. */
import { elementTypes, type OnnxAttribute, type OnnxConstant, type OnnxGraph, type OnnxNode, type OnnxValue } from "./onnx-graph.ts";
import { MessageWriter } from "./protobuf.ts";

/** A graph as an ONNX file. */
export function writeOnnx(graph: OnnxGraph): Uint8Array {
  if (graph.unread !== undefined) throw new TypeError(`the graph ${graph.name} was read without ${graph.unread}`);
  const message = new MessageWriter().integer(1, 8).text(2, "holon").message(7, writeGraph(graph)).message(8, new MessageWriter().text(1, "").integer(2, graph.opset));
  for (const [domain, version] of Object.entries(graph.domains ?? {})) message.message(8, new MessageWriter().text(1, domain).integer(2, version));
  return message.finish();
}

function writeGraph(graph: OnnxGraph): MessageWriter {
  const body = new MessageWriter();
  for (const node of graph.nodes) body.message(1, writeNode(node));
  body.text(2, graph.name);
  for (const constant of graph.constants) body.message(5, writeConstant(constant));
  for (const input of graph.inputs) body.message(11, writeValue(input));
  for (const output of graph.outputs) body.message(12, writeValue(output));
  return body;
}

function writeNode(node: OnnxNode): MessageWriter {
  const message = new MessageWriter();
  for (const input of node.inputs) message.text(1, input);
  for (const output of node.outputs) message.text(2, output);
  message.text(4, node.operator);
  for (const [name, attribute] of Object.entries(node.attributes)) message.message(5, writeAttribute(name, attribute));
  if (node.domain !== "") message.text(7, node.domain);
  return message;
}

function writeAttribute(name: string, attribute: OnnxAttribute): MessageWriter {
  const message = new MessageWriter().text(1, name);
  switch (attribute.kind) {
    case "float":
      return message.float(2, attribute.value).integer(20, 1);
    case "integer":
      return message.integer(3, attribute.value).integer(20, 2);
    case "text":
      return message.text(4, attribute.value).integer(20, 3);
    case "integers":
      for (const value of attribute.value) message.integer(8, value);
      return message.integer(20, 7);
    case "graph":
      return message.message(6, writeGraph(attribute.value)).integer(20, 5);
    case "other":
      return new MessageWriter().splice(attribute.bytes);
  }
}

function writeConstant(constant: OnnxConstant): MessageWriter {
  const message = new MessageWriter();
  for (const dimension of constant.shape) message.integer(1, dimension);
  message.integer(2, constant.elementType).text(8, constant.name);
  if (constant.raw !== undefined) return message.bytes(9, constant.raw);
  const isFloat = constant.elementType === elementTypes.float32;
  const raw = new DataView(new ArrayBuffer(constant.values.length * (isFloat ? 4 : 8)));
  constant.values.forEach((value, index) => {
    if (isFloat) raw.setFloat32(index * 4, value, true);
    else raw.setBigInt64(index * 8, BigInt(value), true);
  });
  return message.bytes(9, new Uint8Array(raw.buffer));
}

function writeValue(value: OnnxValue): MessageWriter {
  const shape = new MessageWriter();
  for (const dimension of value.shape) {
    const message = new MessageWriter();
    shape.message(1, typeof dimension === "number" ? message.integer(1, dimension) : message.text(2, dimension));
  }
  const tensor = new MessageWriter().integer(1, value.elementType);
  if (value.shape.length > 0) tensor.message(2, shape); // nothing said is any shape, an empty one a scalar
  return new MessageWriter().text(1, value.name).message(2, new MessageWriter().message(1, tensor));
}
