/** A unit that is left to a site and taken back, and one bug for each thing that is promised of it. */
import assert from "node:assert/strict";
import type { UnitLeases } from "@holon/core/site/unit-leases.ts";
import { moveRules } from "@holon/node/moving/moves.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";
import { holonProgram } from "./programs/program.ts";
import { siteHandOff } from "./scenarios/site-hand-off.ts";
import { runSeed, type Scenario } from "./scenario.ts";

const planted = takesTurns(3);
const { variants: _, ...once } = siteHandOff;
const quick: Scenario = { ...once, convergeMsMax: 60_000 };

async function violationsWith(parts: Parameters<typeof holonProgram>[0]): Promise<string> {
  return (await runSeed(quick, await holonProgram(parts), 1)).violations.join("\n");
}

planted("a unit that is left to a site and taken back counts on from what it held, and never runs in two places", async () => {
  assert.equal(await violationsWith({}), "");
});

planted("the checker catches a site that begins from nothing", async () => {
  assert.match(await violationsWith({ moves: { ...moveRules, cellsFrom: (state, log) => moveRules.cellsFrom({ ...state, cells: [] }, log) } }), /was counted twice/);
});

planted("the checker catches a lead that lets all members run it", async () => {
  const generous: UnitLeases = { ask: (book, { runs }) => ({ book: { ...book, given: book.given + 1 }, granted: runs ?? [book.term, book.given + 1] }) };
  assert.match(await violationsWith({ stewardship: { leases: generous } }), /the unit runs on .* and |was counted twice/);
});
