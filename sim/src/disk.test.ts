import assert from "node:assert/strict";
import { test } from "node:test";
import type { Disk, DiskFile } from "@holon/core/ports.ts";
import { diskContract } from "./contracts/disk.ts";
import { diskFullContract, smallVolumeBytes } from "./contracts/disk-full.ts";
import { createDisk, DiskMedium } from "./disk.ts";
import { Incarnation } from "./incarnation.ts";
import { identity, incarnation } from "./testing/lone-node.ts";
import { World } from "./world.ts";

diskContract("sim", () => {
  const world = new World(1);
  const port = createDisk(incarnation(world, "edge-1"), new DiskMedium(world.random.fork("disk")));
  return { port, drive: (work) => world.drive(work), dispose: () => Promise.resolve() };
});

for (const roomAtSync of [false, true]) {
  diskFullContract(roomAtSync ? "sim, room looked for at the sync" : "sim", () => {
    const world = new World(1);
    const medium = new DiskMedium(world.random.fork("disk"), { capacityBytes: smallVolumeBytes });
    medium.faults.roomAtSync = roomAtSync;
    return { port: createDisk(incarnation(world, "edge-1"), medium), drive: (work) => world.drive(work), dispose: () => Promise.resolve() };
  });
}

/** One machine whose power can be cut: gives a disk for each of its lives. */
class Bench {
  readonly world: World;
  readonly medium: DiskMedium;
  readonly identity = identity("edge-1");
  life: Incarnation;
  disk: Disk;

  constructor(seed: number) {
    this.world = new World(seed);
    this.medium = new DiskMedium(this.world.random.fork("disk"));
    this.life = new Incarnation(this.world, this.identity);
    this.disk = createDisk(this.life, this.medium);
  }

  cutPower(): void {
    this.life.end();
    this.medium.cutPower();
    this.life = new Incarnation(this.world, this.identity);
    this.disk = createDisk(this.life, this.medium);
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    return this.world.drive(work());
  }

  async make(path: string, size: number, fill: number): Promise<DiskFile> {
    const file = await this.disk.open(path, { create: true });
    await file.write(0, new Uint8Array(size).fill(fill));
    await file.sync();
    await this.disk.syncFolder("");
    return file;
  }

  readAll(path: string): Promise<Uint8Array> {
    return this.run(async () => {
      const file = await this.disk.open(path, { create: false });
      return file.read(0, file.size());
    });
  }
}

const seeds = Array.from({ length: 200 }, (_, seed) => seed);

test("what was synced survives every power cut", async () => {
  for (const seed of seeds) {
    const bench = new Bench(seed);
    await bench.run(async () => {
      const file = await bench.make("a", 3000, 1);
      await file.write(3000, new Uint8Array(2000).fill(2));
    });
    bench.cutPower();
    const bytes = await bench.readAll("a");
    assert.ok(bytes.length >= 3000 && bytes.length <= 5000);
    assert.ok(bytes.subarray(0, 3000).every((byte) => byte === 1));
  }
});

test("what was not synced may be there, missing, zero or torn, by whole sectors", async () => {
  const outcomes = new Set<string>();
  for (const seed of seeds) {
    const bench = new Bench(seed);
    await bench.run(async () => {
      const file = await bench.make("a", 512, 1);
      await file.write(512, new Uint8Array(2048).fill(2));
    });
    bench.cutPower();
    const tail = (await bench.readAll("a")).subarray(512);
    const sectors: number[] = [];
    for (let at = 0; at < tail.length; at += 512) {
      const sector = tail.subarray(at, at + 512);
      assert.ok(sector.every((byte) => byte === sector[0]), "a sector is written whole or not at all");
      sectors.push(sector[0] ?? 0);
    }
    outcomes.add(sectors.join(""));
  }
  for (const outcome of ["", "2222", "2200", "0000"]) assert.ok(outcomes.has(outcome), `${outcome} in ${[...outcomes].join(" ")}`);
  assert.ok([...outcomes].some((outcome) => outcome.includes("02")), "a later sector without an earlier one");
});

test("a sync covers what was written before it was asked for, not what came after", async () => {
  let lostLater = 0;
  for (const seed of seeds) {
    const bench = new Bench(seed);
    await bench.run(async () => {
      const file = await bench.make("a", 1024, 1);
      await file.write(0, new Uint8Array(1024).fill(2));
      const syncing = file.sync();
      await file.write(0, new Uint8Array(512).fill(3));
      await syncing;
    });
    bench.cutPower();
    const bytes = await bench.readAll("a");
    assert.equal(bytes[1023], 2);
    assert.ok(bytes[0] === 2 || bytes[0] === 3, `found ${bytes[0]}`);
    if (bytes[0] === 2) lostLater += 1;
  }
  assert.ok(lostLater > 20);
});

