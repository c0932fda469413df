import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { HolonError } from "@holon/core/errors.ts";
import { holonProgram } from "./programs/program.ts";
import { scenarios } from "./run.ts";
import { runSeed, type ScenarioRun } from "./scenario.ts";

const keptSchema = z.array(z.strictObject({ scenario: z.string(), seed: z.int(), variant: z.string().optional(), found: z.string() }));
const kept = keptSchema.parse(JSON.parse(readFileSync(new URL("../seeds.json", import.meta.url), "utf8")));
const program = await holonProgram();

/** Half a minute of work, and more. */
const long: readonly string[] = ["island-72h", "energy-shift"];
/** One of the short ones, another with each rotation, so that a test run stays short; with `HOLON_SIM_KEPT=all` all of them. */
const rotation = Number(process.env["HOLON_SIM_ROTATION"] ?? "0");
const short = kept.filter(({ scenario }) => !long.includes(scenario));
const chosen = process.env["HOLON_SIM_KEPT"] === "all" ? kept : short.filter((_, index) => index === rotation % short.length);

const nearMax = 2;

/** The fault, and the same at the calls beside it: any change of the code may move the call at which it was found. */
function near(variant: string): readonly string[] {
  const at = Number(/ call (\d+)/.exec(variant)?.[1]);
  return Number.isNaN(at) ? [variant] : Array.from({ length: 2 * nearMax + 1 }, (_, index) => variant.replace(` call ${at}`, ` call ${at + index - nearMax}`));
}

for (const { scenario: name, seed, variant, found } of chosen) {
  test(`${name}, seed ${seed}: ${found}`, async () => {
    const scenario = scenarios.get(name);
    assert(scenario !== undefined, `${name} is a scenario`);
    let runs = 0;
    for (const one of variant === undefined ? [undefined] : near(variant)) {
      const run: ScenarioRun | undefined = await runSeed(scenario, program, seed, { variant: one }).catch((error: unknown) => {
        if (one === undefined || !(error instanceof HolonError) || error.code !== "HOLON_ARGUMENT_BAD") throw error;
        return undefined; // that call was not in the way of a move
      });
      if (run === undefined) continue;
      runs += 1;
      assert.deepEqual(run.violations, []);
    }
    assert.ok(runs > 0, `there is no ${variant ?? ""} any more, nor one beside it`);
  });
}
