import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backoffMs } from "./backoff.ts";

const bounds = { firstMs: 200, maxMs: 30_000 };

test("the ceiling doubles from the first wait to the longest, and stays there for ever", () => {
  const ceilings = Array.from({ length: 10 }, (_, attempt) => backoffMs(attempt, bounds, 1));
  assert.deepEqual(ceilings, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  assert.equal(backoffMs(1e9, bounds, 1), 30_000);
});

test("the jitter is full: a wait is any part of the ceiling", () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, uniform) => {
      const wait = backoffMs(attempt, bounds, uniform);
      assert.equal(wait, uniform * backoffMs(attempt, bounds, 1));
      assert.ok(wait >= 0 && wait < bounds.maxMs);
    }),
  );
});
