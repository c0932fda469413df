import assert from "node:assert/strict";
import { test } from "node:test";
import { createIdleTimes } from "./keep-alive.ts";

const after = (...idleMs: readonly number[]) => {
  const times = createIdleTimes();
  for (const ms of idleMs) times.add(ms);
  return times.plan();
};
const repeated = (count: number, idleMs: (index: number) => number): readonly number[] => Array.from({ length: count }, (_, index) => idleMs(index));

test("while little is known, or calls come at all distances, it is kept for a fixed time", () => {
  assert.deepEqual(after(), { warmAfterMs: 0, letGoAfterMs: 60_000, isKnown: false });
  assert.deepEqual(after(100, 100, 100), { warmAfterMs: 0, letGoAfterMs: 60_000, isKnown: false });
  assert.deepEqual(after(...repeated(420, (index) => 50 * 1.35 ** (index % 42))), { warmAfterMs: 0, letGoAfterMs: 60_000, isKnown: false });
});

test("what is called every second stays warm; what is called every minute is let go and made warm before the next call", () => {
  const often = after(...repeated(50, () => 1_000));
  assert.equal(often.warmAfterMs, 0);
  assert.ok(often.letGoAfterMs > 1_000 && often.letGoAfterMs < 3_000);
  const seldom = after(...repeated(50, (index) => 60_000 + (index % 5) * 100));
  assert.ok(seldom.warmAfterMs > 30_000 && seldom.warmAfterMs < 60_000, `${seldom.warmAfterMs}`);
  assert.ok(seldom.letGoAfterMs > 60_400);
});

test("the tail, not the mean, says how long it is kept", () => {
  const { warmAfterMs, letGoAfterMs } = after(...repeated(100, (index) => (index % 20 === 0 ? 40_000 : 500)));
  assert.equal(warmAfterMs, 0);
  assert.ok(letGoAfterMs > 40_000);
});
