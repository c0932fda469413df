import assert from "node:assert/strict";
import { test } from "node:test";
import { compareOrder } from "./order.ts";

test("equal lists have nothing lost, doubled or out of order, even with equal items", () => {
  assert.deepEqual(compareOrder(["a", "b", "a"], ["a", "b", "a"]), { lost: 0, duplicated: 0, reordered: 0 });
});

test("a missing item is lost, one too many is a duplicate", () => {
  assert.deepEqual(compareOrder(["a", "b", "c"], ["a", "c", "c"]), { lost: 1, duplicated: 1, reordered: 0 });
});

test("two items that changed places are out of order once", () => {
  assert.deepEqual(compareOrder(["a", "b", "c"], ["b", "a", "c"]), { lost: 0, duplicated: 0, reordered: 1 });
});

test("an item nobody expected counts as one too many", () => {
  assert.deepEqual(compareOrder(["a"], ["a", "z"]), { lost: 0, duplicated: 1, reordered: 0 });
});

test("who may hold more has no duplicate in what the other lost, but in what it holds twice", () => {
  assert.deepEqual(compareOrder(["b", "c"], ["a", "b", "c"], { mayHoldMore: true }), { lost: 0, duplicated: 0, reordered: 0 });
  assert.deepEqual(compareOrder(["b"], ["a", "b", "a", "b"], { mayHoldMore: true }), { lost: 0, duplicated: 2, reordered: 0 });
});
