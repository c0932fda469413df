import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { scratchFolder } from "./testing/scratch-folder.ts";
import { oneFile, restoreOneFile, type OneFileOptions } from "./one-file.ts";

function bed(context: TestContext) {
  const root = scratchFolder(context);
  const at = (name: string): string => join(root, name);
  writeFileSync(at("package.json"), `{"type":"module"}`);
  writeFileSync(at("entry.ts"), `/** told to people */ import { place } from "./place.ts"; import { apart } from "./apart.ts"; import "./empty.ts"; const later: string = (await import("./later.ts")).later; console.log(JSON.stringify({ ...place, apart, later, empty: "empty" in globalThis }));`);
  writeFileSync(at("place.ts"), `export const place = { url: import.meta.url, dirname: import.meta.dirname, resolved: import.meta.resolve("./later.ts") };`);
  writeFileSync(at("apart.ts"), `export const apart: string = import.meta.url;`);
  writeFileSync(at("later.ts"), `export const later = "one";`);
  writeFileSync(at("empty.ts"), `globalThis.empty = true;`);
  const options: OneFileOptions = { entry: at("entry.ts"), folder: at("made"), apart: [at("apart.ts")], empty: /empty\.ts$/ };
  const make = (): Promise<string> => oneFile(options);
  const restore = (hashes: Readonly<Record<string, string>>): Promise<void> => restoreOneFile(options, hashes);
  const run = (path: string): unknown => JSON.parse(execFileSync(process.execPath, ["--no-warnings", path], { encoding: "utf8" }));
  return { at, make, restore, run };
}

test("runs as its modules do where they lie", async (context) => {
  const { at, make, run } = bed(context);
  const path = await make();
  const address = (name: string): string => new URL(`file://${at(name)}`).href;
  assert.deepEqual(run(path), { url: address("place.ts"), dirname: at("").replace(/\/$/, ""), resolved: address("later.ts"), apart: address("apart.ts"), later: "one", empty: false });
  assert.ok(!readFileSync(path, "utf8").includes("told to people"));
});

test("is made once, and anew where one of its modules is another or it is not whole", async (context) => {
  const { at, make, run } = bed(context);
  const path = await make();
  const { ino } = statSync(path);
  assert.equal(statSync(await make()).ino, ino, "found");
  writeFileSync(at("later.ts"), `export const later = "two";`);
  assert.equal((run(await make()) as { later: string }).later, "two");
  writeFileSync(at("made/made-of.json"), "{");
  await make();
  assert.doesNotThrow(() => void JSON.parse(readFileSync(at("made/made-of.json"), "utf8")), "made anew");
});

test("what is gone of it comes back as it was, and only that", async (context) => {
  const { at, make, restore, run } = bed(context);
  const path = await make();
  const names = readdirSync(at("made"));
  const hashes = Object.fromEntries(names.map((name) => [name, createHash("sha256").update(readFileSync(join(at("made"), name))).digest("hex")]));
  rmSync(at("made"), { recursive: true });
  await restore(hashes);
  assert.deepEqual(readdirSync(at("made")), names);
  assert.deepEqual((run(path) as { later: string }).later, "one");
  assert.equal(await make(), path);
  const [entry = ""] = names.filter((name) => name.startsWith("later-"));
  rmSync(join(at("made"), entry));
  writeFileSync(at("later.ts"), `export const later = "two";`);
  await restore(hashes);
  assert.ok(!existsSync(join(at("made"), entry)), "its module is another now: nothing is written that was not there");
  assert.deepEqual(readdirSync(at("made")), names.filter((name) => name !== entry));
});

test("what cannot be made is told", async (context) => {
  const { at, make } = bed(context);
  writeFileSync(at("later.ts"), "export const later = ;");
  await assert.rejects(make());
});
