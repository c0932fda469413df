import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, missed } from "./aims.ts";

test("an aim is met up to its bound; beyond it, or where nothing was measured, it is missed and says so", () => {
  const aims = judge({ one: 2, two: 2, three: 0.1 }, { one: 2, two: 2.01, other: 0 });
  assert.deepEqual(Object.values(aims).map(({ isMet }) => isMet), [true, false, false]);
  assert.deepEqual(missed(aims), ["two is 2.01, and at most 2 is aimed for", "three is NaN, and at most 0.1 is aimed for"]);
});
