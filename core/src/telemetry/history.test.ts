import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { metricByName } from "./catalogue.ts";
import { createHistory, type History } from "./history.ts";
import type { Window } from "./window.ts";

const stepMs = 10_000;
const steps = 100;
const beginMs = 1_800_000_000_000;
const window = (startMs: number, key = "holon.log.records"): Window => ({ startMs, endMs: startMs + stepMs, everyMs: stepMs, merged: 1, sums: { [key]: 1 }, gauges: {}, durations: {} });
const metric = metricByName.get("holon.log.records");
assert.ok(metric !== undefined);

const points = (history: History, fromMs: number, toMs: number) => history.query({ metric, fromMs, toMs, stepMs, byAttributes: false, nowMs: toMs, expected: () => 2 })[0]?.points ?? [];
const kept = (history: History, fromMs: number, toMs: number): number => points(history, fromMs, toMs).filter(({ value }) => value !== null).length;
/** A node that tells each step as it ends. */
function tell(history: History, node: string, from: number, to: number): void {
  for (let step = from; step < to; step++) history.add(node, window(beginMs + step * stepMs), undefined, beginMs + (step + 1) * stepMs);
}

test("a node whose clock is in the future changes no chart and no bound, and is counted again when its clock is right", () => {
  const history = createHistory(stepMs, steps);
  tell(history, "a", 0, 90);
  const nowMs = beginMs + 90 * stepMs;
  for (const aheadMs of [limits.telemetryAheadMs + 1, 1_000 * stepMs, 100 * 365 * 86_400_000]) history.add("b", window(nowMs - stepMs + aheadMs), undefined, nowMs);
  assert.equal(kept(history, beginMs, nowMs), 90);
  assert.equal(kept(history, nowMs, nowMs + 1_000 * stepMs), 0);
  history.add("b", window(nowMs - stepMs), undefined, nowMs);
  assert.equal(points(history, nowMs - stepMs, nowMs)[0]?.reported, 2);
  tell(history, "a", 90, 5_000);
  assert.equal(kept(history, beginMs, beginMs + 5_000 * stepMs), steps);
});

test("the bound is of time here: it holds behind a clock that was set back, and for windows of long ago", () => {
  const history = createHistory(stepMs, steps);
  tell(history, "a", 4_900, 5_000); // this node's own clock was ahead
  tell(history, "a", 0, 300);
  assert.equal(kept(history, beginMs, beginMs + 5_000 * stepMs), steps);
  assert.equal(points(history, beginMs + 299 * stepMs, beginMs + 300 * stepMs)[0]?.reported, 1);
  history.add("a", window(beginMs), beginMs + 300 * stepMs, beginMs + 300 * stepMs);
  assert.equal(history.sinceMs(), beginMs + 200 * stepMs);
});

test("a node whose clock is set back, or that tells a minute again, is one of those who have told it", () => {
  const history = createHistory(stepMs, steps);
  tell(history, "a", 0, 20);
  tell(history, "a", 10, 30);
  for (let turn = 0; turn < 30; turn++) tell(history, "a", turn % 2 === 0 ? 40 + turn : 0, turn % 2 === 0 ? 41 + turn : 5);
  assert.deepEqual([...new Set(points(history, beginMs, beginMs + 90 * stepMs).map(({ reported }) => reported))].sort(), [0, 1]);
  assert.deepEqual(points(history, beginMs, beginMs + 30 * stepMs).filter(({ reported }) => reported !== 1), []);
});

test("what no step is kept of is no line any more", () => {
  const history = createHistory(stepMs, steps);
  history.add("a", window(beginMs, 'holon.log.records{stream="gone"}'), undefined, beginMs + stepMs);
  tell(history, "a", 1, 2 * steps);
  assert.equal(history.query({ metric, fromMs: beginMs, toMs: beginMs + stepMs, stepMs, byAttributes: true, nowMs: beginMs + stepMs, expected: () => 1 }).length, 1);
});

test("there are only so many lines, and one that ends makes room", () => {
  const history = createHistory(stepMs, steps);
  for (let index = 0; index < limits.telemetrySeriesMax + 10; index++) history.add("a", window(beginMs, `holon.log.records{stream="${index}"}`), undefined, beginMs + stepMs);
  const lines = (): number => history.query({ metric, fromMs: beginMs, toMs: beginMs + stepMs, stepMs, byAttributes: true, nowMs: beginMs + stepMs, expected: () => 1 }).length;
  assert.equal(lines(), limits.telemetrySeriesMax);
  tell(history, "a", 1, 2 * steps);
  assert.equal(kept(history, beginMs, beginMs + 2 * steps * stepMs), steps);
});

test("a step is told where windows cover it, whatever order they come in and wherever they end in between", () => {
  const history = createHistory(stepMs);
  const until = (startMs: number, endMs: number, sum: number): void => history.add("a", { ...window(beginMs + startMs), endMs: beginMs + endMs, sums: { "holon.log.records": sum } }, undefined, beginMs + endMs);
  const now = (nowMs: number) => history.query({ metric, fromMs: beginMs, toMs: beginMs + nowMs, stepMs, byAttributes: false, nowMs: beginMs + nowMs, expected: () => 1 })[0]?.points.map(({ value, reported, open = false }) => [value, reported, open]);
  until(-9_996, 4, 0);
  until(4, stepMs + 20, 5);
  assert.deepEqual(now(stepMs + 3_000), [[5, 1, false], [null, 0, true]], "nothing of what is 20 ms old");
  until(stepMs + 20, stepMs + 4_000, 4); // the link was cut
  assert.deepEqual(now(3 * stepMs), [[5, 1, false], [4, 0, false], [null, 0, false]]);
  until(stepMs + 7_000, 2 * stepMs + 5_000, 8);
  assert.deepEqual(now(3 * stepMs), [[5, 1, false], [7, 0, false], [5, 0, false]]);
  until(stepMs + 4_000, stepMs + 7_000, 1);
  assert.deepEqual(now(3 * stepMs), [[5, 1, false], [8, 1, false], [5, 0, false]]);
  until(2 * stepMs + 5_000, 2 * stepMs + 5_010, 2);
  assert.deepEqual(now(3 * stepMs), [[5, 1, false], [8, 1, false], [7, 0, false]], "of a moment nothing is lost");
});
