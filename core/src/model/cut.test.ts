import assert from "node:assert/strict";
import { test } from "node:test";
import { cutGraph, cutPoints, operationsOf } from "./cut.ts";
import { denseGraph } from "./dense.ts";
import { loadEvaluatedModel } from "./evaluator.ts";
import { elementTypes, type OnnxGraph, type OnnxNode } from "./onnx-graph.ts";
import { readOnnx } from "./onnx-reader.ts";
import { writeOnnx } from "./onnx-writer.ts";
import { isRowWise } from "./row-wise.ts";

let seed = 7;
const uniform = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
const node = (operator: string, inputs: readonly string[], output: string): OnnxNode => ({ operator, domain: "", inputs, outputs: [output], attributes: {} });
const weights = (name: string, ...shape: readonly number[]) => ({ name, elementType: elementTypes.float32, shape, values: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => uniform() - 0.5) });
const value = (name: string, size: number) => ({ name, elementType: elementTypes.float32, shape: ["n", size] });

/** Two blocks, the first with a way around it, and a weight that is made of constants. */
const residual: OnnxGraph = {
  name: "residual",
  opset: 17,
  nodes: [node("MatMul", ["x", "w0"], "a"), node("Relu", ["a"], "b"), node("MatMul", ["b", "w1"], "c"), node("Sigmoid", ["w3"], "turned"), node("Add", ["c", "b"], "d"), node("Relu", ["d"], "e"), node("Add", ["e", "turned"], "f"), node("MatMul", ["f", "w2"], "g"), node("Add", ["g", "turned2"], "y")],
  constants: [weights("w0", 6, 4), weights("w1", 4, 4), weights("w2", 4, 3), weights("w3", 4), weights("turned2", 3)],
  inputs: [value("x", 6)],
  outputs: [value("y", 3)],
};

test("a graph is cut where one value alone leads on, never beside a way around it", () => {
  assert.deepEqual(cutPoints(residual).map((point) => point.value), ["a", "b", "d", "e", "f", "g"]);
  const scale = [weights("step", 1), { name: "zero", elementType: elementTypes.uint8, shape: [1], values: [], raw: Uint8Array.of(128) }];
  const bytes = { ...residual, constants: [...residual.constants, ...scale], nodes: [node("QuantizeLinear", ["x", "step", "zero"], "x8"), node("DequantizeLinear", ["x8", "step", "zero"], "xf"), ...residual.nodes.map((one) => ({ ...one, inputs: one.inputs.map((name) => (name === "x" ? "xf" : name)) }))] };
  assert.deepEqual(cutPoints(bytes).map((point) => point.value), ["xf", "a", "b", "d", "e", "f", "g"], "bytes cross no link as floats");
  const loop = { ...residual, nodes: residual.nodes.with(5, { ...(residual.nodes[5] ?? assert.fail()), operator: "If" }) };
  assert.throws(() => cutPoints(loop), { code: "HOLON_MODEL_UNSUPPORTED" });
  assert.deepEqual(cutPoints({ ...residual, outputs: [...residual.outputs, value("b", 4)] }).map((point) => point.value), ["a", "b"], "what is asked for at the end is open until then");
});

test("head and tail give what the whole gives, bit for bit, wherever it is cut and cut again, and rows stay apart", () => {
  const rows = 5;
  for (const graph of [residual, denseGraph({ name: "net", layers: [6, 9, 5, 3] }, uniform)]) {
    const [input = "", output = ""] = [graph.inputs[0]?.name, graph.outputs[0]?.name];
    const x = { shape: [rows, 6], values: Float32Array.from({ length: rows * 6 }, () => 2 * uniform() - 1) };
    const whole = loadEvaluatedModel(writeOnnx(graph), "whole").run({ [input]: x }, {})[output];
    for (const point of cutPoints(graph)) {
      const all = loadEvaluatedModel(writeOnnx({ ...graph, outputs: [{ name: point.value, elementType: elementTypes.float32, shape: [] }] }), "seen").run({ [input]: x }, {})[point.value];
      const { head, tail } = cutGraph(graph, point, all?.shape.slice(1) ?? []);
      const made = loadEvaluatedModel(writeOnnx(head), "head").run({ [input]: x }, {});
      assert.deepEqual(Object.keys(made), [point.value]);
      assert.deepEqual(loadEvaluatedModel(writeOnnx(tail), "tail").run(made, {})[output], whole, `${graph.name} at ${point.value}`);
      assert.deepEqual(readOnnx(writeOnnx(tail), "tail"), tail);
      if (isRowWise(graph, new Set([input]))) assert.ok(isRowWise(tail, new Set([point.value])) && isRowWise(head, new Set([input])));
      for (const second of cutPoints(tail)) {
        const { head: middle, tail: end } = cutGraph(tail, second, []);
        const half = loadEvaluatedModel(writeOnnx({ ...middle, outputs: [{ ...value(second.value, 1), shape: [] }] }), "middle").run(made, {});
        assert.deepEqual(loadEvaluatedModel(writeOnnx({ ...end, inputs: end.inputs.map((one) => ({ ...one, shape: [] })) }), "end").run(half, {})[output], whole, `${graph.name} at ${point.value} and ${second.value}`);
      }
    }
  }
});

test("work of a layer follows its shapes", () => {
  const shapes = new Map<string, readonly number[]>([["x", [1, 6]], ["a", [1, 4]], ["image", [1, 3, 8, 8]], ["kernel", [5, 3, 3, 3]], ["conv", [1, 5, 6, 6]]]);
  const of = (operator: string, inputs: readonly string[], output: string): number => operationsOf(node(operator, inputs, output), (name) => shapes.get(name));
  assert.deepEqual([of("MatMul", ["x", "w0"], "a"), of("Relu", ["x"], "a"), of("Conv", ["image", "kernel"], "conv")], [48, 4, 2 * 180 * 27]);
});
