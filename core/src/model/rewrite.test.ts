import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "../errors.ts";
import fc from "fast-check";
import { denseGraph } from "./dense.ts";
import { readOnnx } from "./onnx-reader.ts";
import { writeOnnx } from "./onnx-writer.ts";
import { pruneByMagnitude } from "./prune.ts";
import { quantizeDynamic } from "./quantize-dynamic.ts";
import { calibratedValues, quantizeStatic } from "./quantize-static.ts";
import { quantizeMatrix, weightZero } from "./quantize-weights.ts";
import { parameterCount, weightNodes } from "./weights.ts";

let seed = 1;
const uniform = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
const network = denseGraph({ name: "net", layers: [40, 30, 20] }, uniform);
const matrix = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).chain(([inputs, outputs]) =>
  fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }), { minLength: inputs * outputs, maxLength: inputs * outputs }).map((values) => ({ inputs, outputs, matrix: Float32Array.from(values) })),
);

test("a byte is never further from its value than half a step, and 0 is 0", () =>
  fc.assert(
    fc.property(matrix, (given) => {
      const { bytes, scales } = quantizeMatrix(given);
      given.matrix.forEach((value, index) => {
        const scale = scales[scales.length === 1 ? 0 : index % given.outputs] ?? NaN;
        const back = scale * ((bytes[index] ?? 0) - weightZero);
        assert.ok(Math.abs(back - value) <= scale * 0.5001, `${value} came back as ${back} with steps of ${scale}`);
        if (value === 0) assert.equal(Math.abs(back), 0);
      });
    }),
  ));

test("outputs of very different reach get a scale each, outputs alike share one", () => {
  const apart = quantizeMatrix({ inputs: 2, outputs: 2, matrix: Float32Array.of(100, 0.01, -70, 0.005) });
  const alike = quantizeMatrix({ inputs: 2, outputs: 2, matrix: Float32Array.of(1, 1, -1, -1) });
  assert.deepEqual([apart.scales.length, alike.scales.length], [2, 1]);
});

test("quantised graphs keep inputs and outputs, drop the floats they replace, and are read as they are written", () => {
  const ranges = new Map(calibratedValues(network).map((name) => [name, { min: -1, max: 1 }]));
  for (const graph of [quantizeDynamic(network), quantizeStatic(network, ranges)]) {
    assert.deepEqual([graph.inputs, graph.outputs], [network.inputs, network.outputs]);
    assert.equal(graph.constants.some(({ name }) => name === "weight0"), false);
    assert.deepEqual(readOnnx(writeOnnx(graph), "q"), graph);
  }
});

test("pruning makes exactly the share of each matrix 0, the smallest first, and leaves biases alone", () =>
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.99, noNaN: true }), (share) => {
      const pruned = pruneByMagnitude(network, share);
      for (const [index, { weight }] of weightNodes(network).entries()) {
        const after = weightNodes(pruned)[index]?.weight.values ?? [];
        const kept = [...after].flatMap((value) => (value === 0 ? [] : [Math.abs(value)]));
        const gone = [...weight.values].flatMap((value, at) => (after[at] === 0 ? [Math.abs(value)] : []));
        assert.equal(gone.length, Math.floor(share * weight.values.length));
        assert.ok(Math.max(0, ...gone) <= Math.min(Infinity, ...kept));
      }
      assert.deepEqual(pruned.constants.filter(({ name }) => name.startsWith("bias")), network.constants.filter(({ name }) => name.startsWith("bias")));
    }),
    { numRuns: 30 },
  ));

test("a transposed weight is turned around; one with factors, or that others use, is left alone", () => {
  const values = Float32Array.from({ length: 600 }, uniform);
  const gemm = (attributes: Parameters<typeof weightNodes>[0]["nodes"][number]["attributes"]) => ({
    ...network,
    nodes: [{ operator: "Gemm", domain: "", inputs: ["x", "w"], outputs: ["y"], attributes }],
    constants: [{ name: "w", elementType: 1, shape: [20, 30], values }],
  });
  const [found] = weightNodes(gemm({ transB: { kind: "integer", value: 1 } }));
  assert.deepEqual([found?.inputs, found?.outputs, found?.matrix[1 * 20 + 3]], [30, 20, values[3 * 30 + 1]]);
  assert.deepEqual(weightNodes(gemm({ alpha: { kind: "float", value: 2 } })), []);
  assert.deepEqual(weightNodes({ ...gemm({}), outputs: [{ name: "w", elementType: 1, shape: [20, 30] }] }), []);
});

test("what is too small or was not read whole is refused by name", () => {
  const refuses = (work: () => unknown, naming: RegExp): void => assert.throws(work, (error) => error instanceof HolonError && error.code === "HOLON_MODEL_UNSUPPORTED" && naming.test(error.message));
  refuses(() => quantizeDynamic(denseGraph({ name: "tiny", layers: [3, 2] }, uniform)), /tiny has no matrix/);
  const ranges = new Map(calibratedValues(network).map((name) => [name, { min: -1, max: 1 }]));
  for (const small of [quantizeDynamic(network), quantizeStatic(network, ranges)]) {
    for (const again of [quantizeDynamic, (graph: typeof small) => quantizeStatic(graph, ranges), (graph: typeof small) => pruneByMagnitude(graph, 0.5)]) refuses(() => again(small), /net is already INT8$/);
  }
  refuses(() => quantizeStatic(network, new Map()), /net.*no range for x/);
  refuses(() => quantizeDynamic({ ...network, unread: "sparse constants" }), /net holds sparse constants/);
});

test("parameters are counted with and without bytes alike, apart from scales and zeros", () => {
  assert.equal(parameterCount(network), 40 * 30 + 30 + 30 * 20 + 20);
  assert.ok(parameterCount(quantizeDynamic(network)) - parameterCount(network) <= 2 * (30 + 20));
});
