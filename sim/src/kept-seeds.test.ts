import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { holonProgram } from "./programs/program.ts";
import { scenarios } from "./run.ts";
import { runSeed } from "./scenario.ts";

const keptSchema = z.array(z.strictObject({ scenario: z.string(), seed: z.int(), variant: z.string().optional(), found: z.string() }));
const kept = keptSchema.parse(JSON.parse(readFileSync(new URL("../seeds.json", import.meta.url), "utf8")));
const program = await holonProgram();

/** Half a minute of work, and more. */
const long: readonly string[] = ["island-72h", "energy-shift"];
/** One of the short ones, another with each rotation, so that a test run stays short; with `HOLON_SIM_KEPT=all` all of them. */
const rotation = Number(process.env["HOLON_SIM_ROTATION"] ?? "0");
const short = kept.filter(({ scenario }) => !long.includes(scenario));
const chosen = process.env["HOLON_SIM_KEPT"] === "all" ? kept : short.filter((_, index) => index === rotation % short.length);

for (const { scenario: name, seed, variant, found } of chosen) {
  test(`${name}, seed ${seed}: ${found}`, async () => {
    const scenario = scenarios.get(name);
    assert(scenario !== undefined, `${name} is a scenario`);
    const { violations } = await runSeed(scenario, program, seed, { variant });
    assert.deepEqual(violations, []);
  });
}
