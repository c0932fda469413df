/** Nodes whose wall clocks are an hour off: what is said of them is so by the clock of whoever answers, and it is said that theirs differ. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { linkNewsType } from "@holon/node/telemetry/link-news.ts";
import { z } from "zod";
import { worldBeginsMs } from "./clock.ts";
import { Fleet } from "./fleet.ts";
import { controlOf } from "./programs/moving.ts";
import { holonProgram } from "./programs/program.ts";
import { World } from "./world.ts";

const hourMs = 3_600_000;
const minuteMs = 60_000;
const offMs = { "edge-1": -2 * hourMs, "gateway-1": hourMs, "gateway-2": -hourMs, "gateway-3": 0 } as const;
const devices = { readingsPerSecond: 0.5, burstChance: 0, burstMax: 1, markerEvery: 10 };
const telemetry = telemetrySettingsSchema.parse({ everyMs: minuteMs });

/** Clocks stand as they do before anything starts. */
async function fleetWithClocks(offs: Readonly<Record<string, number>> = offMs): Promise<Fleet> {
  const world = new World(7);
  const fleet = new Fleet(world, await holonProgram());
  fleet.add({ name: "cloud", tier: "cloud", telemetry });
  fleet.add({ name: "edge-1", tier: "edge", parent: "cloud", telemetry });
  for (const [name, parent] of [["gateway-1", "cloud"], ["gateway-2", "cloud"], ["gateway-3", "edge-1"]] as const) fleet.add({ name, tier: "gateway", parent, telemetry, devices });
  for (const [name, byMs] of Object.entries(offs)) fleet.members.get(name)?.machine.clock.stepWall(byMs);
  await fleet.bringUp();
  return fleet;
}

const telemetryOf = ({ root: { machine: { subject } } }: Fleet) => subject?.telemetry ?? assert.fail("the root has no telemetry");

async function seen(fleet: Fleet) {
  const { world } = fleet;
  const status = await world.drive(telemetryOf(fleet).fleet({}));
  const nowMs = worldBeginsMs + world.nowMs;
  const chart = async (node: string) => (await world.drive(telemetryOf(fleet).series({ name: "holon.log.records", node, from: new Date(nowMs - 10 * minuteMs).toISOString(), to: new Date(nowMs).toISOString(), stepMs: minuteMs }))).series[0]?.points.filter(({ open }) => open !== true) ?? [];
  return { status, nowMs, chart };
}

test("a node whose clock is off is there, is charted when it was, and its clock is said to differ", async () => {
  const fleet = await fleetWithClocks();
  const { world } = fleet;
  await world.run({ timeMs: world.nowMs + 15 * minuteMs });
  const { status, nowMs, chart } = await seen(fleet);
  assert.deepEqual([status.completeness.nodes, status.completeness.reported, status.completeness.unknown], [5, 5, 0]);
  for (const row of status.nodes) {
    assert.equal(row.state, "present", row.node);
    assert.ok(row.since !== null && Date.parse(row.since) >= worldBeginsMs - 2_000 && Date.parse(row.since) <= nowMs, `${row.node} since ${row.since}`);
    const wanted = Object.entries(offMs).find(([name, byMs]) => name === row.node && byMs !== 0)?.[1] ?? null;
    assert.equal(row.clockOffMs === null ? null : Math.round(row.clockOffMs / minuteMs) * minuteMs, wanted, row.node);
  }
  for (const node of ["gateway-1", "gateway-2", "gateway-3"]) {
    const points = await chart(node);
    const told = points.slice(0, -1); // the newest may be on its way
    assert.ok(told.length >= 8);
    for (const { at, value, reported } of told) assert.ok(reported === 1 && value !== null && value > 10 && value < 200, `${node} ${at} ${value} ${reported}`);
  }
});

test("one that stops, and one that is cut off, is so since it was, by the clock here, also to who starts anew", async () => {
  const fleet = await fleetWithClocks();
  const { world } = fleet;
  await world.run({ timeMs: world.nowMs + 5 * minuteMs });
  const cutMs = worldBeginsMs + world.nowMs;
  fleet.net.cut("gateway-1", "cloud", { reset: true });
  fleet.net.cut("gateway-3", "edge-1", { reset: true });
  await world.run({ timeMs: world.nowMs + 5 * minuteMs });
  const check = async (): Promise<void> => {
    const { status } = await seen(fleet);
    for (const name of ["gateway-1", "gateway-3"]) {
      const row = status.nodes.find(({ node }) => node === name);
      assert.equal(row?.state, "silent", name);
      assert.ok(row.since !== null && Math.abs(Date.parse(row.since) - cutMs) < 90_000, `${name} since ${row.since}`);
      assert.ok(row.through !== null && Math.abs(Date.parse(row.through) - cutMs) < 90_000, `${name} through ${row.through}`);
    }
    assert.deepEqual([status.completeness.reported, status.completeness.unknown], [3, 2]);
  };
  await check();
  fleet.root.machine.crash("power", minuteMs);
  await world.run({ timeMs: world.nowMs + 4 * minuteMs });
  await check();
});

