import assert from "node:assert/strict";
import { test } from "node:test";
import { hostStatsContract } from "./contracts/host-stats.ts";
import { DiskMedium } from "./disk.ts";
import { createHostStats, HostHardware, type HostHabits } from "./host-stats.ts";
import { SeededRandom } from "./random.ts";
import { incarnation } from "./testing/lone-node.ts";
import { World } from "./world.ts";

const habits: HostHabits = { processors: 4, memoryBytes: 8e9, powerSource: "battery", accelerators: [{ model: "t4", count: 2 }], providers: ["cpu"] };

function machine(world = new World(1)) {
  const hardware = new HostHardware(world, habits);
  const medium = new DiskMedium(new SeededRandom("disk"), { capacityBytes: 1e9 });
  const boot = () => createHostStats(incarnation(world, "edge-1"), hardware, medium);
  const pass = (ms: number): Promise<unknown> => world.run({ timeMs: world.nowMs + ms });
  return { world, hardware, medium, boot, pass };
}

const contracted = new World(1);
hostStatsContract("sim", () => ({ port: machine(contracted).boot(), drive: (work) => contracted.drive(work), dispose: () => Promise.resolve() }), (ms) => new Promise((resolve) => contracted.after(ms, resolve)));

test("a share of processors is the mean since the sample before, and goes on over a restart of the process", async () => {
  const { world, hardware, boot, pass } = machine();
  const stats = boot();
  await world.drive(stats.sample());
  hardware.busy = 1;
  await pass(10_000);
  hardware.busy = 0;
  await pass(30_000);
  const { cpuUserPercent = 0, loadAverage } = await world.drive(stats.sample());
  assert.deepEqual([Math.round(cpuUserPercent), loadAverage], [25, 0]);
  const again = boot();
  hardware.busy = 0.5;
  await pass(10_000);
  assert.deepEqual([(await world.drive(again.sample()))["cpuUserPercent"], Math.round(again.process?.().processorSeconds ?? 0)], [undefined, 20], "four processors, half of them busy for ten seconds");
});

test("of its disk is free what the medium has left", async () => {
  const { world, medium, boot } = machine();
  const free = async () => (await world.drive(boot().capacity())).diskBytes;
  assert.equal(await free(), 1e9 - medium.usedBytes);
  medium.capacityBytes = medium.usedBytes;
  assert.equal(await free(), 0);
});
