import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hourMs, meanOver, shiftOf, shiftText, windowsText, type Curve, type ShiftRule } from "./job.ts";

const beginMs = Date.UTC(2027, 0, 15);
const curveOf = (values: readonly number[]): Curve => ({ startMs: beginMs, values: [...values] });
const at = (hour: number): number => beginMs + hour * hourMs;
const rule = (more: Partial<ShiftRule> = {}): ShiftRule => ({ hours: 2, slackHours: 4, interruptible: false, by: "carbon", ...more });
const valley = curveOf([9, 8, 7, 1, 2, 9, 0, 9, ...Array.from({ length: 40 }, () => 50)]);

test("a run is done in its best hours, in one piece or in pieces; what it saves is told", () => {
  const whole = shiftOf(rule(), { arrivesMs: at(0), nextMs: at(24) }, valley, at(-3));
  assert.deepEqual([whole.windows, whole.planned, whole.atOnce, whole.deadlineMs, whole.basis], [[{ fromMs: at(3), toMs: at(5) }], 1.5, 8.5, at(6), "curve"]);
  const pieces = shiftOf(rule({ interruptible: true, slackHours: 5 }), { arrivesMs: at(0), nextMs: at(24) }, valley, at(0));
  assert.deepEqual([pieces.windows, pieces.planned], [[{ fromMs: at(3), toMs: at(4) }, { fromMs: at(6), toMs: at(7) }], 0.5]);
  assert.equal(shiftText(whole), "its run of 2027-01-15 00:00 UTC is done 2027-01-15 03:00 to 05:00 UTC, before 2027-01-15 06:00: 1.5 g/kWh instead of 8.5 at once, 82.35 % less");
});

test("what is due before the deadline is not put off for the run after it; what is late begins at once", () => {
  assert.deepEqual(shiftOf(rule(), { arrivesMs: at(0), nextMs: at(3) }, valley, at(0)).windows, [{ fromMs: at(1), toMs: at(3) }]);
  assert.deepEqual(shiftOf(rule(), { arrivesMs: at(0), nextMs: at(24) }, valley, at(5)).windows, [{ fromMs: at(5), toMs: at(7) }]);
});

test("an hour that nobody knows is as the day before; without a curve it runs at once, and says so", () => {
  const day = curveOf([...Array.from({ length: 24 }, (_, hour) => (hour === 5 ? 1 : 10))]);
  const tomorrow = shiftOf(rule({ hours: 1, slackHours: 12 }), { arrivesMs: at(24), nextMs: at(48) }, day, at(23));
  assert.deepEqual([tomorrow.windows, tomorrow.basis], [[{ fromMs: at(29), toMs: at(30) }], "repeated"]);
  assert.deepEqual(shiftOf(rule(), { arrivesMs: at(0), nextMs: at(24) }, undefined, at(0)), { by: "carbon", arrivesMs: at(0), deadlineMs: at(6), nextMs: at(24), windows: [{ fromMs: at(0), toMs: at(2) }], planned: null, atOnce: null, basis: "unknown" });
  assert.equal(shiftOf(rule(), { arrivesMs: at(12), nextMs: at(36) }, curveOf([1, 2, 3]), at(12)).basis, "unknown");
});

test("a run that does not begin on the hour is judged by the parts of hours that it lies in", () => {
  const half = at(0) + hourMs / 2;
  assert.equal(meanOver(curveOf([2, 4]), [{ fromMs: half, toMs: half + hourMs }]), 3);
  const { windows } = shiftOf(rule({ hours: 1, slackHours: 6 }), { arrivesMs: half, nextMs: at(24) }, valley, half);
  assert.deepEqual(windows, [{ fromMs: half + 3 * hourMs, toMs: half + 4 * hourMs }]);
  assert.equal(windowsText([{ fromMs: at(23), toMs: at(25) }, { fromMs: at(26), toMs: at(27) }]), "2027-01-15 23:00 to 2027-01-16 01:00 and 02:00 to 03:00 UTC");
});

test("whatever the curve, hours lie within their time, are as many as the job has, and cost no more than at once", () => {
  const rules = fc.record({ hours: fc.integer({ min: 1, max: 5 }), slackHours: fc.integer({ min: 0, max: 20 }), interruptible: fc.boolean(), by: fc.constant("price" as const) });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -40, max: 90 }), { minLength: 30, maxLength: 60 }), rules, fc.integer({ min: 0, max: 29 }), (values, job, arrival) => {
      const run = { arrivesMs: at(arrival), nextMs: at(arrival + 12) };
      const { windows, planned, atOnce, deadlineMs } = shiftOf(job, run, curveOf(values), at(arrival));
      assert.equal(windows.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0), job.hours * hourMs);
      assert.ok(windows.every(({ fromMs, toMs }) => fromMs >= run.arrivesMs && toMs <= deadlineMs) && deadlineMs <= run.nextMs);
      assert.ok(job.interruptible || windows.length === 1);
      assert.ok((planned ?? 0) <= (atOnce ?? 0) + 1e-9);
      assert.equal(planned, meanOver(curveOf(values), windows));
    }),
    { numRuns: 300 },
  );
});

test("of a run that is not done when the next one is due that is said, with a curve and without", () => {
  for (const curve of [valley, undefined]) {
    const of = (hoursBetween: number): string => shiftText(shiftOf(rule({ hours: 3, slackHours: 12 }), { arrivesMs: at(0), nextMs: at(hoursBetween) }, curve, at(0)));
    assert.match(of(2), /; the next one is due 2 h after it, before it is done, so it waits for no better hours$/);
    assert.doesNotMatch(of(3), /the next one is due/);
    assert.doesNotMatch(of(24), /the next one is due/);
  }
});