test("a root that boots in 1970 says that of its own clock and not of all others, and all is as it was when it is set", async () => {
  const fleet = await fleetWithClocks({});
  const { world } = fleet;
  await world.run({ timeMs: world.nowMs + 5 * minuteMs });
  const { machine } = fleet.root;
  machine.clock.resetTo1970();
  machine.crash("power", minuteMs);
  await world.run({ timeMs: world.nowMs + 10 * minuteMs });
  const before = await world.drive(telemetryOf(fleet).fleet({}));
  assert.ok(before.asOf < "1971" && before.clock.state === "unknown" && (before.clock.offMs ?? 0) < -50 * 365 * 24 * hourMs, JSON.stringify(before.clock));
  assert.deepEqual(before.nodes.map(({ node, state, clockOffMs }) => [node, state, clockOffMs]), Object.keys({ cloud: 0, ...offMs }).map((node) => [node, "present", null]));
  machine.clock.synchronise();
  await world.run({ timeMs: world.nowMs + 3 * minuteMs });
  const { status, nowMs, chart } = await seen(fleet);
  assert.deepEqual([status.clock, status.completeness.reported, status.completeness.unknown], [{ state: "synced", offMs: null }, 5, 0]);
  for (const { node, state, clockOffMs, through, since } of status.nodes) {
    assert.deepEqual([state, clockOffMs], ["present", null], node);
    assert.ok(through !== null && nowMs - Date.parse(through) < 90_000 && Date.parse(through) <= nowMs, `${node} through ${through}`);
    assert.ok(since === null || Date.parse(since) > worldBeginsMs - minuteMs, `${node} since ${since}`);
  }
  const told = (await chart("gateway-1")).slice(-2, -1);
  assert.ok(told.every(({ value, reported }) => reported === 1 && value !== null), JSON.stringify(told));
});

test("what was said of a clock long ago is known after a start, also where all that could be read again is newer", async () => {
  const fleet = await fleetWithClocks({ "gateway-3": hourMs });
  const { world } = fleet;
  await world.run({ timeMs: world.nowMs + 5 * minuteMs });
  const off = async (): Promise<number | null | undefined> => (await seen(fleet)).status.nodes.find(({ node }) => node === "gateway-3")?.clockOffMs;
  assert.equal(await off(), hourMs);
  const { log, events } = fleet.members.get("edge-1")?.machine.subject ?? assert.fail("it does not run");
  assert.ok(events !== undefined);
  const news = (): NewRecord => events.record({ stream: "telemetry", type: linkNewsType, class: "public", producer: "link", data: { links: [] } });
  for (let count = 0; count < limits.telemetryReadBackMax + 100; count += 100) await world.drive(log.append({ records: Array.from({ length: 100 }, news) }));
  await world.run({ timeMs: world.nowMs + 5 * minuteMs });
  fleet.net.cut("edge-1", "cloud", { reset: true });
  fleet.root.machine.crash("power", minuteMs);
  await world.run({ timeMs: world.nowMs + 4 * minuteMs });
  assert.equal(await off(), hourMs);
});

test("one that comes back with another clock changes nothing of what it told before, also to who starts anew", async () => {
  const fleet = await fleetWithClocks({});
  const { world } = fleet;
  const names = ["gateway-1", "gateway-3"] as const; // below the root, and below the one below it
  await world.run({ timeMs: world.nowMs + 8 * minuteMs });
  const beginMs = Math.floor((worldBeginsMs + world.nowMs - 7 * minuteMs) / minuteMs) * minuteMs;
  const chartOf = async (node: string) => (await world.drive(telemetryOf(fleet).series({ name: "holon.log.records", node, from: new Date(beginMs).toISOString(), to: new Date(beginMs + 6 * minuteMs).toISOString(), stepMs: minuteMs }))).series[0]?.points.map(({ at, value, reported }) => ({ at, value, reported }));
  const charts = async () => {
    const all = [];
    for (const name of names) all.push(await chartOf(name));
    return all;
  };
  const before = await charts();
  for (const points of before) assert.ok((points ?? []).filter(({ reported }) => reported === 1).length >= 4, JSON.stringify(points));

  const ends: number[] = [];
  const restart = async (byMs: number): Promise<void> => {
    ends.push(worldBeginsMs + world.nowMs);
    for (const name of names) {
      const { machine } = fleet.members.get(name) ?? assert.fail(name);
      machine.clock.stepWall(byMs);
      machine.crash("power", minuteMs);
    }
    await world.run({ timeMs: world.nowMs + 5 * minuteMs });
  };
  const check = async (wanted: number | null): Promise<void> => {
    assert.deepEqual(await charts(), before);
    const { status, nowMs } = await seen(fleet);
    for (const name of names) {
      const row = status.nodes.find(({ node }) => node === name) ?? assert.fail(name);
      assert.ok(row.state === "present" || row.state === "crashed", `${name} ${row.state}`);
      assert.equal(row.clockOffMs, wanted, name);
      assert.ok(row.ended !== null && Math.abs(Date.parse(row.ended.at) - (ends.at(-1) ?? 0)) < 90_000, `${name} ended ${row.ended?.at}`);
      assert.ok(row.through !== null && nowMs - Date.parse(row.through) < 2 * minuteMs && Date.parse(row.through) <= nowMs, `${name} through ${row.through}`);
    }
  };
  await restart(3 * hourMs);
  await check(3 * hourMs);
  fleet.root.machine.crash("power", minuteMs);
  await world.run({ timeMs: world.nowMs + 4 * minuteMs });
  await check(3 * hourMs);
  await restart(-3 * hourMs);
  await check(null);
  await restart(0);
  await check(null);
  fleet.root.machine.crash("power", minuteMs);
  await world.run({ timeMs: world.nowMs + 4 * minuteMs });
  await check(null);
});

