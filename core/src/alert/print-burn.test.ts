import assert from "node:assert/strict";
import { test } from "node:test";
import { printBurn } from "./print-burn.ts";

test("a burn rate is a plain number, however fast", () => {
  assert.deepEqual([0, 0.25, 1.44, 9.97, 14.4, 100, 1_000].map(printBurn), ["0.0", "0.25", "1.4", "10", "14", "100", "1000"]);
});
