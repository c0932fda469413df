import assert from "node:assert/strict";
import { test } from "node:test";
import { objectiveSchema, type Objective } from "../schema/objective.ts";
import { printKey } from "../telemetry/key.ts";
import { createDurationMeter, mergeWindows, type Window } from "../telemetry/window.ts";
import { isStalled, judgedKey, rightKey, shareOf } from "./sli.ts";

const unit = { app: "press", function: "judge" };
const objective = (more: object): Objective => objectiveSchema.parse({ name: "one", target: 0.9, ...more });
const windowOf = (more: Partial<Window>): Window => ({ startMs: 0, endMs: 60_000, everyMs: 60_000, merged: 1, sums: {}, gauges: {}, durations: {}, ...more });
const meterOf = (values: readonly number[]) => {
  const meter = createDurationMeter();
  for (const value of values) meter.add(value);
  return meter.value();
};

test("latency: what was handled in time, of the app's own functions alone, the same merged or not", () => {
  const values = Array.from({ length: 1_000 }, (_, at) => at + 1);
  const one = windowOf({ durations: { [printKey("holon.function.duration", unit)]: meterOf(values), [printKey("holon.function.duration", { app: "other", function: "judge" })]: meterOf([9_999]) } });
  const wanted = objective({ kind: "latency", withinMs: 250 });
  const share = shareOf(wanted, "press", one);
  assert.equal(share?.total, 1_000);
  assert.ok(Math.abs((share?.good ?? 0) - 250) <= 10, `${share?.good ?? 0} of 250 within 2 %`);
  const both = shareOf(wanted, "press", mergeWindows(one, windowOf({ ...one, startMs: 60_000, endMs: 120_000 })));
  assert.ok(Math.abs((both?.good ?? 0) - 2 * (share?.good ?? 0)) < 1e-6 && both?.total === 2_000);
  assert.equal(shareOf(objective({ kind: "latency", withinMs: 5_000 }), "press", one)?.good, 1_000);
  assert.equal(shareOf(wanted, "nobody", one), undefined);
  assert.equal(shareOf(objective({ kind: "latency", of: "inference", withinMs: 5 }), "press", windowOf({ durations: { [printKey("holon.inference.duration", unit)]: meterOf([1, 2, 30]) } }))?.good, 2);
});

test("freshness: of a stream, or of a function", () => {
  const fresh = windowOf({ gauges: { [printKey("holon.log.age", { stream: "data" })]: [40, 40, 40, 40, 1], [printKey("holon.function.age", unit)]: [3, 1, 61, 90, 4] } });
  assert.deepEqual(shareOf(objective({ kind: "freshness", stream: "data", withinMs: 60_000 }), "press", fresh), { good: 1, total: 1 });
  assert.deepEqual(shareOf(objective({ kind: "freshness", stream: "data", withinMs: 30_000 }), "press", fresh), { good: 0, total: 1 });
  assert.deepEqual(shareOf(objective({ kind: "freshness", function: "judge", withinMs: 31_000 }), "press", fresh), { good: 2, total: 4 });
});

test("loss and accuracy: counts, and nothing where nothing was counted", () => {
  const counted = windowOf({ sums: { [printKey("holon.function.events", unit)]: 98, [printKey("holon.function.aside", unit)]: 2, [printKey("holon.log.records", { stream: "data" })]: 10, [judgedKey("press", "right")]: 20, [rightKey("press", "right")]: 19 } });
  assert.deepEqual(shareOf(objective({ kind: "loss" }), "press", counted), { good: 98, total: 100 });
  assert.deepEqual(shareOf(objective({ kind: "loss", stream: "data" }), "press", counted), { good: 10, total: 10 });
  assert.deepEqual(shareOf(objective({ name: "right", kind: "accuracy", type: "press.verdict" }), "press", counted), { good: 19, total: 20 });
  assert.equal(shareOf(objective({ kind: "accuracy", type: "press.verdict" }), "press", counted), undefined);
});

test("a function that handles nothing while records wait for it is stalled: as long as it handles some, or none wait, or not for long, it is not", () => {
  const wanted = objective({ kind: "latency", withinMs: 250 });
  const window = (lag: number, ageSeconds: number, handled: number): Window => windowOf({ gauges: { [printKey("holon.function.lag", unit)]: [lag, lag, lag, lag, 1], [printKey("holon.function.age", unit)]: [ageSeconds, ageSeconds, ageSeconds, ageSeconds, 1] }, durations: handled === 0 ? {} : { [printKey("holon.function.duration", unit)]: meterOf([3]) } });
  assert.equal(isStalled(wanted, "press", window(377, 80, 0)), true);
  for (const [lag, age, handled] of [[377, 80, 1], [0, 80, 0], [377, 0.1, 0]] as const) assert.equal(isStalled(wanted, "press", window(lag, age, handled)), false, JSON.stringify([lag, age, handled]));
  assert.equal(isStalled(wanted, "other", window(377, 80, 0)), false);
  assert.equal(isStalled(objective({ kind: "latency", function: "another", withinMs: 250 }), "press", window(377, 80, 0)), false);
  assert.equal(isStalled(objective({ kind: "freshness", function: "judge", withinMs: 250 }), "press", window(377, 80, 0)), false);
});
