import assert from "node:assert/strict";
import { test } from "node:test";
import type { UnitEvent } from "../ports.ts";
import { createMoments } from "./moments.ts";

const arrived = (arrivedMs: number): UnitEvent => ({ id: "a/b/local/1", type: "a.b", source: "/a", subject: undefined, timeMs: 0, arrivedMs, data: 1 });

test("hybrid time never goes back and never lies before an arrival, whatever the wall clock does", () => {
  let ms = 1_000;
  const moments = createMoments({ wall: () => ({ ms, state: "synced" }) });
  const next = (wallMs: number, ...arrivals: readonly number[]): readonly number[] => {
    ms = wallMs;
    const moment = moments.next(arrivals.map(arrived));
    return [moment.ms, moment.hybrid.ms, moment.hybrid.count];
  };
  assert.deepEqual(next(1_000, 900), [1_000, 1_000, 0]);
  assert.deepEqual(next(1_000, 900), [1_000, 1_000, 1]);
  assert.deepEqual(next(1_001), [1_001, 1_001, 0]);
  assert.deepEqual(next(5, 6, 3), [5, 1_001, 1], "set back");
  assert.deepEqual(next(5, 2_000, 3), [5, 2_000, 0], "what came was recorded when the clock was ahead");
  assert.deepEqual(next(1_999), [1_999, 2_000, 1]);
  assert.deepEqual(next(2_001), [2_001, 2_001, 0]);
});
