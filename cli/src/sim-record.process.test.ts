/** A run of many seeds that is killed goes on where it stopped, and ends as one that was not. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { runHolon } from "./testing/holon-process.ts";

const holon = fileURLToPath(new URL("holon.ts", import.meta.url));
const args = (file: string, seeds: number): readonly string[] => ["sim", "run", "--scenario", "clock-faults", "--seed", "20", "--seeds", `${seeds}`, "--safety-ms", "30000", "--record", file, "--json"];
const linesOf = (file: string): readonly string[] => (existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : []);

test("a run that is killed between or in the midst of seeds goes on from its record", { timeout: 120_000 }, async (context) => {
  const file = join(tempFolder(context), "record.jsonl");
  const child = spawn(process.execPath, [holon, ...args(file, 1_000)], { stdio: "ignore" });
  context.after(() => child.kill("SIGKILL"));
  while (linesOf(file).length === 0 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 10));
  child.kill("SIGKILL");
  await once(child, "exit");
  const before = linesOf(file);
  assert.ok(before.length >= 1 && before.length < 1_000, `${before.length} of 1000 seeds were done`);
  const seeds = before.length + 2;
  appendFileSync(file, '{"scenario":"clock-faults","se'); // as where the power goes
  const { exitCode, stdout } = await runHolon(context, [...args(file, seeds)]);
  assert.equal(exitCode, 0);
  const after = linesOf(file);
  assert.deepEqual(after.slice(0, before.length), before);
  assert.deepEqual(after.map((line) => JSON.parse(line).seed), Array.from({ length: seeds }, (_, index) => 20 + index));
  const twice = 1 + Math.floor((seeds - 1) / 20);
  const { "clock-faults": sums } = JSON.parse(stdout);
  assert.deepEqual([sums.seeds, sums.seedsRunTwice, sums.tracesEqual, sums.lost, sums.violations], [seeds, twice, twice, 0, []]);
  const { size, mtimeMs } = statSync(file);
  assert.equal((await runHolon(context, [...args(file, seeds)])).stdout, stdout, "what is done is not done again");
  assert.deepEqual([statSync(file).size, statSync(file).mtimeMs], [size, mtimeMs]);
});

test("a file that cannot be written to is told before a seed is run, and so is a size that the scenario has not", { timeout: 120_000 }, async (context) => {
  const run = (...more: readonly string[]) => runHolon(context, ["sim", "run", "--scenario", "clock-faults", "--safety-ms", "5000", ...more]);
  for (const flag of ["--record", "--trace"]) {
    const { exitCode, stderr } = await run(flag, join(tempFolder(context), "missing", "x.jsonl"));
    assert.notEqual(exitCode, 0);
    assert.match(stderr, new RegExp(`^HOLON_ARGUMENT_BAD: ${flag} \\S+x\\.jsonl cannot be written to`));
  }
  const { exitCode, stderr } = await run("--nodes", "5");
  assert.notEqual(exitCode, 0);
  assert.match(stderr, /^HOLON_ARGUMENT_BAD: the scenario clock-faults has no nodes to choose/);
});
