/** A full disk, and a log of which much may go: it must come to have room, whatever stood in the way before. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { planRetention } from "@holon/core/log/retention.ts";
import { limits } from "@holon/core/limits.ts";
import type { Clock, Disk } from "@holon/core/ports.ts";
import { createEvents } from "@holon/node/event/events.ts";
import { createKeeper, type Keeper } from "@holon/node/log/keeper.ts";
import type { LogOptions, SegmentLog } from "@holon/node/log/segment-log.ts";
import { openTempLog, record } from "@holon/node/testing/temp-log.ts";
import { createDisk, DiskMedium } from "./disk.ts";
import { ClockHardware, createClock } from "./clock.ts";
import { incarnation } from "./testing/lone-node.ts";
import { World } from "./world.ts";

const segmentBytesMax = 8 << 10;
const everything = { get: () => Number.POSITIVE_INFINITY } as unknown as ReadonlyMap<string, number>; // a map that says of everything that it is safe

class Bench {
  readonly world = new World(1);
  readonly medium = new DiskMedium(this.world.random.fork("disk"));
  #life = incarnation(this.world, "gateway-1");

  open(change: (disk: Disk) => Disk = (disk) => disk, options: Pick<LogOptions, "segmentBytesMax" | "full" | "freed"> = { segmentBytesMax }): Promise<SegmentLog> {
    return openTempLog("", { ...options, disk: change(this.disk()), clock: this.clock() });
  }

  disk = (): Disk => createDisk(this.#life, this.medium);
  clock = (): Clock => createClock(this.#life, new ClockHardware(this.world), 0);

  crash(): void {
    this.#life.end();
    this.medium.killProcess();
    this.#life = incarnation(this.world, "gateway-1");
  }

  /** Looks as the keeper does, until the log takes something again; says how often that was. */
  async looksUntilRoom(log: SegmentLog, needBytes: number): Promise<number> {
    for (let looks = 1; looks <= 30; looks++) {
      this.medium.capacityBytes += 2_000; // of the reserve
      await log.retain((parts, totalBytes, comingBytes) => planRetention({ policy: { streams: {} }, nowMs: 0, parts, totalBytes, safe: everything, read: new Map(), needBytes: Math.max(0, needBytes - comingBytes) }), () => record("audit", "expired"), true);
      await this.world.sleep(limits.retiredFileMs + 1_000);
      this.medium.capacityBytes -= 2_000;
      if (await log.append({ records: [record("data", "x".repeat(4_000))] }).then(() => true, () => false)) return looks;
    }
    return Number.POSITIVE_INFINITY;
  }
}

/** A fifth of each segment is raw. */
async function fill(log: SegmentLog, segments: number): Promise<void> {
  for (let count = 0; count < segments * 4; count++) await log.append({ records: [record("local", "r".repeat(300)), record("data", "d".repeat(1_400))] });
}

test("a full disk has room again where what was let go of lies among much that stays", async () => {
  const bench = new Bench();
  const looks = await bench.world.drive((async () => {
    const log = await bench.open();
    await fill(log, 20);
    bench.medium.capacityBytes = bench.medium.usedBytes;
    return bench.looksUntilRoom(log, 20_000);
  })());
  assert.ok(looks <= 10, `no room after ${looks} looks`);
});

test("what was said to be gone when the power went is let go of at the next occasion, and counts for no room", async () => {
  const bench = new Bench();
  const looks = await bench.world.drive((async () => {
    let isCut = false;
    const never = new Promise<never>(() => undefined);
    const log = await bench.open((disk) => ({ ...disk, remove: (path) => (isCut ? never : disk.remove(path)), open: (path, options) => (isCut ? never : disk.open(path, options)) }));
    await fill(log, 20);
    isCut = true;
    void log.retain((parts) => parts.filter(({ stream, segment }) => stream === "data" && segment < 8).map(({ lane, lastSequence }) => ({ lane, through: lastSequence, rule: "a test" })), () => record("audit", "expired"));
    await bench.world.sleep(1_000);
    bench.crash();
    const again = await bench.open();
    assert.ok(again.cell("expired/gateway-1/data") !== undefined, "it was said");
    bench.medium.capacityBytes = bench.medium.usedBytes;
    return bench.looksUntilRoom(again, 20_000);
  })());
  assert.ok(looks <= 6, `no room after ${looks} looks`);
});

test("a cleaning for which there is no room is taken back, and leaves no file open", async () => {
  const bench = new Bench();
  await bench.world.drive((async () => {
    let open = 0;
    const counting = (disk: Disk): Disk => ({
      ...disk,
      open: async (path, options) => {
        const file = await disk.open(path, options);
        open += 1;
        return { ...file, close: () => ((open -= 1), file.close()) };
      },
    });
    const log = await bench.open(counting);
    for (let count = 0; count < 80; count++) await log.append({ records: [record("local", "r".repeat(1_000)), record("audit", "a".repeat(700))] });
    const before = open;
    bench.medium.capacityBytes = bench.medium.usedBytes + 500;
    for (let look = 0; look < 20; look++) {
      await log.retain((parts) => parts.filter(({ stream }) => stream === "local").slice(look, look + 1).map(({ lane, lastSequence }) => ({ lane, through: lastSequence, rule: "a test" })), () => record("data", "expired"), true).catch(() => undefined);
    }
    assert.equal(open, before);
    assert.deepEqual([...bench.medium.names.files.keys()].filter((name) => name.endsWith(".new")), []);
  })());
});

for (const megabytes of [4, 8, 40]) {
  test(`a log on a volume of ${megabytes} MB takes in more than it holds where all is safe elsewhere`, async () => {
    const bench = new Bench();
    bench.medium.capacityBytes = megabytes << 20;
    const events = createEvents({ name: "gateway-1", jurisdiction: "EU/DE" }, bench.clock());
    const taken = await bench.world.drive((async () => {
      const keepers: Keeper[] = [];
      const log = await bench.open(undefined, { full: () => keepers[0]?.full(), freed: () => keepers[0]?.freed() });
      const keeper = createKeeper({ log, policy: { streams: {} }, events, ports: { clock: bench.clock(), disk: bench.disk(), trace: { note: () => undefined } }, safe: () => everything, readers: () => [] });
      keepers.push(keeper);
      await keeper.start();
      let bytes = 0;
      for (let refused = 0; bytes < 3 * (megabytes << 20) && refused < 60; ) {
        const isTaken = await log.append({ records: Array.from({ length: 40 }, () => record("data", "x".repeat(4_000))) }).then(() => true, () => false);
        bytes += isTaken ? 40 * 4_000 : 0;
        refused = isTaken ? 0 : refused + 1;
        if (!isTaken) await bench.world.sleep(2_000); // whoever has something to say comes again
      }
      return bytes;
    })());
    assert.ok(taken >= 3 * (megabytes << 20), `it stood still behind ${taken} bytes`);
  });
}