test("names that were not synced may be undone, each with what rests on it; synced ones stay", async () => {
  const outcomes = new Set<string>();
  for (const seed of seeds) {
    const bench = new Bench(seed);
    await bench.run(async () => {
      await bench.make("kept", 10, 1);
      await bench.make("old", 10, 1);
      await bench.disk.rename("old", "new");
      await bench.disk.open("late", { create: true });
    });
    bench.cutPower();
    outcomes.add((await bench.run(() => bench.disk.list(""))).join(" "));
  }
  assert.deepEqual([...outcomes].sort(), ["kept late new", "kept late old", "kept new", "kept old"]);
});

test("a folder that was not synced takes what is in it along", async () => {
  const outcomes = new Set<number>();
  for (const seed of seeds.slice(0, 40)) {
    const bench = new Bench(seed);
    await bench.run(async () => {
      await bench.disk.makeFolder("log");
      const file = await bench.disk.open("log/1", { create: true });
      await file.sync();
      await bench.disk.syncFolder("log");
    });
    bench.cutPower();
    outcomes.add((await bench.run(() => bench.disk.list("log"))).length);
  }
  assert.deepEqual([...outcomes].sort(), [0, 1]);
});

test("a lying sync makes nothing durable", async () => {
  let lost = 0;
  for (const seed of seeds.slice(0, 40)) {
    const bench = new Bench(seed);
    await bench.run(async () => {
      const file = await bench.make("a", 512, 1);
      bench.medium.faults.syncLies = true;
      await file.write(0, new Uint8Array(512).fill(2));
      await file.sync();
    });
    bench.cutPower();
    if ((await bench.readAll("a"))[0] === 1) lost += 1;
  }
  assert.ok(lost > 0);
});

test("a full disk takes what fits and says so; a flipped bit is read back", async () => {
  const bench = new Bench(1);
  await bench.run(async () => {
    const file = await bench.make("a", 1000, 1);
    bench.medium.capacityBytes = 1500;
    await assert.rejects(file.write(1000, new Uint8Array(1000)), { code: "HOLON_DISK_FULL", message: /a cannot grow/ });
    assert.equal(file.size(), 1500);
    await file.write(0, new Uint8Array(10).fill(1));
  });
  assert.equal(bench.medium.flipBit("a", 3, 7), true);
  assert.equal((await bench.readAll("a"))[3], 129);
});

test("where room is looked for at the sync, what found none is gone with the power or not, and what was kept stays", async () => {
  let gone = 0;
  for (const seed of seeds) {
    const bench = new Bench(seed);
    await bench.run(async () => {
      const file = await bench.make("a", 1000, 1);
      Object.assign(bench.medium, { capacityBytes: 1500 });
      bench.medium.faults.roomAtSync = true;
      await file.write(1000, new Uint8Array(1000).fill(2));
      assert.equal(file.size(), 2000);
      await assert.rejects(file.sync(), { code: "HOLON_DISK_FULL", message: /1000 bytes of a/ });
      await assert.rejects(file.sync(), { code: "HOLON_DISK_FULL" });
    });
    bench.cutPower();
    const left = await bench.readAll("a");
    assert.deepEqual(left.subarray(0, 1000), new Uint8Array(1000).fill(1));
    if (left.length === 1000) gone += 1;
  }
  assert.ok(gone > 0 && gone < seeds.length, `${gone} of ${seeds.length}`);
});

test("what was removed and was open gives its room back when the process ends", async () => {
  const bench = new Bench(1);
  await bench.run(async () => {
    await bench.make("a", 1000, 1);
    await bench.disk.remove("a");
    await bench.disk.syncFolder("");
  });
  assert.equal(bench.medium.usedBytes, 1000);
  bench.cutPower();
  assert.equal(bench.medium.usedBytes, 0);
});

test("an incarnation that is over neither acts nor learns anything", async () => {
  const bench = new Bench(1);
  const { disk } = bench;
  const file = await bench.run(() => bench.make("a", 10, 1));
  let settled = 0;
  const count = (): void => void (settled += 1);
  file.sync().then(count, count);
  bench.cutPower();
  file.write(0, new Uint8Array(10)).then(count, count);
  disk.remove("a").then(count, count);
  await bench.world.run();
  assert.equal(settled, 0);
  assert.equal((await bench.readAll("a"))[0], 1);
});

test("a cut before a call leaves no trace of it, a cut after it all of it", async () => {
  for (const place of ["before", "after"] as const) {
    const bench = new Bench(2);
    const file = await bench.run(() => bench.make("a", 10, 1));
    const strike = (): void => {
      bench.identity.hooks = {};
      bench.cutPower();
    };
    bench.identity.hooks = place === "before" ? { beforeCall: strike } : { afterCall: strike };
    let settled = false;
    file.truncate(0).then(() => (settled = true), () => (settled = true));
    if (place === "before") assert.equal(file.size(), 10);
    await bench.world.run();
    assert.equal(settled, false);
    if (place === "before") assert.equal((await bench.readAll("a")).length, 10);
  }
});
