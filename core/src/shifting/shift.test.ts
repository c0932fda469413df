import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCurve } from "./curve.ts";
import { arrivalsOf, bestHours, shiftAll, type Job } from "./shift.ts";

/** All of it tried, by the definition. */
function byForce(values: readonly number[], { hours, slack, interruptible }: Job): number {
  const means: number[] = [];
  for (let arrival = 0; arrival + slack + hours <= values.length; arrival++) {
    const window = values.slice(arrival, arrival + slack + hours);
    const pieces = interruptible ? [window.toSorted((a, b) => a - b).slice(0, hours)] : Array.from({ length: slack + 1 }, (_, start) => window.slice(start, start + hours));
    means.push(Math.min(...pieces.map((piece) => piece.reduce((sum, value) => sum + value, 0) / hours)));
  }
  return means.reduce((sum, mean) => sum + mean, 0) / means.length;
}

const near = (value: number, expected: number): void => assert.ok(Math.abs(value - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${value} is not ${expected}`);

test("every job of every arrival runs in the best hours that there are, negative ones too", () => {
  const jobs = fc.record({ hours: fc.integer({ min: 1, max: 6 }), slack: fc.integer({ min: 0, max: 9 }), interruptible: fc.boolean() });
  fc.assert(fc.property(fc.array(fc.integer({ min: -50, max: 400 }), { minLength: 15, maxLength: 60 }), jobs, (values, job) => {
    const curve = Float64Array.from(values);
    const { mean, arrivals } = shiftAll(curve, job);
    near(mean, byForce(values, job));
    assert.equal(arrivals, values.length - job.hours - job.slack + 1);
    let sum = 0;
    for (let arrival = 0; arrival < arrivals; arrival++) {
      const hours = bestHours(curve, arrival, job);
      assert.equal(new Set(hours).size, job.hours);
      assert.ok(hours.every((hour) => hour >= arrival && hour < arrival + job.slack + job.hours));
      sum += hours.reduce((total, hour) => total + (curve[hour] ?? 0), 0) / job.hours;
    }
    near(sum / arrivals, mean);
  }), { numRuns: 300 });
});

test("a job is decided by the forecast and pays by what came; negative hours are counted", () => {
  const actual = Float64Array.of(3, 2, 1, -4);
  assert.deepEqual(shiftAll(actual, { hours: 1, slack: 1, interruptible: false }, Float64Array.of(0, 1, 0, 1)), { arrivals: 3, mean: (3 + 1 + 1) / 3, meanAtOnce: 2, negativeHours: 0, negativeHoursAtOnce: 0 });
  assert.deepEqual(shiftAll(actual, { hours: 1, slack: 1, interruptible: false }), { arrivals: 3, mean: (2 + 1 - 4) / 3, meanAtOnce: 2, negativeHours: 1 / 3, negativeHoursAtOnce: 0 });
  assert.equal(arrivalsOf(4, { hours: 3, slack: 2, interruptible: false }), 0);
});

const header = "Datetime (UTC),Country,Carbon Intensity gCO₂eq/kWh (direct),Carbon Intensity gCO₂eq/kWh (LCA)";

test("a curve is read by the names of its columns, in either form of time", () => {
  const { kind, curve } = parseCurve(`\ufeff${header}\r\n2023-01-01 00:00:00,"Here, there",1,185.8\r\n2023-01-01 01:00:00,Here,2,190\r\n`, "x.csv");
  assert.deepEqual([kind, curve.startMs, ...curve.values], ["intensity", Date.UTC(2023, 0, 1), 185.8, 190]);
  const price = parseCurve("Datetime (UTC),Datetime (Local),Price (USD/MWh)\n2022-12-31 23:30:00+00:00,x,-3.5\n2023-01-01 00:30:00+00:00,x,2e1\n", "p.csv");
  assert.deepEqual([price.kind, ...price.curve.values], ["price", -3.5, 20]);
});

test("what does not fit is named by its line", () => {
  const row = "2023-01-01 00:00:00,Here,1,185.8";
  for (const [text, naming] of [
    ["", /x\.csv, line 1: there is no column `Datetime/],
    ["Datetime (UTC),Carbon Intensity gCO₂eq/kWh (direct)\n", /line 1: there is no column `Carbon/],
    [header, /line 1: there is no row/],
    [`${header}\n${row},7`, /line 2: there are 5 cells where the header has 4/],
    [`${header}\n${row}\n2023-01-01 02:00:00,Here,1,2`, /line 3: it is not one hour after/],
    [`${header}\n${row}\n${row}`, /line 3: it is not one hour after/],
    [`${header}\n2023-01-01,Here,1,2`, /line 2: "2023-01-01" is no time/],
    [`${header}\n2023-01-01 00:00:00,Here,1,`, /line 2: "" is no intensity/],
    [`${header}\n2023-01-01 00:00:00,Here,1,-2`, /line 2: "-2" is no intensity/],
    [`${header}\n2023-01-01 00:00:00,Here,1,0x10`, /line 2: "0x10" is no intensity/],
    [`${header}\n${row}\n\n2023-01-01 01:00:00,Here,1,2`, /line 3: there are 1 cells/],
    [`${header}\n2023-01-01 00:00:00,"Here,1,2`, /line 2: a quote/],
  ] as const) assert.throws(() => parseCurve(text, "x.csv"), (error) => error instanceof Error && "code" in error && error.code === "HOLON_TABLE_BAD" && naming.test(error.message), text);
});
