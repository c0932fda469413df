import assert from "node:assert/strict";
import { test } from "node:test";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { energyCurveSchema, shiftedEvent, shiftedSchema, type EnergyCurve, type Shift, type Shifted } from "@holon/core/schema/energy.ts";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { nodeConfigSchema } from "@holon/core/schema/node.ts";
import { createClock, ClockHardware, worldBeginsMs } from "@holon/sim/clock.ts";
import { Incarnation } from "@holon/sim/incarnation.ts";
import { World } from "@holon/sim/world.ts";
import type { CellChange, Log, NewRecord } from "@holon/core/log/log.ts";
import { createEvents } from "../event/events.ts";
import { nodeName } from "../testing/sim-family.ts";
import { bed as unitBed, unitOf } from "../testing/unit-bed.ts";
import { createJobGate, jobCell, type JobGate } from "./job-gate.ts";

const hourMs = 3_600_000;
const at = (hour: number): number => worldBeginsMs + hour * hourMs;
const curve: EnergyCurve = energyCurveSchema.parse({ kind: "carbon", startMs: worldBeginsMs, values: Array.from({ length: 96 }, (_, hour) => (hour % 24 === 11 || hour % 24 === 13 ? 10 : 100)), asOfMs: worldBeginsMs + 90 * hourMs, from: "file x" });

/** A gate over cells and records in memory: how it behaves on disks and through moves is the scenario's to show. */
function bed(planned?: Shift) {
  const world = new World(3);
  const self = nodeName("edge-1");
  const hardware = new ClockHardware(world);
  const clock = createClock(new Incarnation(world, { name: self, number: 1, calls: 0, hooks: {} }), hardware, 0);
  const cells = new Map<string, Uint8Array>();
  const records: NewRecord[] = [];
  const log = {
    cell: (key: string) => cells.get(key),
    heads: () => new Map(),
    append: (batch: { readonly records?: readonly NewRecord[]; readonly cells?: readonly CellChange[] }) => {
      for (const { key, value } of batch.cells ?? []) if (value !== null) cells.set(key, value);
      records.push(...(batch.records ?? []));
      return Promise.resolve([]);
    },
  } as unknown as Log; // what the gate asks of a log
  const app = appDocumentSchema.parse({ name: "lab", version: "1", models: [], functions: [{ name: "train", code: "a".repeat(64), on: { type: "x.y" }, emits: {}, models: [], needs: { deferrableHours: 6, job: { hours: 2, interruptible: true, schedule: { everyMs: 24 * hourMs, offsetMs: 8 * hourMs } } } }] });
  const [fn] = app.functions;
  assert.ok(fn !== undefined);
  const state = { done: false, leaving: false, woken: 0, curve: curve as EnergyCurve | undefined };
  const events = createEvents(nodeConfigSchema.parse({ name: self, site: "s", tier: "edge", jurisdiction: "EU/DE" }), clock);
  const open = (): JobGate => {
    const gate = createJobGate({ app: "lab", fn, log, events, clock, trace: { note: (_level, text) => assert.fail(text) }, planned: () => planned, curve: () => state.curve, readCurves: () => Promise.resolve(), isLeaving: () => state.leaving });
    gate.follow({ hasReached: () => state.done, committed: () => void state.woken++ });
    return gate;
  };
  const until = (hour: number) => world.run({ timeMs: hour * hourMs });
  const told = (): readonly Shifted[] => records.map(({ bytes }) => parseStoredEvent(bytes, "x")).filter(({ type }) => type === shiftedEvent).map(({ data }) => shiftedSchema.parse(data));
  return { world, cells, open, until, told, state, hardware };
}

test("it opens in its hours, pauses between them, and tells once what came of it", async () => {
  const { open, until, told, state } = bed();
  const gate = open();
  await until(9);
  assert.deepEqual([gate.isOpen(), gate.status().phase, gate.status().chosenBy], [false, "waits", "node"]);
  await until(11.5);
  assert.deepEqual([gate.isOpen(), gate.status().phase], [true, "runs"]);
  await until(12.5);
  assert.deepEqual([gate.isOpen(), gate.status().phase], [false, "pauses"]);
  await until(13.5);
  state.done = true;
  gate.look();
  await until(13.51);
  const [run] = told();
  assert.ok(run !== undefined);
  assert.deepEqual([gate.isOpen(), gate.status().phase, run.arrivesMs, run.late, run.actual, run.actualAtOnce], [false, "idle", at(8), false, 10, 100]);
  assert.ok(Math.abs(run.ran.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0) - 1.5 * hourMs) < 5_000);
  await until(30);
  assert.equal(told().length, 1, "the next is due at 32");
});

