import assert from "node:assert/strict";
import { test } from "node:test";
import { printPosition } from "@holon/platform/door/replay/position.ts";
import { createCutPlan, rowsPlayed } from "./cut-plan.ts";

test("a run cuts and heals once each, at its events", () => {
  const plan = createCutPlan(300, 900, 0);
  assert.deepEqual([299, 300, 301, 900, 901].map((events) => plan.at(events)), [[], ["cut"], [], ["heal"], []]);
  assert.equal(plan.note(), undefined);
});

test("a run that goes on counts what was played before: it cuts later, at once, or no more", () => {
  const [early, between, past] = [100, 500, 950].map((before) => ({ before, plan: createCutPlan(300, 900, before) }));
  assert.deepEqual([100, 299, 300].map((events) => early?.plan.at(events)), [[], [], ["cut"]]);
  assert.deepEqual([500, 900].map((events) => between?.plan.at(events)), [["cut"], ["heal"]]);
  assert.deepEqual([950, 2000].map((events) => past?.plan.at(events)), [[], []]);
  assert.match(past?.plan.note() ?? "", /past --heal-after 900 already, at 950 events/);
  assert.deepEqual(createCutPlan(300, undefined, 500).at(500), ["cut"], "a cut that nothing heals lasts");
});

test("a source that ends too early is told", () => {
  assert.match(createCutPlan(300, undefined, 0).note() ?? "", /ended before --cut-after 300/);
});

test("the rows played are those of the files before, and of this one", () => {
  const files = [{ path: "/a", subject: "a" }, { path: "/b", subject: "b" }];
  assert.equal(rowsPlayed(undefined, files, [10, 20]), 0);
  assert.equal(rowsPlayed(printPosition({ index: 1, row: 7, startMs: undefined }, files), files, [10, 20]), 17);
});
