import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { TestResult } from "./events.ts";
import { runTestFiles } from "./runTestFiles.ts";

const planted = {
  "good.test.ts": `test("adds", () => {}); describe("suite", () => { it("inner", () => {}); });`,
  "bad.test.ts": `test("fails", () => { throw new Error("planted"); });`,
  "skips.test.ts": `test("left out", { skip: "no server here" }, () => {});`,
  "broken.test.ts": `throw new Error("planted at load");`,
  "empty.test.ts": `export const nothing = 1;`,
  "spins.test.ts": `test("spins", () => { for (;;); });`,
  "waits.test.ts": `test("waits", () => new Promise((resolve) => setTimeout(resolve, 60_000)));`,
  "contract.ts": `export const contract = (name) => { test("holds", () => {}); describe("suite", () => { it(name, () => { if (name === "bad") throw new Error("planted"); }); }); };`,
  "one.test.ts": `import { contract } from "./contract.ts"; contract("good"); test("own", () => {});`,
  "two.test.ts": `import { contract } from "./contract.ts"; contract("bad");`,
  "after.test.ts": `test("still runs", () => {});`,
  "exits.process.test.ts": `test("exits", () => process.exit(0)); test("never", () => {});`,
  "open.process.test.ts": `test("leaves a timer", () => { setInterval(() => {}, 1000); });`,
} as const;

/** Long enough for a process to begin on a machine that is busy. */
async function runPlanted(t: TestContext, names: readonly (keyof typeof planted)[], fileTimeoutMs = 60_000): Promise<{ readonly results: readonly TestResult[]; readonly said: string }> {
  const root = mkdtempSync(join(tmpdir(), "holon-runner-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(join(root, "package.json"), `{"type":"module"}`);
  for (const name of names) writeFileSync(join(root, name), `import { test, describe, it } from "node:test";\n${planted[name]}\n`);
  const said: string[] = [];
  const results = await runTestFiles(names.filter((name) => name.endsWith(".test.ts")), { root, fileTimeoutMs, exitTimeoutMs: 3_000, say: (line) => said.push(line) });
  return { results, said: said.join("\n") };
}

const find = (results: readonly TestResult[], file: string): readonly string[] =>
  results.filter((result) => result.file === file).map(({ name, outcome, reason }) => `${name} ${outcome} ${reason.split("\n")[0] ?? ""}`.trim());

test("passed, failed, skipped, broken and empty files are told apart", async (t) => {
  const { results, said } = await runPlanted(t, ["good.test.ts", "bad.test.ts", "skips.test.ts", "broken.test.ts", "empty.test.ts"]);
  assert.deepEqual(find(results, "good.test.ts"), ["adds passed", "suite > inner passed"]);
  assert.deepEqual(find(results, "bad.test.ts"), ["fails failed Error: planted"]);
  assert.deepEqual(find(results, "skips.test.ts"), ["left out skipped no server here"]);
  assert.deepEqual(find(results, "broken.test.ts"), ["could not be loaded failed Error: planted at load"]);
  assert.deepEqual(find(results, "empty.test.ts"), ["declares no test failed A test file without a test can never fail."]);
  assert.match(said, /^ok {3}good\.test\.ts: 2 /m);
  assert.match(said, /^FAIL bad\.test\.ts: 1 of 1 failed/m);
});

test("tests of a shared contract suite belong to the file that runs it", async (t) => {
  const { results } = await runPlanted(t, ["contract.ts", "one.test.ts", "two.test.ts"]);
  assert.deepEqual(find(results, "one.test.ts"), ["holds passed", "suite > good passed", "own passed"]);
  assert.deepEqual(find(results, "two.test.ts"), ["holds passed", "suite > bad failed Error: planted"]);
});

test("a test that blocks the thread is killed by name, and the others still run, each once", async (t) => {
  const { results } = await runPlanted(t, ["good.test.ts", "spins.test.ts", "after.test.ts"], 8_000);
  assert.deepEqual(find(results, "good.test.ts"), ["adds passed", "suite > inner passed"]);
  assert.deepEqual(find(results, "spins.test.ts"), ["spins failed killed after 8 s; the rest of the file did not run"]);
  assert.deepEqual(find(results, "after.test.ts"), ["still runs passed"]);
});

test("a test that waits for ever fails by its own time limit", async (t) => {
  const { results } = await runPlanted(t, ["waits.test.ts"], 8_000);
  assert.match(find(results, "waits.test.ts")[0] ?? "", /^waits failed test timed out after 7200ms/);
});

test("processes that end too early or not at all fail", async (t) => {
  const { results } = await runPlanted(t, ["exits.process.test.ts", "open.process.test.ts"]);
  assert.match(find(results, "exits.process.test.ts")[0] ?? "", /^exits failed the test process ended with exit code 0/);
  assert.match(find(results, "open.process.test.ts").at(-1) ?? "", /^after the last test failed did not end after its last test; still open: .*Timeout/);
});
