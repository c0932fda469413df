import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HolonError } from "../errors.ts";
import { checkElementTypes, chooseInputs } from "./inputs.ts";
import { elementTypes, freeInputs, type OnnxGraph } from "./onnx-graph.ts";
import { readOnnx } from "./onnx-reader.ts";
import { writeOnnx } from "./onnx-writer.ts";
import { MessageWriter, readFields, readPackedIntegers } from "./protobuf.ts";

const graph: OnnxGraph = {
  name: "every-kind",
  opset: 17,
  nodes: [
    {
      operator: "Gemm",
      domain: "",
      inputs: ["x", "", "bias"],
      outputs: ["y"],
      attributes: { alpha: { kind: "float", value: 0.5 }, axis: { kind: "integer", value: -1 }, perm: { kind: "integers", value: [1, 0, -7] }, mode: { kind: "text", value: "größer" } },
    },
    { operator: "Custom", domain: "com.example", inputs: [], outputs: ["z"], attributes: {} },
  ],
  constants: [
    { name: "bias", elementType: elementTypes.float32, shape: [2, 1], values: Float32Array.of(1.5, -2) },
    { name: "shape", elementType: elementTypes.int64, shape: [2], values: [-1, 2 ** 40] },
  ],
  inputs: [
    { name: "x", elementType: elementTypes.float32, shape: ["n", 3] },
    { name: "bias", elementType: elementTypes.float32, shape: [2, 1] },
  ],
  outputs: [{ name: "y", elementType: elementTypes.float32, shape: ["n"] }],
};

test("what is written is read again", () => assert.deepEqual(readOnnx(writeOnnx(graph), "m"), graph));

test("inputs with a constant of the same name are not asked for", () => assert.deepEqual(freeInputs(graph).map((input) => input.name), ["x"]));

test("lists of numbers are read packed and one by one, and fields of the future are read past", () => {
  const tensor = (write: (message: MessageWriter) => MessageWriter): Uint8Array => {
    const constant = write(new MessageWriter()).integer(2, 1).text(8, "c").integer(99, 5).float(98, 1).text(97, "later");
    const node = new MessageWriter().text(2, "y").text(4, "Identity");
    const value = new MessageWriter().text(1, "y");
    return new MessageWriter().message(7, new MessageWriter().message(1, node).message(5, constant).message(12, value)).finish();
  };
  const floats = new Uint8Array(Float32Array.of(3, 4).buffer);
  for (const bytes of [
    tensor((message) => message.integer(1, 2).float(4, 3).float(4, 4)),
    tensor((message) => message.bytes(1, Uint8Array.of(2)).bytes(4, floats)),
  ]) {
    assert.deepEqual(readOnnx(bytes, "m").constants, [{ name: "c", elementType: 1, shape: [2], values: Float32Array.of(3, 4) }]);
  }
});

test("numbers of 64 bits, negative ones too, go through a field and a list", () =>
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const [field] = readFields(new MessageWriter().integer(1, value).finish());
      assert.equal(field?.integer, value);
      assert.deepEqual(readPackedIntegers(new MessageWriter().integer(1, value).finish().subarray(1)), [value]);
    }),
  ));

test("whatever the bytes, reading ends with a graph or with a coded error that names the model", () => {
  const written = writeOnnx(graph);
  const isCoded = (bytes: Uint8Array): void => {
    try {
      readOnnx(bytes, "model-7");
    } catch (error) {
      assert.ok(error instanceof HolonError && error.code === "HOLON_MODEL_NOT_ONNX" && error.message.includes("model-7"), String(error));
    }
  };
  for (let length = 0; length < written.length; length++) isCoded(written.subarray(0, length));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), isCoded));
  fc.assert(
    fc.property(fc.nat(written.length - 1), fc.nat(255), (index, byte) => {
      const bytes = written.slice();
      bytes[index] = byte;
      isCoded(bytes);
    }),
  );
});

test("one symbolic dimension has one size in a call", () => {
  const value = (name: string, ...shape: (string | number)[]) => ({ name, elementType: elementTypes.float32, shape });
  const wanted = [value("x", "n", "d"), value("mean", "d")];
  const tensor = (...shape: number[]) => ({ shape, values: new Float32Array(shape.reduce((product, size) => product * size, 1)) });
  const isBad = (naming: RegExp) => (error: unknown) => error instanceof HolonError && error.code === "HOLON_MODEL_INPUT_BAD" && naming.test(error.message);
  assert.deepEqual(Object.keys(chooseInputs(wanted, { x: tensor(5, 2) }, { mean: tensor(2), other: tensor(1) }, "pca")), ["x", "mean"]);
  assert.throws(() => chooseInputs(wanted, { x: tensor(5, 2), mean: tensor(3) }, {}, "pca"), isBad(/model pca: input mean has the shape \[3\], not \[d\] with d = 2/));
  assert.throws(() => chooseInputs(wanted, { x: tensor(5, 2) }, {}, "pca"), isBad(/input mean is missing/));
  assert.throws(() => chooseInputs(wanted, { x: { shape: [2, 2], values: new Float32Array(3) } }, {}, "pca"), isBad(/3 values for the shape \[2, 2\]/));
  assert.throws(() => checkElementTypes({ ...graph, outputs: [{ name: "label", elementType: elementTypes.int64, shape: [] }] }, "m"), /label is not of 32-bit floats/);
});