test("a restart goes on with the same run and the same hours, wherever it was", async () => {
  for (const restartAt of [9, 11.5, 12.5]) {
    const { open, until, told, state } = bed();
    const first = open();
    await until(restartAt);
    await first.close();
    const second = open();
    await until(13.2);
    assert.deepEqual([second.isOpen(), second.status().arrivesMs, second.status().windows.map(({ fromMs }) => fromMs)], [true, at(8), [at(11), at(13)]]);
    state.done = true;
    second.look();
    await until(14);
    assert.equal(told().length, 1);
  }
});

test("what control planned goes before what the node would choose; work that is not done runs on, and is told as late", async () => {
  const planned: Shift = { by: "carbon", arrivesMs: at(8), deadlineMs: at(16), nextMs: at(32), windows: [{ fromMs: at(9), toMs: at(11) }], planned: 100, atOnce: 100, basis: "curve" };
  const { open, until, told, state } = bed(planned);
  const gate = open();
  await until(9.5);
  assert.deepEqual([gate.isOpen(), gate.status().chosenBy], [true, "plan"]);
  await until(17);
  assert.equal(gate.isOpen(), true);
  state.done = true;
  gate.look();
  await until(17.1);
  assert.deepEqual(told().map(({ late, chosenBy }) => [late, chosenBy]), [[true, "plan"]]);
});

test("without a curve it runs at once; what that saved is unknown", async () => {
  const { open, until, told, state } = bed();
  state.curve = undefined;
  const gate = open();
  await until(8.5);
  assert.equal(gate.isOpen(), true);
  state.done = true;
  gate.look();
  await until(9);
  assert.deepEqual(told().map(({ actual, basis }) => [actual, basis]), [[null, "unknown"]]);
});

test("who leaves works off what there is, whatever the hour; what a node was given last is done, not what it never had", async () => {
  const { open, until, state, cells } = bed();
  const gate = open();
  await until(9);
  state.leaving = true;
  assert.equal(gate.isOpen(), true);
  assert.ok(cells.has(jobCell("lab/train")));
});

test("a clock that was ahead and is set back holds no job up until then, be it done or under way", async () => {
  for (const isDone of [true, false]) {
    const { open, until, told, state, hardware } = bed();
    state.curve = undefined; // it runs when it is due
    hardware.stepWall(400 * 24 * hourMs);
    const gate = open();
    await until(9);
    assert.equal(gate.status().phase, "runs");
    state.done = isDone;
    gate.look();
    await until(9.5);
    assert.equal(told().length, isDone ? 1 : 0);
    hardware.stepWall(-400 * 24 * hourMs);
    state.done = false;
    await until(10);
    assert.deepEqual([gate.isOpen(), gate.status().phase], [false, "idle"]);
    await until(32.5);
    assert.deepEqual([gate.status().phase, gate.status().arrivesMs], ["runs", at(32)]);
    await gate.close();
  }
});

test("a machine whose clock begins at 1970, or at the day its system was built, does nothing a second time when it is set", async () => {
  for (const back of [worldBeginsMs, 30 * 24 * hourMs]) {
    const { open, until, told, state, hardware } = bed();
    state.curve = undefined;
    state.done = true;
    const before = open();
    await until(9);
    assert.deepEqual(told().length, 1);
    await before.close();
    hardware.stepWall(-back);
    hardware.state = "unknown";
    const after = open();
    await until(9.2);
    hardware.stepWall(back);
    hardware.state = "synced";
    await until(10);
    assert.deepEqual([told().length, after.status().phase], [1, "idle"]);
    await after.close();
  }
});

test("windows that wait open the gate of their job, in its hours, though nothing new has come", async () => {
  const dayMs = 24 * hourMs;
  const extra = { on: { type: "in.came", window: { kind: "tumbling", sizeMs: 60_000 }, watermark: { idleMs: 600_000 } }, needs: { deferrableHours: 1, job: { hours: 1, schedule: { everyMs: dayMs, offsetMs: 2 * hourMs } } } };
  const { send, until, machine, pass, outputs } = await unitBed([{ name: "sum", type: "in.came", extra }]);
  await send("in.came", 5);
  await pass(1.9 * hourMs);
  assert.deepEqual(await outputs(), [], "its hours have not come");
  await until("the first run has taken the event in", () => (unitOf(machine, "sum")?.windows?.waiting ?? 0) > 0 || (unitOf(machine, "sum")?.handled ?? 0) > 0, 2 * hourMs);
  await until("the run is over", () => unitOf(machine, "sum")?.job?.phase === "idle", 3 * hourMs);
  await pass(dayMs / 2);
  assert.deepEqual(await outputs(), [], "it is silent by now, and not its hour");
  await until("the next run hands it over", () => (unitOf(machine, "sum")?.emitted ?? 0) === 1, dayMs);
  await until("that run is over, too", () => unitOf(machine, "sum")?.job?.phase === "idle", 3 * hourMs);
  assert.equal((await outputs()).length, 1);
});
