import assert from "node:assert/strict";
import { test } from "node:test";
import { replayPaths } from "./replay-paths.ts";

test("commas separate files, except where a longer run of pieces names one", () => {
  const files = new Set(["a,b.csv", "c.csv", "a", "b.csv,c.csv,d.csv"]);
  const paths = (text: string): readonly string[] => replayPaths(text, (path) => files.has(path));
  assert.deepEqual(paths("a,b.csv"), ["a,b.csv"]);
  assert.deepEqual(paths("c.csv,a,b.csv,c.csv"), ["c.csv", "a,b.csv", "c.csv"]);
  assert.deepEqual(paths("b.csv,c.csv,d.csv"), ["b.csv,c.csv,d.csv"]);
  assert.deepEqual(paths("none.csv,,other.csv,"), ["none.csv", "other.csv"]);
  assert.deepEqual(paths(","), []);
});
