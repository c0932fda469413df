import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { hourMs } from "@holon/core/shifting/job.ts";
import { createEnergyState, jobsSince, runTold } from "./energy.ts";

const dueMs = Date.parse("2026-01-01T08:00:00.000Z");
const run = (more: object) => ({ time: "2026-01-01T10:00:01.000Z", data: { unit: "a/train", by: "carbon", arrivesMs: dueMs, deadlineMs: dueMs + 8 * hourMs, nextMs: dueMs + 24 * hourMs, windows: [], planned: null, atOnce: null, basis: "unknown", chosenBy: "plan", ran: [], doneMs: dueMs + 2 * hourMs, late: false, actual: null, actualAtOnce: null, ...more } });

test("a run counts as done where it is a job's, and of a time that has been: else the job would never run again", () => {
  const energy = createEnergyState();
  const told = (more: object) => runTold(energy, true, (unit) => unit === "a/train", "edge-1", run(more));
  assert.equal(told({ arrivesMs: 1e300 }), "unfit");
  assert.equal(told({ arrivesMs: 1e300, doneMs: 1e300 }), "unfit");
  assert.equal(told({ unit: "a/other" }), false);
  assert.deepEqual([energy.done.size, energy.runs.length], [0, 0]);
  assert.equal(told({}), true);
  assert.deepEqual([...energy.done], [["a/train", dueMs]]);
});

test("a deployment while a run waits does not make it another's: the job has been there since its first, or since its schedule changed", () => {
  const document = (hour: number) => appDocumentSchema.parse({ name: "a", version: "1", models: [], functions: [{ name: "train", code: "ab".repeat(32), on: { schedule: { cron: `0 ${hour} * * *`, zone: "UTC" } }, emits: {}, needs: { job: { hours: 1 } } }] });
  const known = (hour: number, at: string, before?: Parameters<typeof jobsSince>[2]) => ({ document: document(hour), deployedAt: at, jobsSince: jobsSince(document(hour), at, before), revision: "1" });
  const first = known(8, "monday");
  const second = known(8, "tuesday", first);
  assert.deepEqual([...second.jobsSince], [["train", "monday"]]);
  assert.deepEqual([...known(9, "wednesday", second).jobsSince], [["train", "wednesday"]]);
});
