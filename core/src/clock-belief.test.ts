import assert from "node:assert/strict";
import { test } from "node:test";
import { createClockBelief } from "./clock-belief.ts";
import { limits } from "./limits.ts";
import type { ClockState } from "./ports.ts";

test("a clock that nobody has set is believed once it has gone for hours without a step, and never at 1970", () => {
  const clock = { nowMs: 0, aheadMs: Date.UTC(2025, 7, 1), state: "unknown" as ClockState };
  const isBelieved = createClockBelief({ elapsedMs: () => clock.nowMs, wall: () => ({ ms: clock.nowMs + clock.aheadMs, state: clock.state }) });
  const after = (ms: number): boolean => {
    clock.nowMs += ms;
    return isBelieved();
  };
  assert.deepEqual([after(0), after(limits.clockBelievedMs - 1), after(1)], [false, false, true]);
  clock.aheadMs += 10 * limits.clockStepMs;
  assert.deepEqual([after(1), after(limits.clockBelievedMs)], [false, true]);
  clock.aheadMs = 0;
  assert.deepEqual([after(1), after(2 * limits.clockBelievedMs)], [false, false]);
  clock.state = "synced";
  assert.equal(after(1), true);
});

test("a clock that drifts has not stepped", () => {
  let nowMs = 0;
  const isBelieved = createClockBelief({ elapsedMs: () => nowMs, wall: () => ({ ms: Date.UTC(2027, 0) + nowMs * 1.001, state: "coasting" }) });
  for (isBelieved(); nowMs < limits.clockBelievedMs; nowMs += 60_000) assert.equal(isBelieved(), false);
  assert.equal(isBelieved(), true);
});
