import assert from "node:assert/strict";
import { test } from "node:test";
import { addToMinute, publish, readingsMin, type Minute, type MinuteData } from "./minutes.ts";
import type { Row } from "./reading.ts";

const run = (rows: readonly (readonly [number, Row])[]): (MinuteData | undefined)[] => {
  const published: (MinuteData | undefined)[] = [];
  let minute: Minute | undefined;
  for (const [timeMs, row] of rows) {
    const step = addToMinute(minute, timeMs, row);
    minute = step.minute;
    if (step.closed !== undefined) published.push(publish(step.closed));
  }
  return published;
};
const steady = (count: number, startMs: number, row: (index: number) => Row): [number, Row][] => Array.from({ length: count }, (_, index) => [startMs + index * 1_000, row(index)]);

test("a minute is count, mean and deviation, to four digits", () => {
  const values = steady(60, 0, (index) => [index, 1_000_000 + index / 10]);
  assert.deepEqual(run([...values, [60_000, [0, 0]]]), [{ count: 60, mean: [29.5, 1_000_000], deviation: [17.46, 1.746] }]);
});

test("few readings are not published: of a sensor, or at all", () => {
  const few = steady(20, 0, (index) => [index, index < readingsMin - 1 ? 5 : null]);
  assert.deepEqual(run([...few, [60_000, [0, 0]]]), [{ count: [20, null], mean: [9.5, null], deviation: [5.916, null] }]);
  assert.deepEqual(run([...steady(readingsMin - 1, 0, () => [1, 1]), [60_000, [0, 0]]]), [undefined]);
});

test("stragglers are counted and not added; a clock that runs far back begins anew", () => {
  const rows = [...steady(20, 120_000, () => [1]), [119_000, [1_000]] as [number, Row], [180_000, [1]] as [number, Row]];
  assert.deepEqual(run(rows), [{ count: 20, mean: [1], deviation: [0], late: 1 }]);
  assert.deepEqual(run([...steady(20, 3_600_000, () => [1]), ...steady(20, 0, () => [2]), [60_000, [0]]]).map((data) => data?.mean), [[1], [2]]);
});
