import assert from "node:assert/strict";
import { test } from "node:test";
import { compare } from "./in-order.ts";

test("numbers in names count as numbers", () => {
  assert.deepEqual(["n-10", "n-9", "m-100", "n-9a", "n-010"].sort(compare), ["m-100", "n-9", "n-9a", "n-10", "n-010"]);
});
