/** A site that decides for itself, and one bug for each thing that is promised of it. */
import assert from "node:assert/strict";
import { sitePlanner } from "@holon/core/site/overlay.ts";
import type { UnitLeases } from "@holon/core/site/unit-leases.ts";
import type { StewardshipRules } from "@holon/node/site/stewardship.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";
import { holonProgram } from "./programs/program.ts";
import { islandLead } from "./scenarios/island-lead.ts";
import { runSeed } from "./scenario.ts";

const planted = takesTurns(4);

async function violationsWith(stewardship: StewardshipRules, seed = 1): Promise<string> {
  return (await runSeed({ ...islandLead, convergeMsMax: 60_000 }, await holonProgram({ stewardship }), seed)).violations.join("\n");
}

planted("a site that is cut off restarts the unit of a lost node on a sibling, and hands it back", async () => {
  assert.equal(await violationsWith({}), "");
});

planted("the checker catches a lead that grants a unit to whom it wants, whoever has it", async () => {
  const hasty: UnitLeases = { ask: (book, { runs }) => ({ book: { ...book, given: book.given + 1 }, granted: runs ?? [book.term, book.given + 1] }) };
  assert.match(await violationsWith({ leases: hasty }), /the unit runs on .* and /);
});

planted("the checker catches a lead that decides nothing", async () => {
  assert.match(await violationsWith({ planner: { decide: () => new Map() } }), /no sibling ran its unit/);
});

planted("the checker catches a lead that never hands back", async () => {
  assert.match(await violationsWith({ planner: { decide: (view, tools) => (view.before.size > 0 ? view.before : sitePlanner.decide(view, tools)) } }), /not converged|when all is well again/);
});
