import assert from "node:assert/strict";
import { test } from "node:test";
import { realpathSync } from "node:fs";
import { buildInside, insideSources } from "./runner-inside-code.ts";

test("the name of the cached inside is made of all that it is made of", async () => {
  const { text, inputs } = await buildInside();
  assert.ok(text.length > 1_000);
  const real = (paths: readonly string[]): readonly string[] => paths.map((path) => realpathSync(path)).sort();
  const known = new Set(real(insideSources));
  assert.deepEqual(real(inputs).filter((path) => !known.has(path)), []);
});
