import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { createSteadyLoad } from "./steady-load.ts";

const after = (looks: readonly (number | undefined)[]): number | undefined => {
  const steady = createSteadyLoad();
  return looks.map(steady).at(-1);
};
const quiet = Array.from({ length: limits.inventoryLoadLooks }, () => 10);

test("the load to plan by is unknown until there were enough looks", () => {
  assert.equal(after(quiet.slice(1)), undefined);
  assert.equal(after([...quiet.slice(1), undefined]), undefined, "a look that told nothing is none");
  assert.equal(after(quiet), 10);
});

test("a minute of full work is no load to plan by, most of the time is", () => {
  assert.equal(after([...quiet, 100]), 10);
  const most = Array.from({ length: (limits.inventoryLoadLooks >> 1) + 1 }, () => 100);
  assert.equal(after([...quiet, ...most]), 100);
  assert.equal(after([...quiet, ...most, ...quiet]), 10, "and passes");
});
