/** Tries each execution provider of the model runtime on a small graph, and says as JSON which of them made a session. */
import { elementTypes } from "@holon/core/model/onnx-graph.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { loadModelRuntime } from "../model/runtime.ts";

const tensor = (name: string) => ({ name, elementType: elementTypes.float32, shape: [1] });
const graph = writeOnnx({ name: "probe", opset: 13, nodes: [{ operator: "Relu", domain: "", inputs: ["x"], outputs: ["y"], attributes: {} }], constants: [], inputs: [tensor("x")], outputs: [tensor("y")] });

const { InferenceSession, Tensor, providers } = await loadModelRuntime(false);
const found: string[] = [];
for (const provider of providers) {
  try {
    const session = await InferenceSession.create(graph, { executionProviders: [provider], logSeverityLevel: 4 });
    const { y } = await session.run({ x: new Tensor("float32", Float32Array.of(-1), [1]) });
    if (y?.data[0] === 0) found.push(provider);
    await session.release();
  } catch {
    // the runtime brings it, and this machine does not have it
  }
}
process.stdout.write(`\n${JSON.stringify(found)}\n`);
