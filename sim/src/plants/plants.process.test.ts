/** Each planted bug is seen by whom the table names. They take turns: a run lives through a few. */
import assert from "node:assert/strict";
import { takesTurns } from "../../../scripts/testing/turns.ts";
import { plants } from "./all.ts";
import { runPlant } from "./run-plant.ts";

const planted = takesTurns(20);

for (const plant of plants) {
  planted(`${plant.invariant}: a program that ${plant.bug} is seen by ${"scenario" in plant.seen ? `the checkers of ${plant.seen.scenario}` : plant.seen.test}`, async () => {
    const { isSeen, said } = await runPlant(plant);
    assert.ok(isSeen, `not seen; only: ${said}`);
  });
}
