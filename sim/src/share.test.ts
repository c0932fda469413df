/**
 * One seed of every sixth scenario. Which ones rotates with HOLON_SIM_ROTATION, for example the number of commits, so that over time all are
 * lived through; without it they are always the same.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { holonProgram } from "./programs/program.ts";
import { runAll } from "./run-all.ts";
import { scenarios } from "./run.ts";

const seedsEach = 1;
/** Of the scenarios that last for days. */
const safetyMsMax = 4 * 3_600_000;
/** Minutes each: they have tests of their own size, and run whole by `npm run sim`. */
const long: readonly string[] = ["reconnect-storm", "island-72h", "shared-islands", "energy-shift"];
const rotation = Number(process.env["HOLON_SIM_ROTATION"] ?? "0") % 500;
const program = await holonProgram();

const short = [...scenarios].filter(([candidate]) => !long.includes(candidate));

for (const [name, scenario] of short.filter((_, index) => index % 6 === rotation % 6)) {
  test(`${name}: a share of the seeds`, { skip: scenario.needs?.() ?? false }, async () => {
    const done = await runAll({ program, seed: 1 + rotation * seedsEach, seeds: seedsEach, names: [name], safetyMsMax });
    assert.equal(done.length, seedsEach);
    assert.deepEqual(done.flatMap(({ violations }) => violations), []);
    for (const { lost, duplicated, reordered } of done) assert.deepEqual([lost, duplicated, reordered], [0, 0, 0]);
  });
}

test("what was done is not done again", async () => {
  const kept: string[] = [];
  const first = await runAll({ program, seed: 1, seeds: 1, names: ["clock-faults"] });
  const again = await runAll({ program, seed: 1, seeds: 2, names: ["clock-faults"], done: first, keep: ({ seed }) => kept.push(String(seed)) });
  assert.deepEqual([again.length, kept], [2, ["2"]]);
});
