import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema } from "../schema/app.ts";
import type { ScheduleTrigger } from "../schema/trigger.ts";
import { warningsOfApp } from "./warnings-of-app.ts";

const warnings = (more: object): readonly string[] => warningsOfApp(appDocumentSchema.parse({ name: "lab", version: "1", models: [], functions: [{ name: "train", code: "0".repeat(64), on: { type: "lab.came" }, emits: {}, ...more }] }));
const job = (hours: number, schedule: ScheduleTrigger["schedule"]) => warnings({ needs: { deferrableHours: 12, job: { hours, schedule } } });
const hourMs = 3_600_000;

test("a job whose next run is due before one is done is told with both times", () => {
  assert.deepEqual(job(20, { cron: "0 * * * *", zone: "UTC" }), ["a run of job train takes 20 h, and the next one is due after 60 min: it waits for no better hours, and what comes due meanwhile is worked off together"]);
  assert.match(job(1, { everyMs: 5_000, offsetMs: 0 }).join(), /takes 1 h, and the next one is due after 5 s:/);
  assert.match(warnings({ on: { schedule: { everyMs: 2 * hourMs } }, needs: { job: { hours: 3 } } }).join(), /takes 3 h, and the next one is due after 2 h:/, "by its trigger");
});

test("of a schedule of unequal distances the shortest counts", () => {
  assert.match(job(3, { cron: "0 6,8,20 * * mon", zone: "Europe/Berlin" }).join(), /due after 2 h/);
  assert.deepEqual(job(2, { cron: "0 6,8,20 * * mon", zone: "Europe/Berlin" }), []);
});

test("what follows on the last to the hour, and what is no job, is told of nothing", () => {
  assert.deepEqual([job(1, { cron: "0 * * * *", zone: "UTC" }), job(8, { everyMs: 8 * hourMs, offsetMs: 0 }), warnings({}), warnings({ needs: { deferrableHours: 12 } })], [[], [], [], []]);
});

test("a tier under `run` that the needs leave out is told: the needs decide", () => {
  assert.deepEqual(warnings({ run: { tier: "cloud" }, needs: { tiers: ["edge", "gateway"] } }), ["function train names tier cloud under `run` and edge, gateway under `needs.tiers`: the needs decide"]);
  assert.deepEqual([warnings({ run: { tier: "cloud" }, needs: {} }), warnings({ run: { tier: "cloud" }, needs: { tiers: ["edge", "cloud"] } }), warnings({ run: { tier: "cloud" } })], [[], [], []]);
});
