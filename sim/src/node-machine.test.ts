import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { Ports } from "@holon/core/ports.ts";
import { bulkSourceSchema, hostSourceSchema, mqttSourceSchema, replaySourceSchema, type SourceSpec } from "@holon/core/schema/app.ts";
import { SimNet } from "./net.ts";
import { NodeMachine, type Booted } from "./node-machine.ts";
import { naiveProgram } from "./testing/naive-node.ts";
import { nodeName } from "./testing/lone-node.ts";
import { World } from "./world.ts";

function machineOf(boot: (ports: Ports) => Promise<Booted>, seed = 1): { readonly world: World; readonly machine: NodeMachine<Booted> } {
  const world = new World(seed);
  const { sandbox } = naiveProgram();
  const machine = new NodeMachine(world, new SimNet(world), 1, {
    name: nodeName("gateway-1"),
    boot,
    sandbox: () => sandbox(world),
    devices: { readingsPerSecond: 100, burstChance: 0.2, burstMax: 5, markerEvery: 3 },
  });
  return { world, machine };
}

const closed: Booted = { close: () => Promise.resolve() };

test("the disk outlives a crash; timers, calls and the monotonic clock do not", async () => {
  const seen: { size: number; monotonicMs: number }[] = [];
  let oldTimers = 0;
  const { world, machine } = machineOf(async ({ disk, clock }) => {
    const file = await disk.open("count", { create: true });
    await disk.syncFolder("");
    seen.push({ size: file.size(), monotonicMs: clock.monotonicMs() });
    await file.write(file.size(), Uint8Array.of(1));
    await file.sync();
    clock.after(5_000, () => (oldTimers += 1));
    return closed;
  });
  machine.start();
  await world.run({ timeMs: 1_000 });
  assert.ok(machine.subject !== undefined);
  machine.crash("power", 500);
  assert.equal(machine.isOn, false);
  await world.run({ timeMs: 60_000 });
  assert.deepEqual(seen.map(({ size }) => size), [0, 1]);
  assert.notEqual(Math.round(seen[0]?.monotonicMs ?? 0), Math.round((seen[1]?.monotonicMs ?? 0) - 1_500));
  assert.deepEqual([oldTimers, machine.boots, machine.crashes], [1, 2, 1]);
});

test("a process that stands still goes on where it was, with all that came meanwhile; only where its machine sleeps, its monotonic clock stands still too", async () => {
  for (const sleeps of [false, true]) {
    const seen: [string, number, number][] = [];
    const { world, machine } = machineOf(async ({ disk, clock }) => {
      const startMs = clock.monotonicMs();
      const told = (what: string): void => void seen.push([what, Math.round(clock.monotonicMs() - startMs), Math.round(clock.elapsedMs() - startMs)]);
      const file = await disk.open("a", { create: true });
      clock.after(2_000, () => told("rings at 2 s"));
      clock.after(20_000, () => told("rings at 20 s"));
      clock.after(1_000, () => void file.write(0, new Uint8Array(8)).then(() => told("has written")));
      return closed;
    });
    machine.start();
    await world.run({ timeMs: 999 });
    machine.freezeInCall(1, 10_000, { sleeps });
    await world.run({ timeMs: 5_000 });
    assert.deepEqual([machine.isFrozen, seen], [true, []]);
    assert.equal(machine.medium.names.files.get("a")?.size, 8, "its system did what it was asked");
    await world.run({ timeMs: 60_000 });
    assert.deepEqual(seen.toSorted(([one], [other]) => (one < other ? -1 : 1)), sleeps ? [["has written", 1_000, 11_000], ["rings at 2 s", 2_000, 12_000], ["rings at 20 s", 20_000, 30_000]] : [["has written", 11_000, 11_000], ["rings at 2 s", 11_000, 11_000], ["rings at 20 s", 20_000, 20_000]]);
  }
});

