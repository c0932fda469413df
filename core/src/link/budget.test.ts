import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { borrowShare, bucketShare, createLinkBudget } from "./budget.ts";

const hourMs = 3_600_000;

test("a free link has no bound", () => {
  const budget = createLinkBudget("free", undefined, 0);
  budget.charge(1e15, 0);
  assert.equal(budget.waitMs(1e12, false, 1), 0);
  assert.deepEqual(budget.status(1), { priceClass: "free", bytesPerHour: undefined, availableBytes: undefined, borrowedBytes: 0, usedBytes: 1e15 });
});

test("data waits exactly as long as it takes to earn it, an alarm borrows within its bound", () => {
  const budget = createLinkBudget("metered", 6_000_000, 0);
  assert.equal(budget.waitMs(1_000_000, false, 0), 0);
  budget.charge(1_000_000, 0);
  const wait = budget.waitMs(500_000, false, 0);
  assert.equal(wait, Math.ceil((500_000 * hourMs) / 5_000_000));
  assert.equal(budget.waitMs(500_000, false, wait), 0);
  assert.equal(budget.waitMs(1_000_000, true, wait), 0, "a tenth of the budget can be borrowed");
  budget.charge(1_100_000, wait);
  assert.ok(budget.waitMs(1000, true, wait) > 0);
  assert.equal(budget.status(wait).borrowedBytes, 600_000);
});

test("what is larger than the bucket goes when the bucket is full", () => {
  const budget = createLinkBudget("metered", 600_000, 0);
  assert.equal(budget.waitMs(10_000_000, false, 0), 0);
  budget.charge(1, 0);
  assert.ok(budget.waitMs(10_000_000, false, 0) > 0);
});

test("a clock that stands still or goes back fills nothing", () => {
  const budget = createLinkBudget("expensive", 1_000_000, hourMs);
  budget.charge(1_000_000 * bucketShare, hourMs);
  assert.ok(budget.waitMs(1000, false, 0) > 0);
  assert.equal(budget.status(hourMs).availableBytes, 0);
});

test("no hour, wherever it begins, takes more than the budget and what alarms may borrow", () => {
  // Several times what an hour may carry: with less, nobody would have to wait.
  const pieces = fc.array(fc.record({ gapMs: fc.integer({ min: 0, max: 60_000 }), bytes: fc.integer({ min: 1, max: 100_000 }), alarm: fc.boolean() }), { minLength: 100, maxLength: 300 });
  fc.assert(
    fc.property(pieces, (list) => {
      const perHour = 1_000_000;
      const budget = createLinkBudget("metered", perHour, 0);
      const sent: { atMs: number; bytes: number }[] = [];
      let nowMs = 0;
      for (const { gapMs, bytes, alarm } of list) {
        nowMs += gapMs;
        if (budget.waitMs(bytes, alarm, nowMs) > 0) continue;
        budget.charge(bytes, nowMs);
        sent.push({ atMs: nowMs, bytes });
      }
      for (const { atMs } of sent) {
        const inHour = sent.filter((other) => other.atMs >= atMs && other.atMs < atMs + hourMs).reduce((sum, other) => sum + other.bytes, 0);
        assert.ok(inHour <= perHour * (1 + borrowShare) + 1, `${inHour} bytes in the hour from ${atMs}`);
      }
    }),
  );
});
