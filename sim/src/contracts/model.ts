import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HolonError, type ErrorCode } from "@holon/core/errors.ts";
import { elementTypes, type OnnxConstant, type OnnxGraph, type OnnxNode, type OnnxValue } from "@holon/core/model/onnx-graph.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import type { Model, Tensor } from "@holon/core/ports.ts";

const tensor = (shape: readonly number[], ...values: number[]): Tensor => ({ shape, values: Float32Array.from(values) });
const floats = (name: string, ...shape: (string | number)[]): OnnxValue => ({ name, elementType: elementTypes.float32, shape });
const node = (operator: string, inputs: string[], output: string, attributes: OnnxNode["attributes"] = {}): OnnxNode => ({ operator, domain: "", inputs, outputs: [output], attributes });
const constant = (name: string, shape: number[], ...values: number[]): OnnxConstant => ({ name, elementType: elementTypes.float32, shape, values: Float32Array.from(values) });
const integers = (name: string, ...values: number[]): OnnxConstant => ({ name, elementType: elementTypes.int64, shape: [values.length], values });
const graph = (parts: Partial<OnnxGraph>): Uint8Array => writeOnnx({ name: "small", opset: 17, nodes: [], constants: [], inputs: [], outputs: [], ...parts });

const isNear = (actual: Tensor | undefined, expected: Tensor): void => {
  assert.deepEqual(actual?.shape, expected.shape);
  expected.values.forEach((value, index) => {
    const found = actual?.values[index] ?? NaN;
    assert.ok(Math.abs(found - value) <= 1e-5 * Math.max(1, Math.abs(value)), `value ${index} is ${found}, not ${value}`);
  });
};
const fails = (work: Promise<unknown>, code: ErrorCode, naming: RegExp): Promise<void> =>
  assert.rejects(work, (error) => error instanceof HolonError && error.code === code && naming.test(error.message));

const affine = graph({
  nodes: [node("Mul", ["x", "slope"], "scaled"), node("Add", ["scaled", "offset"], "y")],
  inputs: [floats("x", "n", "d"), floats("slope", "d"), floats("offset", "d")],
  outputs: [floats("y", "n", "d")],
});

/** One operator at a time: its inputs, and what comes out by hand. */
const operatorCases: readonly { readonly name: string; readonly graph: Uint8Array; readonly x: Tensor; readonly y: Tensor }[] = [
  { name: "Sub, broadcast over rows", x: tensor([2, 2], 1, 2, 3, 4), y: tensor([2, 2], 0, -8, 2, -6), graph: single([node("Sub", ["x", "c"], "y")], [constant("c", [2], 1, 10)]) },
  { name: "Div, broadcast over columns", x: tensor([2, 2], 1, 2, 3, 4), y: tensor([2, 2], 0.5, 1, 0.75, 1), graph: single([node("Div", ["x", "c"], "y")], [constant("c", [2, 1], 2, 4)]) },
  { name: "Max of three", x: tensor([1, 3], -1, 5, 2), y: tensor([1, 3], 0, 5, 3), graph: single([node("Max", ["x", "a", "b"], "y")], [constant("a", [1], 0), constant("b", [3], -9, -9, 3)]) },
  { name: "Min", x: tensor([1, 3], -1, 5, 2), y: tensor([1, 3], -1, 2, 2), graph: single([node("Min", ["x", "a"], "y")], [constant("a", [1], 2)]) },
  { name: "MatMul", x: tensor([1, 2], 3, 5), y: tensor([1, 3], 23, 31, 39), graph: single([node("MatMul", ["x", "c"], "y")], [constant("c", [2, 3], 1, 2, 3, 4, 5, 6)]) },
  {
    name: "Gemm with a transposed weight and factors",
    x: tensor([1, 2], 3, 5),
    y: tensor([1, 2], 0.5 * 13 + 2 * 1, 0.5 * 29 + 2 * 10),
    graph: single(
      [node("Gemm", ["x", "w", "b"], "y", { transB: { kind: "integer", value: 1 }, alpha: { kind: "float", value: 0.5 }, beta: { kind: "float", value: 2 } })],
      [constant("w", [2, 2], 1, 2, 3, 4), constant("b", [2], 1, 10)],
    ),
  },
  { name: "Relu", x: tensor([1, 2], -3, 5), y: tensor([1, 2], 0, 5), graph: single([node("Relu", ["x"], "y")]) },
  { name: "Sigmoid", x: tensor([1, 2], 0, Math.log(3)), y: tensor([1, 2], 0.5, 0.75), graph: single([node("Sigmoid", ["x"], "y")]) },
  { name: "Tanh", x: tensor([1, 2], 0, Math.log(3)), y: tensor([1, 2], 0, 0.8), graph: single([node("Tanh", ["x"], "y")]) },
  { name: "Sqrt", x: tensor([1, 2], 9, 2), y: tensor([1, 2], 3, Math.SQRT2), graph: single([node("Sqrt", ["x"], "y")]) },
  { name: "Identity", x: tensor([1, 2], 9, 2), y: tensor([1, 2], 9, 2), graph: single([node("Identity", ["x"], "y")]) },
  { name: "Softmax of large values", x: tensor([2, 2], 1000, 1000, Math.log(3), 0), y: tensor([2, 2], 0.5, 0.5, 0.75, 0.25), graph: single([node("Softmax", ["x"], "y")]) },
  {
    name: "Softmax along the first axis",
    x: tensor([2, 2], 0, Math.log(3), 0, 0),
    y: tensor([2, 2], 0.5, 0.75, 0.5, 0.25),
    graph: single([node("Softmax", ["x"], "y", { axis: { kind: "integer", value: 0 } })]),
  },
  { name: "Transpose", x: tensor([2, 3], 1, 2, 3, 4, 5, 6), y: tensor([3, 2], 1, 4, 2, 5, 3, 6), graph: single([node("Transpose", ["x"], "y", { perm: { kind: "integers", value: [1, 0] } })]) },
  { name: "Reshape with a dimension left open", x: tensor([2, 3], 1, 2, 3, 4, 5, 6), y: tensor([3, 2], 1, 2, 3, 4, 5, 6), graph: single([node("Reshape", ["x", "c"], "y")], [integers("c", 3, -1)]) },
  {
    name: "ReduceSum over the last axis, dropped",
    x: tensor([2, 3], 1, 2, 3, 4, 5, 6),
    y: tensor([2], 6, 15),
    graph: single([node("ReduceSum", ["x", "c"], "y", { keepdims: { kind: "integer", value: 0 } })], [integers("c", -1)], ["n"]),
  },
  { name: "ReduceSum over the first axis, kept", x: tensor([2, 3], 1, 2, 3, 4, 5, 6), y: tensor([1, 3], 5, 7, 9), graph: single([node("ReduceSum", ["x", "c"], "y")], [integers("c", 0)]) },
];