test("what a node says of when it was is told by control as it was here, of each run by the clock of that run, and is never to come", async () => {
  const fleet = await fleetWithClocks({});
  const { world } = fleet;
  const { machine } = fleet.members.get("gateway-1") ?? assert.fail("no gateway-1");
  const control = () => controlOf(fleet.root.machine.subject) ?? assert.fail("the root carries no control");
  const row = () => control().node("gateway-1") ?? assert.fail("gateway-1 was never heard");
  await world.run({ timeMs: world.nowMs + 3 * minuteMs });
  for (const byMs of [3 * hourMs, -20_000 * 24 * hourMs, 0]) {
    await world.drive(machine.close());
    machine.clock.stepWall(byMs - (machine.clock.wallMs() - worldBeginsMs - world.nowMs));
    const startMs = worldBeginsMs + world.nowMs;
    machine.start();
    await world.run({ timeMs: world.nowMs + 12 * minuteMs });
    const nowMs = worldBeginsMs + world.nowMs;
    const near = (at: string | number | undefined, what: string): void => assert.ok(at !== undefined && new Date(at).getTime() >= startMs - 5_000 && new Date(at).getTime() <= nowMs, `${what} at ${at}, with a clock ${byMs} ahead, started at ${startMs}, it is ${nowMs}`);
    const { startedAt, drift } = row();
    near(startedAt, "started");
    for (const { kind, since } of drift) if (since !== "") near(since, kind);
    const [seenHere] = [...control().looks()].filter(({ node }) => node.name === "gateway-1");
    near(seenHere?.node.startedAt, "started, for who looks on");
    const status = z.object({ wallMs: z.number(), upMs: z.number(), known: z.array(z.object({ what: z.string(), asOfMs: z.number().nullable() })) }).parse(control().times.status("gateway-1", { ...(machine.subject?.status?.() ?? assert.fail("it does not run")) }));
    assert.ok(Math.abs(status.wallMs - nowMs) < 2_000, `its clock says ${status.wallMs} here`);
    for (const { what, asOfMs } of status.known) if (asOfMs !== null) near(asOfMs, what);
  }
});

test("a node that begins at 1970 and whose clock is set in the midst of its run has all of it told as it was, also to a root that starts anew and to who is above a node between", async () => {
  const fleet = await fleetWithClocks({});
  const { world } = fleet;
  const names = ["gateway-1", "gateway-3"] as const;
  for (const name of names) {
    const { machine } = fleet.members.get(name) ?? assert.fail(`no ${name}`);
    await world.drive(machine.close());
    machine.clock.resetTo1970();
    machine.start();
  }
  const startMs = worldBeginsMs + world.nowMs;
  await world.run({ timeMs: world.nowMs + 12 * minuteMs });
  for (const name of names) fleet.members.get(name)?.machine.clock.synchronise();
  await world.run({ timeMs: world.nowMs + 12 * minuteMs });
  const check = async (): Promise<void> => {
    const { status, nowMs } = await seen(fleet);
    for (const name of names) {
      const row = status.nodes.find(({ node }) => node === name) ?? assert.fail(`no ${name}`);
      assert.deepEqual([row.state, row.clockOffMs], ["present", null], name);
      const startedAt = controlOf(fleet.root.machine.subject)?.node(name)?.startedAt;
      assert.ok(startedAt !== undefined && Math.abs(Date.parse(startedAt) - startMs) < minuteMs, `${name} started at ${startedAt}, and it was ${new Date(startMs).toISOString()}`);
      const { series: [charted] } = await world.drive(telemetryOf(fleet).series({ name: "holon.log.records", node: name, from: new Date(startMs + minuteMs).toISOString(), to: new Date(nowMs).toISOString(), stepMs: minuteMs }));
      const points = (charted?.points ?? []).filter(({ open }) => open !== true).slice(0, -1);
      // The window in which the clock was set has no length that anybody knows.
      const empty = points.filter(({ reported, value }) => reported !== 1 || value === null);
      assert.ok(points.length >= 20 && empty.length <= 1, `${name}: ${JSON.stringify(empty)} of ${points.length}`);
    }
  };
  await check();
  fleet.root.machine.crash("power", 1_000);
  await world.run({ timeMs: world.nowMs + 4 * minuteMs });
  await check();
});
