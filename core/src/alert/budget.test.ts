import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { burnRules, createBudget, type Budget } from "./budget.ts";

const hourMs = 3_600_000;
const periodMs = 30 * 24 * hourMs;
const minuteMs = 60_000;
const beginMs = Date.UTC(2026, 0, 1);

/** Minute by minute: 1,000 events, of which that part is bad. */
function feed(budget: Budget, fromMs: number, toMs: number, bad: number): void {
  for (let at = fromMs; at < toMs; at += minuteMs) budget.add(at, at + minuteMs, 1_000 * (1 - bad), 1_000);
}
const burning = (budget: Budget, nowMs: number): readonly string[] => budget.burns(nowMs).filter(({ isBurning }) => isBurning).map(({ severity, threshold }) => `${severity} ${threshold}`);

test("the windows and thresholds are those of the workbook for thirty days: an hour, six hours, three days", () => {
  const budget = createBudget({ target: 0.999, periodMs });
  assert.deepEqual(budget.burns(beginMs).map(({ severity, threshold, longMs, shortMs }) => [severity, threshold, longMs / hourMs, shortMs / minuteMs]), [["page", 14.4, 1, 5], ["page", 6, 6, 30], ["ticket", 1, 72, 360]]);
  // 2 %, 5 % and 10 % of the budget are spent when each of them has burnt that fast for the whole of its window.
  for (const [index, spent] of [0.02, 0.05, 0.1].entries()) assert.ok(Math.abs((burnRules[index]?.burn ?? 0) * (burnRules[index]?.part ?? 0) - spent) < 1e-9);
});

test("a total outage calls somebody within minutes, and is over soon after it ends", () => {
  const budget = createBudget({ target: 0.999, periodMs });
  feed(budget, beginMs, beginMs + 24 * hourMs, 0);
  const outageMs = beginMs + 24 * hourMs;
  assert.deepEqual(burning(budget, outageMs), []);
  feed(budget, outageMs, outageMs + 2 * minuteMs, 1);
  assert.deepEqual(burning(budget, outageMs + 2 * minuteMs).slice(0, 1), ["page 14.4"]);
  feed(budget, outageMs + 2 * minuteMs, outageMs + 10 * minuteMs, 0);
  assert.ok(!burning(budget, outageMs + 10 * minuteMs).includes("page 14.4"), "the last five minutes are well");
});

test("a few events burn nothing, nor does one bad event alone", () => {
  const few = createBudget({ target: 0.999, periodMs });
  few.add(beginMs, beginMs + minuteMs, 0, 19);
  assert.deepEqual(burning(few, beginMs + minuteMs), []);
  few.add(beginMs + minuteMs, beginMs + 2 * minuteMs, 0, 1);
  assert.equal(burning(few, beginMs + 2 * minuteMs)[0], "page 14.4");
  const one = createBudget({ target: 0.999, periodMs });
  one.add(beginMs, beginMs + minuteMs, 29, 30);
  assert.deepEqual(burning(one, beginMs + minuteMs), []);
});

test("what burns slowly is a ticket and calls nobody", () => {
  const budget = createBudget({ target: 0.999, periodMs });
  feed(budget, beginMs, beginMs + 80 * hourMs, 0.0012);
  assert.deepEqual(burning(budget, beginMs + 80 * hourMs), ["ticket 1"]);
});

test("what is just within the objective burns nothing, and what is left of the budget is said", () => {
  const budget = createBudget({ target: 0.99, periodMs });
  feed(budget, beginMs, beginMs + 10 * hourMs, 0.0099);
  assert.deepEqual(burning(budget, beginMs + 10 * hourMs), []);
  assert.ok(Math.abs((budget.spent(beginMs + 10 * hourMs).left ?? 0) - 0.01) < 0.001);
  assert.deepEqual(createBudget({ target: 0.99, periodMs }).spent(beginMs), { good: 0, total: 0, left: null, sinceMs: undefined });
});

test("what comes after a long outage counts where it happened, and calls nobody now", () => {
  const budget = createBudget({ target: 0.999, periodMs });
  feed(budget, beginMs + 40 * hourMs, beginMs + 41 * hourMs, 0);
  feed(budget, beginMs + 20 * hourMs, beginMs + 22 * hourMs, 1); // late
  const rules = burning(budget, beginMs + 41 * hourMs);
  assert.ok(!rules.some((rule) => rule.startsWith("page")), rules.join());
  assert.ok((budget.spent(beginMs + 41 * hourMs).left ?? 1) < 0);
});

test("however it is cut into windows, nothing of it is lost or counted twice, and what was kept goes on", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ spanMs: fc.integer({ min: 1_000, max: 4 * hourMs }), good: fc.integer({ min: 0, max: 1_000 }), bad: fc.integer({ min: 0, max: 1_000 }) }), { minLength: 1, maxLength: 40 }), (windows) => {
      let budget = createBudget({ target: 0.9, periodMs });
      let atMs = beginMs;
      for (const { spanMs, good, bad } of windows) {
        budget.add(atMs, atMs + spanMs, good, good + bad);
        atMs += spanMs;
        if (good % 7 === 0) budget = createBudget({ target: 0.9, periodMs, kept: JSON.parse(JSON.stringify(budget.kept())) as ReturnType<Budget["kept"]> });
      }
      const { good, total } = budget.spent(atMs);
      const sum = (of: (window: (typeof windows)[number]) => number): number => windows.reduce((all, window) => all + of(window), 0);
      assert.ok(Math.abs(good - sum((window) => window.good)) < 1e-6 && Math.abs(total - sum((window) => window.good + window.bad)) < 1e-6);
    }),
    { numRuns: 100 },
  );
});