function single(nodes: OnnxNode[], constants: OnnxConstant[] = [], outputShape: (string | number)[] = ["a", "b"]): Uint8Array {
  return graph({ nodes, constants, inputs: [floats("x", "n", "d")], outputs: [floats("y", ...outputShape)] });
}

/** What every Model promises: the same numbers within 1e-5, and the same codes for what cannot be. */
export function modelContract(name: string, model: Model): void {
  describe(`model contract: ${name}`, () => {
    for (const { name: operator, graph: bytes, x, y } of operatorCases) {
      it(`evaluates ${operator}`, async () => {
        const session = await model.load(bytes, {});
        isNear((await session.run({ x }))["y"], y);
        await session.close();
      });
    }

    it("binds parameters, tells which inputs are left, and takes any number of rows", async () => {
      const session = await model.load(affine, { slope: tensor([2], 2, 3), offset: tensor([2], 1, -1) });
      assert.deepEqual([session.inputs, session.outputs], [["x"], ["y"]]);
      isNear((await session.run({ x: tensor([1, 2], 1, 1) }))["y"], tensor([1, 2], 3, 2));
      isNear((await session.run({ x: tensor([2, 2], 1, 1, 10, 20) }))["y"], tensor([2, 2], 3, 2, 21, 59));
      await session.close();
    });

    it("keeps the parameters it was given, whatever their owner does to them later", async () => {
      const slope = tensor([2], 2, 3);
      const session = await model.load(affine, { slope, offset: tensor([2], 0, 0) });
      slope.values.fill(0);
      isNear((await session.run({ x: tensor([1, 2], 1, 1) }))["y"], tensor([1, 2], 2, 3));
      await session.close();
    });

    it("refuses inputs that do not fit, naming model and input, and goes on", async () => {
      const session = await model.load(affine, { slope: tensor([2], 2, 3) });
      const x = tensor([1, 2], 1, 1);
      const offset = tensor([2], 0, 0);
      await fails(session.run({ x }), "HOLON_MODEL_INPUT_BAD", /small.*offset is missing/);
      await fails(session.run({ x: tensor([2], 1, 1), offset }), "HOLON_MODEL_INPUT_BAD", /small.*input x has the shape \[2\], not \[n, d\]/);
      await fails(session.run({ x: tensor([1, 3], 1, 1, 1), offset }), "HOLON_MODEL_INPUT_BAD", /d = 3/);
      await fails(session.run({ x: tensor([1, 5], 1, 1), offset }), "HOLON_MODEL_INPUT_BAD", /input x has 2 values/);
      await fails(session.run({ x, offset, other: x }), "HOLON_MODEL_INPUT_BAD", /no input other/);
      isNear((await session.run({ x, offset }))["y"], tensor([1, 2], 2, 3));
      await session.close();
    });

    it("refuses what is no ONNX graph", async () => {
      const cut = affine.slice(0, affine.length - 7);
      for (const bytes of [new Uint8Array(0), new TextEncoder().encode("not a model"), Uint8Array.from({ length: 64 }, (_, index) => (index * 37) & 255), cut]) {
        await fails(model.load(bytes, {}), "HOLON_MODEL_NOT_ONNX", /model/);
      }
    });

    it("refuses operators and element types it does not have, naming them", async () => {
      await fails(model.load(single([node("FrobnicateTensor", ["x"], "y")]), {}), "HOLON_MODEL_UNSUPPORTED", /small.*FrobnicateTensor/);
      const integerInput = graph({ nodes: [node("Identity", ["x"], "y")], inputs: [{ name: "x", elementType: elementTypes.int64, shape: ["n"] }], outputs: [{ name: "y", elementType: elementTypes.int64, shape: ["n"] }] });
      await fails(model.load(integerInput, {}), "HOLON_MODEL_UNSUPPORTED", /small.*x is not of 32-bit floats/);
    });

    it("is closed once it is closed", async () => {
      const session = await model.load(affine, {});
      await session.close();
      await fails(session.run({}), "HOLON_INTERNAL", /closed/);
    });
  });
}
