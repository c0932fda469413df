/** A site that shares work: it gets through more than one node does, and one bug for each thing that is promised of it. */
import assert from "node:assert/strict";
import type { UnitResult } from "@holon/core/ports.ts";
import { workTogether } from "@holon/node/elastic/batch.ts";
import type { ElasticRules } from "@holon/node/elastic/elastic-unit.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";
import { elasticProgram, elasticUnit } from "./programs/elastic.ts";
import { holonProgram } from "./programs/program.ts";
import { elasticSite } from "./scenarios/elastic-site.ts";
import { runSeed, type Scenario } from "./scenario.ts";

const turn = takesTurns(5);

/** Without faults: how much of what waits on the first gateway is done after so long. */
async function doneAfter(elastic: object | undefined, ms: number): Promise<number> {
  let handled = 0;
  const calm: Scenario = {
    ...elasticSite,
    program: elasticProgram(elastic),
    safetyMs: () => ms,
    convergeMsMax: elastic === undefined ? 1 : elasticSite.convergeMsMax,
    plan({ world, members }, untilMs) {
      world.at(untilMs - 1, () => {
        handled = members.get("gateway-1")?.machine.subject?.status?.().agent.units.find(({ app, name }) => `${app}/${name}` === elasticUnit)?.handled ?? 0;
      });
    },
  };
  const { violations } = await runSeed(calm, await holonProgram(), 1);
  if (elastic !== undefined) assert.deepEqual(violations, []);
  return handled;
}

turn("three gateways get through twice what one gets through, and each works alone again when little waits", async () => {
  const [together, alone] = [await doneAfter({ withinMs: 1_000 }, 40_000), await doneAfter(undefined, 40_000)];
  assert.ok(alone > 100 && together > 2 * alone, `${together} events with siblings, ${alone} alone`);
});

const violationsWith = async (elastic: ElasticRules, seed: number) => (await runSeed({ ...elasticSite, convergeMsMax: 300_000 }, await holonProgram({ elastic }), seed)).violations.join("\n");
async function firstViolations(elastic: ElasticRules): Promise<string> {
  for (let seed = 1; seed <= 4; seed++) {
    const violations = await violationsWith(elastic, seed);
    if (violations !== "") return violations;
  }
  return "";
}

turn("a site that shares work does each event once, in order, whatever fails", async () => {
  const run = await runSeed(elasticSite, await holonProgram(), 1);
  assert.deepEqual(run.violations, []);
  assert.ok((run.figures["helped"] ?? 0) > 50, JSON.stringify(run.figures));
});

const emptyResult: UnitResult = { outputs: [], state: [], fitted: [], status: undefined, inferenceMs: [] };

turn("the checker catches a piece of a sibling that is gone and is not done again", async () => {
  const forgets: ElasticRules = { workTogether: (events, parts, work) => workTogether(events, parts, { ...work, siblings: work.siblings.map(({ name, handle }) => ({ name, fits: () => true, handle: async (piece) => (await handle(piece)) ?? emptyResult })) }) };
  assert.match(await firstViolations(forgets), /was done 0 times/);
});

turn("the checker catches results that are put together as they come", async () => {
  const hasty: ElasticRules = {
    async workTogether(events, parts, work) {
      const result = await workTogether(events, parts, work);
      return parts.length < 2 ? result : { ...result, outputs: [...result.outputs].sort((a, b) => (b.cause % 2) - (a.cause % 2)) };
    },
  };
  assert.match(await firstViolations(hasty), /stands behind what came of/);
});

turn("the checker catches a piece that counts twice where it was done twice", async () => {
  const doubles: ElasticRules = {
    async workTogether(events, parts, work) {
      let again = 0;
      const result = await workTogether(events, parts, { ...work, done: (by, count) => (by === undefined && (again += count), work.done(by, count)) });
      return again === 0 ? result : { ...result, outputs: [...result.outputs, ...result.outputs.slice(-again)] };
    },
  };
  assert.match(await firstViolations(doubles), /was done 2 times/);
});
