import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createMeasurer, writeAdopted } from "../measurer.ts";
import { believeCompiled, cacheFolder, lookAtCompiled, noteCompiled } from "./compiled.ts";

async function bed(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "holon-compiled-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const cache = join(cacheFolder(folder), "v1");
  mkdirSync(cache, { recursive: true });
  const write = (name: string, text: string): void => writeFileSync(join(cache, name), text);
  for (const name of ["one", "two"]) write(name, `code of ${name}`);
  await writeAdopted(folder, { by: "ada", because: "installed", atMs: 1, files: [] });
  await noteCompiled(folder);
  return { folder, cache, write, left: () => readdirSync(cache).sort() };
}

test("what the node made itself stays; what is altered is told and goes, and what nobody noted goes", async (context) => {
  const { folder, write, left } = await bed(context);
  assert.deepEqual([await believeCompiled(folder), left()], [[], ["one", "two"]]);
  write("two", "code of somebody's");
  write("three", "more of it");
  assert.deepEqual((await lookAtCompiled(folder)).map(({ what }) => what), ["cache/v1/two"]);
  assert.deepEqual(left(), ["one"]);
  assert.deepEqual(await believeCompiled(folder), []);
});

test("notes that this node's key does not stand for are none: of a cache without them nothing is believed before it runs, and nothing is known while it does", async (context) => {
  const { folder, write, left } = await bed(context);
  const path = join(folder, "compiled.json");
  const { files, mac } = JSON.parse(readFileSync(path, "utf8")) as { files: object; mac: string }; // as it was written
  writeFileSync(path, JSON.stringify({ files: { ...files, "v1/three": "0".repeat(64) }, mac }));
  assert.deepEqual([await lookAtCompiled(folder), left()], [[], ["one", "two"]]);
  assert.deepEqual([await believeCompiled(folder), left()], [[], []]);
  write("one", "made anew");
  await noteCompiled(folder);
  assert.deepEqual([await believeCompiled(folder), left()], [[], ["one"]]);
  rmSync(path);
  assert.deepEqual([await believeCompiled(folder), left()], [[], []]);
});

test("what is gone of the running program is made again, and nothing else", async (context) => {
  const { folder, left } = await bed(context);
  const program = join(cacheFolder(folder), "program");
  mkdirSync(program);
  for (const name of ["entry.mjs", "later.mjs"]) writeFileSync(join(program, name), `code of ${name}`);
  await noteCompiled(folder);
  const asked: Readonly<Record<string, string>>[] = [];
  const measurer = createMeasurer({ folder, restoreProgram: async (gone) => void asked.push(gone) });
  assert.deepEqual([await measurer.derived?.(), asked], [[], []]);
  writeFileSync(join(program, "later.mjs"), "code of somebody's");
  rmSync(join(cacheFolder(folder), "v1", "one"));
  assert.deepEqual((await measurer.derived?.())?.map(({ what }) => what), ["cache/program/later.mjs"]);
  assert.deepEqual(asked, [{ "later.mjs": createHash("sha256").update("code of later.mjs").digest("hex") }]);
  assert.deepEqual(left(), ["two"]);
});

test("what lies where a link leads is not of the cache, and stays", async (context) => {
  const { folder, cache, left } = await bed(context);
  const elsewhere = join(folder, "elsewhere");
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, "log"), "of the node");
  symlinkSync(elsewhere, join(cache, "led"));
  assert.deepEqual([await believeCompiled(folder), left()], [[], ["one", "two"]]);
  assert.ok(existsSync(join(elsewhere, "log")));
});

test("without a key nothing is noted", async (context) => {
  const { folder, write } = await bed(context);
  for (const name of ["measure-key.json", "compiled.json"]) rmSync(join(folder, name));
  write("one", "code");
  await noteCompiled(folder);
  assert.equal(existsSync(join(folder, "compiled.json")), false);
});

test("what cannot be noted is told and keeps nobody from starting: the key is none, or the disk takes nothing", async (context) => {
  const { folder, write } = await bed(context);
  write("three", "more code");
  rmSync(join(folder, "compiled.json"));
  mkdirSync(join(folder, "compiled.json"));
  assert.match((await noteCompiled(folder))?.code ?? "", /^HOLON_DISK_/);
  writeFileSync(join(folder, "measure-key.json"), "{}", { mode: 0o600 });
  assert.equal((await noteCompiled(folder))?.code, "HOLON_MEASURE_BAD");
});
