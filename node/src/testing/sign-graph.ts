/** The smallest model that can be sure or unsure: the sign of one number. */
import { elementTypes } from "@holon/core/model/onnx-graph.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";

/** Scores of two classes from one feature: (factor · x, 0). */
export const graphOf = (factor: number): Uint8Array => {
  const value = (name: string, size: number) => ({ name, elementType: elementTypes.float32, shape: ["n", size] });
  return writeOnnx({ name: "sign", opset: 17, nodes: [{ operator: "MatMul", domain: "", inputs: ["x", "w"], outputs: ["y"], attributes: {} }], constants: [{ name: "w", elementType: elementTypes.float32, shape: [1, 2], values: Float32Array.of(factor, 0) }], inputs: [value("x", 1)], outputs: [value("y", 2)] });
};
