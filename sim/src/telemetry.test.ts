/** The scenario of a partition, shorter, and one bug for each thing that it promises. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createHistory } from "@holon/core/telemetry/history.ts";
import { createFleetView } from "@holon/core/telemetry/fleet-view.ts";
import { mergeWindows } from "@holon/core/telemetry/window.ts";
import { thin } from "@holon/core/telemetry/thinning.ts";
import type { NodeParts } from "@holon/node/index.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";
import { followedProgram } from "./programs/followed.ts";
import { holonProgram } from "./programs/program.ts";
import { runSeed, type ScenarioRun } from "./scenario.ts";
import { telemetry72h } from "./scenarios/telemetry-72h.ts";
import type { SubjectProgram } from "./subject.ts";

const run = async (parts: NodeParts, hours: number, changed: (program: SubjectProgram) => SubjectProgram = (program) => program): Promise<ScenarioRun> =>
  runSeed({ ...telemetry72h, program: (program) => changed(followedProgram(program)) }, await holonProgram(parts), 1, { size: { hours } });

test("a site that was cut off: what is said of it is right, and all of it arrives", async () => {
  assert.deepEqual((await run({}, 1.5)).violations, []);
});

const planted = takesTurns(3);
async function caught(parts: NodeParts, pattern: RegExp, hours = 1.5, changed?: (program: SubjectProgram) => SubjectProgram): Promise<void> {
  const { violations } = await run(parts, hours, changed);
  assert.ok(violations.some((violation) => pattern.test(violation)), `not seen; only: ${violations.slice(0, 3).join("; ")}`);
}

planted("forgets the first hour of an outage", () =>
  caught({ thin: (held, incidentMs, rules) => (incidentMs === undefined ? thin(held, incidentMs, rules) : { write: [], hold: held.slice(-15) }) }, /the first hour of gateway-2 (has nothing|ends)/));

planted("merges the last hour", () =>
  caught({ thin: (held, incidentMs, rules) => { const [first, ...rest] = held; return incidentMs === undefined && first !== undefined ? { write: [mergeWindows(first, ...rest)], hold: [] } : thin(held, incidentMs, rules); } }, /the last hour of gateway-2 has a window that was merged/));

planted("tells what waited twice", () =>
  caught({ thin: (held, incidentMs, rules) => { const thinned = thin(held, incidentMs, rules); return incidentMs === undefined && held.length > 1 ? { ...thinned, write: [...held, ...held] } : thinned; } }, /the function of gateway-2 is said to have handled/));

planted("leaves steps of the first hour on the node", () =>
  caught({}, /of a reading of gateway-2 of .* there are 0 steps of its door/, 1, (program) => ({ ...program, boot: async (config, ports) => program.boot({ ...config, ...(config.telemetry === undefined ? {} : { telemetry: { ...config.telemetry, fullMs: 60_000 } }) }, ports) })));

planted("takes what an SDK tells twice, or not at all", async () => {
  const taking = (times: number) => (program: SubjectProgram): SubjectProgram => ({
    ...program,
    async boot(config, ports) {
      const subject = await program.boot(config, ports);
      const { telemetry } = subject;
      if (telemetry === undefined) return subject;
      const take: typeof telemetry.take = async (...request) => {
        for (let time = 0; time < times; time++) await telemetry.take(...request);
        return { contentType: "", body: new Uint8Array() };
      };
      return { ...subject, telemetry: { ...telemetry, take } };
    },
  });
  await caught({}, /sdk-traces-3, which gateway-1 acknowledged, came 2 times/, 1, taking(2));
  await caught({}, /sdk-traces-3, which gateway-1 acknowledged, came 0 times/, 1, taking(0));
});

planted("calls a node present that nobody has heard from", () =>
  caught({ fleetView: (self) => { const view = createFleetView(self); return { ...view, link: () => undefined, heard: (node, now) => view.heard(node, { ...now, monotonicMs: now.monotonicMs + 1e9 }) }; } }, /is cut off, and cloud says/, 1));

planted("counts as reported what was heard of at all", () =>
  caught({ fleetView: (self) => { const view = createFleetView(self); return { ...view, status: (query, now, figures) => { const status = view.status(query, now, figures); return { ...status, completeness: { ...status.completeness, reported: status.completeness.nodes, unknown: 0 } }; } }; } }, /are said to have reported/, 1));

planted("counts a step as told of which some moments are", () =>
  caught({ history: (stepMs, steps) => { const history = createHistory(stepMs, steps); return { ...history, query: (query) => history.query(query).map((line) => ({ ...line, points: line.points.map((point) => ({ ...point, reported: point.nodes })) })) }; } }, /have told of the step of gateway-1, of which windows cover/, 1));

planted("does not say what was late", () => caught({ fleetView: (self) => ({ ...createFleetView(self), lateAt: () => undefined }) }, /0 steps of gateway-1 are shown as corrected/, 1));
