import assert from "node:assert/strict";
import { test } from "node:test";
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildInside, insideSources } from "./inside-code.ts";
import { scratchFolder } from "../testing/scratch-folder.ts";

test("the name of the cached inside is made of all that it is made of", async () => {
  const { text, inputs } = await buildInside();
  assert.ok(text.length > 1_000);
  const real = (paths: readonly string[]): readonly string[] => paths.map((path) => realpathSync(path)).sort();
  const known = new Set(real(insideSources));
  assert.deepEqual(real(inputs).filter((path) => !known.has(path)), []);
});

test("what an isolate is born with is what the sources give: an altered one in the cache is found, told, taken away, and not begun with again", async (t) => {
  const [folder, before] = [scratchFolder(t), process.env["NODE_COMPILE_CACHE"]];
  t.after(() => (before === undefined ? delete process.env["NODE_COMPILE_CACHE"] : (process.env["NODE_COMPILE_CACHE"] = before)));
  process.env["NODE_COMPILE_CACHE"] = folder;
  // As a process that has begun no isolate yet: this one may have, for another test.
  const { insideCode, measureInside } = (await import(`${import.meta.resolve("./inside-code.ts")}?anew`)) as typeof import("./inside-code.ts");
  const own = await insideCode();
  const [name = ""] = readdirSync(folder);
  const path = join(folder, name);
  assert.equal(readFileSync(path, "utf8"), own);
  assert.equal(await measureInside(), undefined);
  writeFileSync(path, `${own};globalThis.theirs=1`);
  const altered = await measureInside();
  assert.equal(altered?.name, name);
  assert.notEqual(altered?.expected, altered?.found);
  assert.equal(existsSync(path), false);
  assert.equal(await insideCode(), own);
  assert.deepEqual(await measureInside(), altered, "as long as the process lives, which may have begun with it");
});
