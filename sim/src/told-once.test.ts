/** Incidents are told once to each receiver; and one bug for each way to tell them twice, wrongly or never. */
import assert from "node:assert/strict";
import { createSilenceWatch } from "@holon/core/telemetry/silence.ts";
import type { AlertParts } from "@holon/node/alert/alerts.ts";
import { createDelivery } from "@holon/node/alert/delivery.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";
import { holonProgram } from "./programs/program.ts";
import { runSeed, type ScenarioRun } from "./scenario.ts";
import { toldOnce } from "./scenarios/told-once.ts";

const run = async (alerting: AlertParts): Promise<ScenarioRun> => runSeed(toldOnce, await holonProgram({ alerting }), 1, { safetyMsMax: 1_500_000 });

const turn = takesTurns(5);

turn("every outage is one incident, told once to each receiver, and so is that it is over", async () => {
  assert.deepEqual((await run({})).violations, []);
});

async function caught(alerting: AlertParts, pattern: RegExp): Promise<void> {
  const { violations } = await run(alerting);
  assert.ok(violations.some((violation) => pattern.test(violation)), `not seen; only: ${violations.slice(0, 3).join("; ")}`);
}

turn("makes a message anew for each try, under a key of its own", () =>
  caught({ create: (options) => { let tries = 0; return createDelivery({ ...options, log: Object.assign(Object.create(options.log), { cell: (key: string) => options.log.cell(key), cells: (key: string) => (key.startsWith("alert/out/") ? new Map() : options.log.cells(key)) }), sha256: (bytes) => options.sha256(Uint8Array.of(...bytes, tries++ % 256)) }); } }, /was told twice that/));

turn("tells on each tier who is silent", () =>
  caught({ silence: (options) => { const watch = createSilenceWatch(options); return { look: (rows, now) => watch.look(rows.map((row) => ({ ...row, parent: row.parent === null ? null : options.self })), now) }; } }, /behind it|incidents/));

turn("forgets over a start who was silent", () => caught({ silence: (options) => createSilenceWatch({ ...options, firing: [] }) }, /was never told that|was told of/));

turn("tells the end of an incident under another name", () => caught({ silence: (options) => { const watch = createSilenceWatch(options); return { look: (rows, now) => watch.look(rows, now).map((alert) => (alert.state === "resolved" ? { ...alert, id: `${alert.id}/${now.wallMs}` } : alert)) }; } }, /was never told that/));
