import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { loadEvaluatedModel } from "./evaluator.ts";
import fc from "fast-check";
import { denseGraph } from "./dense.ts";
import { elementTypes, type OnnxGraph, type OnnxNode, type OnnxValue } from "./onnx-graph.ts";
import { readOnnx } from "./onnx-reader.ts";
import { writeOnnx } from "./onnx-writer.ts";
import { isRowWise } from "./row-wise.ts";

const floats = (name: string, ...shape: (string | number)[]): OnnxValue => ({ name, elementType: elementTypes.float32, shape });
const integers = (values: readonly number[]) => ({ name: "axes", elementType: elementTypes.int64, shape: [values.length], values });
const node = (operator: string, inputs: string[], output: string, attributes: OnnxNode["attributes"] = {}): OnnxNode => ({ operator, domain: "", inputs, outputs: [output], attributes });
const graphOf = (nodes: OnnxNode[], more: Partial<OnnxGraph> = {}): OnnxGraph => ({ name: "g", opset: 17, nodes, constants: [], inputs: [floats("x", "n", 3)], outputs: [floats("y", "n", 3)], ...more });
const fixed = (shape: readonly number[]) => ({ name: "c", elementType: elementTypes.float32, shape, values: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, index) => index - 1) });
const axis = (value: number): OnnxNode["attributes"] => ({ axis: { kind: "integer", value } });

const mixing: readonly (readonly [string, OnnxGraph])[] = [
  ["a softmax over the rows", graphOf([node("Softmax", ["x"], "y", axis(0))])],
  ["a softmax over the rows, counted from the end", graphOf([node("Softmax", ["x"], "y", axis(-2))])],
  ["a sum of the rows", graphOf([node("ReduceSum", ["x", "axes"], "sum"), node("Sub", ["x", "sum"], "y")], { constants: [integers([0])] })],
  ["a sum of all", graphOf([node("ReduceSum", ["x"], "sum"), node("Sub", ["x", "sum"], "y")])],
  ["rows as columns", graphOf([node("Transpose", ["x"], "t", { perm: { kind: "integers", value: [1, 0] } }), node("Softmax", ["t"], "s"), node("Transpose", ["s"], "y", { perm: { kind: "integers", value: [1, 0] } })])],
  ["a value for each row", graphOf([node("Add", ["x", "c"], "y")], { constants: [fixed([2, 1])] })],
  ["the scale of dynamic quantisation", graphOf([{ operator: "DynamicQuantizeLinear", domain: "", inputs: ["x"], outputs: ["q", "s", "z"], attributes: {} }, node("DequantizeLinear", ["q", "s", "z"], "y")])],
  ["another domain's operator", graphOf([{ ...node("Relu", ["x"], "y"), domain: "com.example" }])],
  ["a fixed number of rows", graphOf([node("Relu", ["x"], "y")], { inputs: [floats("x", 2, 3)] })],
  ["an output that is the same for all", graphOf([node("Relu", ["x"], "y")], { outputs: [floats("y", "n", 3), floats("c")], constants: [fixed([1])] })],
];

for (const [name, graph] of mixing) test(`rows are not taken to be apart: ${name}`, () => assert.equal(isRowWise(graph, new Set(["x"])), false));

test("a dense network keeps rows apart, and so does the graph of pump-watch with its parameters bound, but not while they are given", () => {
  assert.equal(isRowWise(denseGraph({ name: "d", layers: [4, 3, 2] }, () => 0.3), new Set(["x"])), true);
  const pca = readOnnx(readFileSync(new URL("../../../examples/pump-watch/models/pca.onnx", import.meta.url)), "pca");
  assert.equal(isRowWise(pca, new Set(["x"])), true);
  assert.equal(isRowWise(pca, new Set(["x", "mean"])), false);
});

test("what is proved holds: rows run together give what they give alone", () => {
  const attributes = fc.constantFrom<OnnxNode["attributes"]>({}, axis(0), axis(1), axis(-1));
  const step = fc.oneof(
    fc.record({ operator: fc.constantFrom("Relu", "Tanh", "Softmax", "Identity"), attributes, operand: fc.constant(undefined) }),
    fc.record({ operator: fc.constantFrom("Add", "Mul", "Sub"), attributes: fc.constant({}), operand: fc.constantFrom("c", "x", "axesSum") }),
    fc.record({ operator: fc.constantFrom("MatMul"), attributes: fc.constant({}), operand: fc.constant("w") }),
  );
  let proved = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), fc.constantFrom([0], [1], [-1], [0, 1]), fc.constantFrom([3], [1, 3], [2, 1], [1]), (steps, axes, constantShape) => {
      const nodes = [node("ReduceSum", ["x", "axes"], "axesSum"), ...steps.map(({ operator, operand, attributes: own }, index) => node(operator, [index === 0 ? "x" : `v${index - 1}`, ...(operand === undefined ? [] : [operand])], index === steps.length - 1 ? "y" : `v${index}`, own))];
      const graph = graphOf(nodes, { constants: [integers(axes), fixed(constantShape), { ...fixed([3, 3]), name: "w" }] });
      if (!isRowWise(graph, new Set(["x"]))) return;
      proved += 1;
      const model = loadEvaluatedModel(writeOnnx(graph), "g");
      const rows = [Float32Array.of(0.5, -1, 2), Float32Array.of(3, 0.25, -0.5)] as const;
      const together = model.run({ x: { shape: [2, 3], values: Float32Array.of(...rows[0], ...rows[1]) } }, {})["y"]?.values ?? [];
      const alone = rows.flatMap((values) => [...(model.run({ x: { shape: [1, 3], values } }, {})["y"]?.values ?? [])]);
      assert.deepEqual([...together], alone);
    }),
    { numRuns: 500, seed: 4 },
  );
  assert.ok(proved > 50, `${proved} of 500 graphs keep rows apart`);
});
