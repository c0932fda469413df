import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HolonError } from "../errors.ts";
import { confidenceOf, fitGate } from "./gate.ts";
import { packTensor, unpackTensor } from "./packed.ts";

function draws(start: number): () => number {
  let seed = start;
  return () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** Rows whose truth is drawn from the probabilities that the small model would give if it were honest; it overstates them `boast` times. */
function rowsOf(count: number, boast: number, seed: number) {
  const uniform = draws(seed);
  const scores = new Float32Array(count * 3);
  const above = new Float32Array(count * 3);
  const labels = new Uint8Array(count);
  for (let row = 0; row < count; row++) {
    const honest = [0, 0, 0].map(() => 6 * (uniform() - 0.5));
    const powers = honest.map(Math.exp);
    const sum = powers.reduce((total, power) => total + power, 0);
    const drawn = uniform() * sum;
    const label = drawn < (powers[0] ?? 0) ? 0 : drawn < (powers[0] ?? 0) + (powers[1] ?? 0) ? 1 : 2;
    labels[row] = label;
    scores.set(honest.map((score) => score * boast), row * 3);
    above[row * 3 + (uniform() < 0.97 ? label : (label + 1) % 3)] = 5;
  }
  return { scores, above, labels, classes: 3 };
}

test("the temperature takes back what a model overstates, so that confidence is accuracy", () => {
  for (const boast of [0.5, 1, 3]) {
    const { gate, calibrationError } = fitGate(rowsOf(6_000, boast, 3), 1);
    assert.ok(Math.abs(gate.temperature / boast - 1) < 0.1, `${gate.temperature} for ${boast}`);
    assert.ok(calibrationError < 0.03, `${calibrationError}`);
  }
});

test("a gate keeps its loss on rows it was not fitted on, answers more the more it may lose, and nothing where it may lose nothing", () => {
  let before = -1;
  for (const allowed of [0, 0.5, 2, 8, 100]) {
    const { gate, answeredShare } = fitGate(rowsOf(8_000, 2, 5), allowed);
    assert.ok(answeredShare >= before);
    before = answeredShare;
    const fresh = rowsOf(8_000, 2, 77);
    const confidence = confidenceOf(fresh.scores, 3, gate);
    const isRight = (scores: Float32Array, row: number): boolean => [0, 1, 2].every((index) => (scores[row * 3 + index] ?? 0) <= (scores[row * 3 + (fresh.labels[row] ?? 0)] ?? 0));
    const rows = [...fresh.labels.keys()];
    const asking = rows.filter((row) => isRight(fresh.above, row)).length;
    const gated = rows.filter((row) => isRight((confidence[row] ?? 0) >= gate.threshold ? fresh.scores : fresh.above, row)).length;
    assert.ok((100 * (asking - gated)) / rows.length <= allowed + 0.3, `${allowed} allowed, ${(100 * (asking - gated)) / rows.length} lost`);
  }
  assert.equal(before, 1, "with everything allowed it asks nothing");
  const hopeless = rowsOf(500, 1, 9);
  assert.equal(fitGate({ ...hopeless, scores: hopeless.scores.map((value) => -value) }, 0).answeredShare, 0);
});

test("tensors come back from the wire bit for bit, and pictures take a byte a value", () =>
  fc.assert(
    fc.property(fc.oneof(fc.array(fc.integer({ min: 0, max: 255 }).map((byte) => Math.fround(byte / 255))), fc.array(fc.integer({ min: 0, max: 255 })), fc.array(fc.float({ noNaN: true }))), (list) => {
      const values = Float32Array.from(list);
      const packed = packTensor({ shape: [values.length], values });
      const back = unpackTensor(packed);
      assert.ok(back.values.length === values.length && back.values.every((value, index) => Object.is(value, values[index])));
      if (packed.as !== "floats") assert.equal(packed.values.length, 4 * Math.ceil(values.length / 3));
    }),
  ));

test("a zero below zero is no byte", () => {
  for (const list of [[-0], [1, -0], [0.2, -0]]) {
    const { values } = unpackTensor(packTensor({ shape: [list.length], values: Float32Array.from(list) }));
    assert.ok(Object.is(values.at(-1), -0), String(list));
  }
});

test("a packed tensor that does not fill its shape, or is no base 64, is refused", () => {
  for (const bad of [{ shape: [3], as: "ones" as const, values: "AAA=" }, { shape: [1], as: "floats" as const, values: "AA==" }, { shape: [3], as: "ones" as const, values: "!!!!" }]) {
    assert.throws(() => unpackTensor(bad), (error) => error instanceof HolonError && error.code === "HOLON_MODEL_INPUT_BAD");
  }
});
