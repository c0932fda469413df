import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import type { Trace } from "@holon/core/ports.ts";
import { ClockHardware, createClock, worldBeginsMs } from "@holon/sim/clock.ts";
import { incarnation } from "@holon/sim/testing/lone-node.ts";
import type { ScheduleTrigger } from "@holon/core/schema/trigger.ts";
import { childName, SimFamily } from "../testing/sim-family.ts";
import { openSchedule, type Schedule } from "./schedule.ts";

const hourMs = 3_600_000;
const trace: Trace = { note: () => undefined };

async function begin() {
  const family = new SimFamily();
  family.child.start();
  await family.until("it is up", () => family.child.subject !== undefined);
  const { log, events } = family.childNode;
  const hardware = new ClockHardware(family.world);
  const open = (everyMs = hourMs, offsetMs = 0): Schedule => openAt({ everyMs, offsetMs });
  const openAt = (schedule: ScheduleTrigger["schedule"]): Schedule =>
    openSchedule("report", schedule, { app: "plant", log, events, clock: createClock(incarnation(family.world, childName), hardware, 0), trace });
  const ticks = async () => {
    const records = await log.read({ origin: childName, stream: "local" }, 1, { maxRecords: 1_000, maxBytes: 1 << 20 });
    const stored = records.map(({ bytes }) => parseStoredEvent(bytes, "test")).filter(({ type }) => type === "holon.tick.plant.report");
    return stored.map(({ data }) => data as { readonly dueMs: number; readonly missed: number }).map(({ dueMs, missed }) => [dueMs - worldBeginsMs, missed]);
  };
  return { family, hardware, open, openAt, ticks };
}

test("each due time gives one tick, through restarts", async () => {
  const { family, open, ticks } = await begin();
  const first = open(hourMs, 600_000);
  await family.pass(2.5 * hourMs);
  first.close();
  await family.pass(10_000);
  const second = open(hourMs, 600_000);
  await family.pass(hourMs);
  second.close();
  assert.deepEqual(await ticks(), [[600_000, 0], [hourMs + 600_000, 0], [2 * hourMs + 600_000, 0], [3 * hourMs + 600_000, 0]]);
});

test("after a stop the latest time is told, with how many were missed", async () => {
  const { family, open, ticks } = await begin();
  const first = open();
  await family.pass(1.5 * hourMs);
  first.close();
  await family.pass(5 * hourMs);
  const second = open();
  await family.pass(1_000);
  second.close();
  assert.deepEqual(await ticks(), [[hourMs, 0], [6 * hourMs, 4]]);
});

test("a clock that is set forward is noticed within a minute; one set back begins anew and tells nothing twice in a row", async () => {
  const { family, hardware, open, ticks } = await begin();
  const schedule = open();
  await family.pass(1.5 * hourMs);
  hardware.stepWall(10 * hourMs);
  await family.pass(61_000);
  assert.deepEqual((await ticks()).at(-1), [11 * hourMs, 9]);
  hardware.stepWall(-10 * hourMs);
  await family.pass(hourMs);
  schedule.close();
  assert.deepEqual(await ticks(), [[hourMs, 0], [11 * hourMs, 9], [2 * hourMs, 0]]);
});

test("a machine whose clock begins on another day with each start tells no tick twice", async () => {
  const { family, hardware, open, ticks } = await begin();
  hardware.state = "unknown";
  const first = open();
  await family.pass(1.5 * hourMs);
  await first.close();
  hardware.stepWall(-30 * 24 * hourMs); // it was started anew, and nobody has set its clock yet
  const second = open();
  await family.pass(60_000);
  hardware.stepWall(30 * 24 * hourMs); // it is set
  await family.pass(120_000);
  await second.close();
  assert.deepEqual(await ticks(), [[hourMs, 0]]);
});

test("a cron expression is told at its times in its zone; what was missed in between is counted", async () => {
  const { family, openAt, ticks } = await begin();
  const schedule = { cron: "30 1-5/2 * * *", zone: "Europe/Berlin" } as const; // the world begins at 00:00Z, one o'clock in Berlin
  const first = openAt(schedule);
  await family.pass(3 * hourMs);
  first.close();
  await family.pass(25 * hourMs);
  const second = openAt(schedule);
  await family.pass(hourMs);
  second.close();
  assert.deepEqual((await ticks()).map(([dueMs = 0, missed]) => [dueMs / hourMs, missed]), [[0.5, 0], [2.5, 0], [26.5, 2], [28.5, 0]]);
});
