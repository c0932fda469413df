/** Makes a failing seed smaller: the shortest time under faults after which it still fails. */
import { runSeed, type Scenario, type SeedOptions } from "./scenario.ts";
import type { SubjectProgram } from "./subject.ts";
import { World } from "./world.ts";

/** Below this a shorter run tells nobody more. */
const stepMs = 1_000;

/** Faults are drawn in the order of time, so a shorter run has the first of the same ones. Milliseconds; the whole time if nothing shorter fails. */
export async function shrinkSeed(scenario: Scenario, program: SubjectProgram, seed: number, options: SeedOptions = {}): Promise<number> {
  let failing = scenario.safetyMs(new World(seed), options.size ?? {});
  let passing = 0;
  while (failing - passing > stepMs) {
    const middle = Math.round((failing + passing) / 2);
    const { violations } = await runSeed(scenario, program, seed, { ...options, safetyMsMax: middle });
    // A run too short to prove anything has not failed in the same way.
    if (violations.some((violation) => !violation.includes("proves nothing"))) failing = middle;
    else passing = middle;
  }
  return failing;
}
