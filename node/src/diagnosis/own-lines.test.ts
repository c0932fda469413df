/** The node's own log by itself: what is said again, and what of it stands on disk. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { printLine } from "@holon/core/diagnosis/print-line.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { World } from "@holon/sim/world.ts";
import { createClock, ClockHardware, worldBeginsMs } from "@holon/sim/clock.ts";
import { Incarnation } from "@holon/sim/incarnation.ts";
import { nodeName } from "../testing/sim-family.ts";
import { openOwnLines } from "./own-lines.ts";

const look = { level: "info", limit: 100, bytesMax: 1 << 20 } as const;

test("what is said again says when it was last: to who asks for lines of since, and after the node was started again", async () => {
  const world = new World(1);
  const clock = createClock(new Incarnation(world, { name: nodeName("g"), number: 1, calls: 0, hooks: {} }), new ClockHardware(world), 0);
  const written: string[] = [];
  const keeper = { read: () => Promise.resolve([...written]), write: (lines: readonly string[]) => void written.push(...lines) };
  const open = (run: string) => openOwnLines({ trace: { note: () => undefined }, clock, keeper, run });
  const own = await open("one");
  const said = async (message: string): Promise<void> => {
    own.trace.note("warn", message);
    await world.run({ timeMs: world.nowMs + 60_000 });
  };
  for (let minute = 0; minute < 24; minute++) await said("the pump threw");
  const at = (minute: number): string => isoTime(worldBeginsMs + minute * 60_000);
  const [line, ...others] = own.read({ ...look, sinceMs: Date.parse(at(20)) }).lines;
  assert.deepEqual([line?.at, line?.lastAt, line?.times, others], [at(0), at(23), 24, []]);
  assert.ok(line !== undefined && printLine(line).endsWith(`(24 times, the last at ${at(23)})`));
  assert.equal(written.length, 1, "who says the same all day fills no disk");
  await said("another");
  await said("another");
  own.close();
  const after = (await open("two")).read(look).lines;
  assert.deepEqual(after.map(({ message, times, lastAt }) => [message, times, lastAt]), [["the pump threw", 24, at(23)], ["another", 2, at(25)]]);
});

test("who has read lines that a crash took goes on behind them: what they were shown before is not shown again", async () => {
  const world = new World(1);
  const clock = createClock(new Incarnation(world, { name: nodeName("g"), number: 1, calls: 0, hooks: {} }), new ClockHardware(world), 0);
  const written: string[] = [];
  const keeper = { read: () => Promise.resolve([...written]), write: (lines: readonly string[]) => void written.push(...lines) };
  const open = (run: string) => openOwnLines({ trace: { note: () => undefined }, clock, keeper, run });
  const own = await open("one");
  for (const message of ["first", "second"]) own.trace.note("info", message);
  await world.run({ timeMs: world.nowMs + 60_000 });
  for (const message of ["third", "fourth"]) own.trace.note("info", message);
  const { after } = own.read(look); // and then the power goes, before the last two are written
  assert.deepEqual([after, written.length], ["one/4", 2]);
  const again = await open("two");
  again.trace.note("info", "it starts");
  const read = again.read({ ...look, after: after ?? assert.fail() });
  assert.deepEqual([read.lines.map(({ message }) => message), read.missed], [["it starts"], 0]);
  const older = again.read({ ...look, after: "zero/7" });
  assert.deepEqual([older.lines.length, older.missed], [3, 1], "of a life of which nothing is left all is shown, and that something went by");
});