test("a cut can be placed before or after each port call of a boot, and the node comes up again", async () => {
  const boot = async ({ disk }: Ports): Promise<Booted> => {
    const file = await disk.open("a", { create: true });
    await file.write(0, new Uint8Array(1000).fill(1));
    await file.sync();
    await disk.syncFolder("");
    return closed;
  };
  for (const place of ["before", "after"] as const) {
    for (let call = 1; call <= 4; call++) {
      const { world, machine } = machineOf(boot, call);
      machine.crashAtCall(call, place, "power", 100);
      machine.start();
      await world.run({ condition: () => machine.subject !== undefined, timeMs: 10_000 });
      assert.deepEqual([machine.crashes, machine.boots], [1, 2], `${place} call ${call}`);
      assert.equal(machine.identity.calls, call + 4);
    }
  }
});

test("a boot that fails is kept with its code and tried again", async () => {
  let attempts = 0;
  const { world, machine } = machineOf(() => {
    attempts += 1;
    return attempts < 3 ? Promise.reject(new HolonError("HOLON_DISK_FAILED", "no disk")) : Promise.resolve(closed);
  });
  machine.start();
  await world.run({ condition: () => machine.subject !== undefined, timeMs: 60_000 });
  assert.deepEqual(machine.bootFailures.map(({ code }) => code), ["HOLON_DISK_FAILED", "HOLON_DISK_FAILED"]);
});

const specs: Readonly<Record<SourceSpec["kind"], SourceSpec>> = {
  replay: replaySourceSchema.parse({ name: "pump", kind: "replay", type: "t.r", files: [{ path: "/p.csv", subject: "p" }], columns: { a: "pressure" } }),
  bulk: bulkSourceSchema.parse({ name: "producers", kind: "bulk", type: "t.r" }),
  mqtt: mqttSourceSchema.parse({ name: "broker", kind: "mqtt", type: "t.r" }),
  host: hostSourceSchema.parse({ name: "figures", kind: "host", type: "t.r" }),
};

for (const kind of ["replay", "mqtt", "host"] as const) {
  test(`a ${kind} source goes on after a crash in its own manner, and confirms only what was accepted`, async () => {
    const taken: string[] = [];
    let offset: string | undefined;
    let confirmNone = false;
    const { world, machine } = machineOf(async ({ door, clock }) => {
      await door.open(specs[kind], {
        offset: kind === "replay" ? offset : undefined,
        accept: async (readings, next) => {
          for (const { data } of readings) taken.push(JSON.stringify(data).replace(/.*"reading":"([^"]+)".*/, "$1"));
          offset = next;
          await new Promise<void>((resolve) => confirmNone || clock.after(1, resolve));
        },
        enterProducer: () => Promise.reject(new Error("no producers here")),
        reject: () => Promise.resolve(),
        ended: () => {},
      });
      return closed;
    });
    machine.start();
    await world.run({ timeMs: 2_000 });
    confirmNone = true;
    await world.run({ timeMs: 3_000 });
    confirmNone = false;
    machine.crash("power", 10);
    await world.run({ timeMs: 5_000 });
    const [ledger] = machine.devices.ledgers.values();
    assert.ok(ledger !== undefined && ledger.acknowledged.count > 100);
    for (const number of ledger.acknowledged) assert.ok(taken.includes(`${ledger.source}/${number}`));
    const doubled = taken.length - new Set(taken).size;
    if (kind === "mqtt") assert.ok(doubled > 0, "what was not confirmed is sent again");
    else assert.equal(doubled, 0);
    assert.equal(ledger.acknowledged.ranges.length, kind === "mqtt" ? 1 : 2, "what nobody confirmed stays unconfirmed");
    assert.ok(taken.length > 100);
  });
}

test("devices that were quietened make no more readings", async () => {
  let count = 0;
  const { world, machine } = machineOf(async ({ door }) => {
    await door.open(specs.host, { offset: undefined, accept: async (readings) => void (count += readings.length), enterProducer: () => Promise.reject(new Error("no producers here")), reject: () => Promise.resolve(), ended: () => {} });
    return closed;
  });
  machine.start();
  await world.run({ timeMs: 1_000 });
  machine.devices.quieten();
  const before = count;
  await world.run({ timeMs: 5_000 });
  assert.ok(before > 0);
  assert.equal(count, before);
});
