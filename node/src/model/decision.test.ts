/** A model by itself: what it decides at once is what it decides. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { ModelSession, Tensors } from "@holon/core/ports.ts";
import { createModelDecider } from "./decision.ts";

const x = { shape: [2, 1], values: Float32Array.of(1, -1) };
const outputs = (scores: readonly number[]): Tensors => ({ y: { shape: [2, scores.length / 2], values: Float32Array.from(scores) } });
const sessionOf = (scores: readonly number[], more: Partial<ModelSession> = {}): ModelSession => ({ inputs: ["x"], outputs: ["y"], run: () => Promise.resolve(outputs(scores)), close: () => Promise.resolve(), ...more });
const rows = { label: undefined };

test("at once as later; undefined where its session has to be asked", async () => {
  const scores = [3, 1, 0, 2];
  const decider = createModelDecider({ session: sessionOf(scores, { runNow: () => outputs(scores) }), self: "gateway-1" });
  const decided = await decider.decide(x, rows);
  assert.deepEqual(decided.map(({ scores: own, answeredBy }) => [[...own], answeredBy]), [[[3, 1], "gateway-1"], [[0, 2], "gateway-1"]]);
  assert.deepEqual(decider.decideNow?.(x), decided);
  assert.equal(createModelDecider({ session: sessionOf(scores), self: "gateway-1" }).decideNow?.(x), undefined);
  assert.equal(createModelDecider({ session: sessionOf(scores, { runNow: () => undefined }), self: "gateway-1" }).decideNow?.(x), undefined);
});

test("scores that are no whole number a row are refused either way", async () => {
  const odd = createModelDecider({ session: sessionOf([1, 2, 3], { runNow: () => outputs([1, 2, 3]) }), self: "gateway-1" });
  const isBad = (error: unknown): boolean => error instanceof HolonError && error.code === "HOLON_MODEL_INPUT_BAD";
  await assert.rejects(odd.decide(x, rows), isBad);
  assert.throws(() => odd.decideNow?.(x), isBad);
});
