import assert from "node:assert/strict";
import { after as afterAll, test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { denseParameters } from "@holon/core/model/dense.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { parameterNames, trainingGraph, velocityName, type Distillation } from "@holon/core/model/train-graph.ts";
import { softmaxRows } from "@holon/core/model/softmax.ts";
import type { Tensor, Tensors } from "@holon/core/ports.ts";
import { accuracyOf, partOf, scoresOf, type Labelled } from "./labelled.ts";
import { optimizeModel, type Method } from "./optimize.ts";
import { trainDense } from "./train.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createModel } from "@holon/platform/model.ts";

const model = createModel();
afterAll(() => model.close());

function draws(start: number): { uniform(): number } {
  let seed = start;
  return { uniform: () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647 };
}

/** Three classes as rings around a point in the plane, with noise and six features that mean nothing. */
function rings(rows: number, seed: number): Labelled {
  const { uniform } = draws(seed);
  const x = new Float32Array(rows * 8);
  const labels = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const label = row % 3;
    const angle = uniform() * 2 * Math.PI;
    const radius = 0.5 + label + (uniform() - 0.5) * 0.9;
    labels[row] = label;
    x.set([radius * Math.cos(angle), radius * Math.sin(angle), ...Array.from({ length: 6 }, () => uniform() - 0.5)], row * 8);
  }
  return { x, labels, features: 8, classes: 3 };
}

const training = rings(6_000, 11);
const testing = rings(3_000, 12);
const teacher = trainDense(model, draws(5), training, { name: "rings", hidden: [128, 64], epochs: 8 });

/** The loss of one step at given parameters, and the gradients that the step moved by. */
async function stepAt(parameters: Tensors, batch: Tensors, layers: readonly number[], distil: Distillation | undefined): Promise<{ readonly loss: number; readonly gradients: Readonly<Record<string, Float32Array>> }> {
  const session = await model.load(writeOnnx(trainingGraph({ layers, momentum: 0.5, distil })), {});
  const still = Object.fromEntries(Object.entries(parameters).map(([name, { shape, values }]): [string, Tensor] => [velocityName(name), { shape, values: new Float32Array(values.length) }]));
  const outputs = await session.run({ ...parameters, ...still, ...batch, rate: { shape: [1], values: Float32Array.of(0.25) } });
  await session.close();
  const gradients = Object.fromEntries(Object.keys(parameters).map((name) => [name, outputs[`${velocityName(name)}.next`]?.values ?? new Float32Array(0)]));
  for (const [name, { values }] of Object.entries(parameters)) {
    const moved = outputs[`${name}.next`]?.values ?? [];
    values.forEach((value, index) => assert.ok(Math.abs(value - 0.25 * (gradients[name]?.[index] ?? NaN) - (moved[index] ?? NaN)) < 1e-6));
  }
  return { loss: outputs["loss"]?.values[0] ?? NaN, gradients };
}

for (const distil of [undefined, { temperature: 3, share: 0.7 }]) {
  test(`gradients of the training graph are those of its loss${distil === undefined ? "" : ", from a teacher too"}`, async () => {
    const layers = [5, 7, 6, 3];
    const { uniform } = draws(3);
    const parameters = denseParameters({ name: "t", layers }, uniform);
    const rows = 12;
    const tensor = (width: number, value: (index: number) => number): Tensor => ({ shape: [1, rows, width], values: Float32Array.from({ length: rows * width }, (_, index) => value(index)) });
    const x = tensor(5, () => 2 * uniform() - 1);
    const target = tensor(3, (index) => (index % 3 === Math.floor(index / 3) % 3 ? 1 : 0));
    const scores = tensor(3, () => 4 * uniform() - 2);
    const batch = { x, target, ...(distil === undefined ? {} : { taught: { shape: scores.shape, values: softmaxRows(scores.values, 3, distil.temperature) } }) };
    const { gradients } = await stepAt(parameters, batch, layers, distil);
    for (const name of parameterNames(layers)) {
      const { shape, values } = parameters[name] ?? assert.fail();
      // Along a random direction of one parameter: a slope of many values stands out from the noise of 32 bits.
      const direction = values.map(() => 2 * uniform() - 1);
      const reach = 2e-3;
      const at = async (sign: number): Promise<number> => (await stepAt({ ...parameters, [name]: { shape, values: values.map((value, index) => value + sign * reach * (direction[index] ?? 0)) } }, batch, layers, distil)).loss;
      const numeric = ((await at(1)) - (await at(-1))) / (2 * reach);
      const told = Array.from(gradients[name] ?? []).reduce((sum, value, index) => sum + value * (direction[index] ?? 0), 0);
      assert.ok(Math.abs(numeric - told) < 2e-3 + 0.02 * Math.abs(told), `${name}: ${told} is told, ${numeric} is measured`);
    }
  });
}

test("the same chance gives the same network, and it learns what it should", async () => {
  const graph = writeOnnx(await teacher);
  assert.deepEqual(writeOnnx(await trainDense(model, draws(5), partOf(training, 0, 640), { name: "again", hidden: [8], epochs: 2 })), writeOnnx(await trainDense(model, draws(5), partOf(training, 0, 640), { name: "again", hidden: [8], epochs: 2 })));
  const session = await model.load(graph, {});
  const accuracy = accuracyOf(await scoresOf(session, testing), testing);
  assert.ok(accuracy > 0.93, `${accuracy} of the rings are right`);
  await session.close();
});

const means = { model, random: draws(9), codec: createCodec(), nowMs: () => performance.now() };

test("each method gives a smaller variant within what is allowed, with its figures", async () => {
  const graph = writeOnnx(await teacher);
  const methods: readonly (readonly [Method, number])[] = [
    [{ kind: "int8-dynamic" }, 1],
    [{ kind: "int8-static", calibration: training }, 1],
    [{ kind: "prune", share: 0.4 }, 2],
    [{ kind: "distil", training, hidden: [16], epochs: 6, temperature: 2, share: 0.5 }, 3],
  ];
  for (const [method, allowed] of methods) {
    const { graph: variant, report } = await optimizeModel(means, graph, method, testing, allowed);
    const { before, after } = report;
    assert.deepEqual([report.method, report.rows, before.sizeBytes, after.sizeBytes], [method.kind, 3_000, graph.length, variant.length]);
    assert.ok(after.compressedBytes < 0.8 * before.compressedBytes, `${method.kind}: ${after.compressedBytes} of ${before.compressedBytes} bytes`);
    assert.ok(before.latencyUsP50 > 0 && after.latencyUsP50 > 0 && Math.abs(report.lostPoints - 100 * (before.accuracy - after.accuracy)) < 0.01);
    if (method.kind.startsWith("int8")) assert.ok(after.sizeBytes < 0.4 * before.sizeBytes);
    if (method.kind === "distil") assert.ok(after.parameters < before.parameters / 10);
    else assert.deepEqual(readOnnx(variant, "v").outputs, readOnnx(graph, "g").outputs);
  }
});

test("a variant that loses more than is allowed is refused, with the figures", async () => {
  const graph = writeOnnx(await teacher);
  await assert.rejects(optimizeModel(means, graph, { kind: "prune", share: 0.97 }, testing, 0.5), (error) => error instanceof HolonError && error.code === "HOLON_MODEL_WORSE" && /prune of model rings loses [\d.]+ points .* 0\.5 are allowed/.test(error.message));
});
