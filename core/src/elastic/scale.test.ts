import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../limits.ts";
import { alone, pieces, scaled } from "./scale.ts";

const queue = { withinMs: 1_000, siblingsMax: 2, nowMs: 0 };

test("siblings are asked at once where a queue takes too long, and let go of one by one when it has been short for a while", () => {
  assert.equal(scaled(alone, { ...queue, waitMs: 1_000 }).siblings, 0);
  assert.equal(scaled(alone, { ...queue, waitMs: 1_001 }).siblings, 1);
  const both = scaled(alone, { ...queue, waitMs: 60_000 });
  assert.equal(both.siblings, 2, "no more than there are");
  const held = scaled(both, { ...queue, waitMs: 1_600, nowMs: 5_000 });
  assert.deepEqual(held, both, "half as long again is no reason to let go");
  const calm = scaled(both, { ...queue, waitMs: 10, nowMs: 5_000 });
  assert.deepEqual(calm, { siblings: 2, calmSinceMs: 5_000 });
  assert.equal(scaled(calm, { ...queue, waitMs: 10, nowMs: 4_999 + limits.elasticCalmMs }).siblings, 2);
  const one = scaled(calm, { ...queue, waitMs: 10, nowMs: 5_000 + limits.elasticCalmMs });
  assert.equal(one.siblings, 1);
  assert.deepEqual(scaled(one, { ...queue, waitMs: 10, nowMs: 5_000 + 2 * limits.elasticCalmMs }), alone);
  assert.equal(scaled(calm, { ...queue, waitMs: 3_000, nowMs: 6_000 }).calmSinceMs, undefined, "it has to be calm all the while");
  assert.equal(scaled(both, { ...queue, waitMs: 9_000, siblingsMax: 1 }).siblings, 1, "who is gone does not help");
});

test("a batch is cut into pieces that hold each event once, in order", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 300 }), fc.double({ min: 0, max: 500, noNaN: true }), fc.integer({ min: 1, max: 15 }), (events, eventMs, workers) => {
    const cut = pieces(events, eventMs, workers);
    assert.deepEqual(cut.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index)), Array.from({ length: events }, (_, index) => index));
  }));
  assert.equal(pieces(256, 0.01, 3).length, 1, "what is done in no time goes nowhere");
  assert.deepEqual(pieces(4, 200, 3).map(({ from }) => from), [0, 1, 2, 3]);
});
