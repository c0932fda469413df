import assert from "node:assert/strict";
import { test } from "node:test";
import { countByTime, stepFor } from "./buckets.ts";
import type { Event } from "./event.ts";

const from = Date.UTC(2026, 0, 1);
const event = (origin: string, sequence: number, afterMs: number): Event => {
  const time = new Date(from + afterMs).toISOString();
  return { specversion: "1.0", id: `${origin}/e/data/${sequence}`, type: "a.b", source: `/${origin}/x`, time, recordedtime: time, clock: "synced", class: "derived", jurisdiction: "EU" };
};

test("each event counts once, in the step in which it was recorded, however late it comes", () => {
  const early = [event("g-1", 1, 0), event("g-1", 2, 1_999), event("g-2", 1, 2_000)];
  const late = [...early, event("g-1", 2, 1_999), event("g-1", 3, 1_000)];
  const { times, series } = countByTime(late, from, from + 4_000, 2);
  assert.deepEqual(times.map((time) => 1_000 * time - from), [0, 2_000, 4_000]);
  assert.deepEqual(series, [{ label: "g-1", values: [3, 0, 0] }, { label: "g-2", values: [0, 1, 0] }]);
});

test("what is outside of the window is not counted; many origins become a few", () => {
  const events = [event("old", 1, -1), ...Array.from({ length: 10 }, (_, place) => event(`g-${place}`, 1, 1_000))];
  const { series } = countByTime(events, from, from + 2_000, 1);
  assert.equal(series.length, 8);
  assert.equal(series.flatMap(({ values }) => values).reduce((sum, value) => sum + value, 0), 10);
});

test("steps are round, and not too many", () => {
  assert.deepEqual([60, 900, 86_400].map(stepFor), [1, 10, 1_800]);
});
