import assert from "node:assert/strict";
import { test } from "node:test";
import { axisPixels, figure, lineText, roundSteps, timeTexts, unitWord } from "./axis.ts";

test("figures beside a chart are short and have their unit", () => {
  assert.deepEqual([0, 200 * 2 ** 20, 3 * 2 ** 30].map((value) => figure(value, "By")), ["0 B", "200 MiB", "3.00 GiB"]);
  assert.deepEqual([0, 0.0004, 0.25, 1.5, 3_000].map((value) => figure(value, "s")), ["0 s", "400 µs", "250 ms", "1.5 s", "3 k s"]);
  assert.deepEqual([0, 0.5, 3_000, 2_500_000].map((value) => figure(value, "{record}")), ["0", "0.5", "3 k", "2.5 M"]);
  assert.deepEqual(["{record}", "By", "1"].map(unitWord), ["records", "bytes", ""]);
  assert.equal(roundSteps("By")?.[28], 256 * 2 ** 20);
});

test("an axis is as wide as what stands on it", () => {
  assert.ok(axisPixels(["200,000,000"]) >= 85);
  assert.ok(axisPixels(["0", "1"]) < 40);
});

test("times are as ISO writes them, with the day below the first of each", () => {
  const at = (hours: number, minutes: number, seconds = 0): number => new Date(2026, 10, 22, hours, minutes, seconds).getTime() / 1_000;
  assert.deepEqual(timeTexts([at(2, 37), at(2, 38)], 60), ["02:37\n2026-11-22", "02:38"]);
  assert.deepEqual(timeTexts([at(23, 59, 30), at(24, 0)], 30), ["23:59:30\n2026-11-22", "00:00:00\n2026-11-23"]);
});

test("who does not see a chart hears all of a count, and of a gauge the last and the range", () => {
  assert.equal(lineText({ label: "data", values: [2, null, 3] }, "sum", "{record}"), "data: 5 records in all");
  assert.equal(lineText({ label: "memory", values: [2 ** 20, 3 * 2 ** 20, 2 * 2 ** 20] }, "gauge", "By"), "memory: 2.00 MiB last, between 1.00 MiB and 3.00 MiB");
  assert.equal(lineText({ label: "memory", values: [null] }, "gauge", "By"), "memory: unknown");
});
