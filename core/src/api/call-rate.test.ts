import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { createCallRate } from "./call-rate.ts";

test("so many calls go at once and so many a second after that; each caller is counted apart, and more callers than are counted as one", () => {
  let nowMs = 0;
  const wait = createCallRate(() => nowMs);
  const takes = (who: string, tries: number): number => Array.from({ length: tries }, () => wait(who)).filter((ms) => ms === 0).length;
  assert.equal(takes("ada", limits.apiCallsAtOnce + 50), limits.apiCallsAtOnce);
  const ms = wait("ada");
  assert.ok(ms > 0 && ms <= 1_000 / limits.apiCallsPerSecond, String(ms));
  assert.equal(wait("olga"), 0);
  nowMs += ms;
  assert.deepEqual([wait("ada"), wait("ada") > 0], [0, true]);
  nowMs += 10_000;
  assert.equal(takes("ada", 2 * limits.apiCallsAtOnce), Math.min(limits.apiCallsAtOnce, 10 * limits.apiCallsPerSecond));
  for (let count = 0; count < 2 * limits.apiCallersCounted; count += 1) wait(`caller ${count}`);
  assert.ok(takes("one more", limits.apiCallsAtOnce) < limits.apiCallsAtOnce);
  nowMs += 60_000;
  assert.equal(takes("one more", limits.apiCallsAtOnce), limits.apiCallsAtOnce, "those who are quiet make room");
});
