/** Writing a small ONNX graph by hand, for authors whose model needs no exporter. */
export { writeOnnx } from "@holon/core/model/onnx-writer.ts";
export { elementTypes, type OnnxAttribute, type OnnxConstant, type OnnxGraph, type OnnxNode, type OnnxValue } from "@holon/core/model/onnx-graph.ts";
