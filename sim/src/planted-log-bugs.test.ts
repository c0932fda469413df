/** As planted-bugs.test.ts: what a full disk refuses in the midst of a roll, on the disk that says so at the sync. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { Disk, DiskFile } from "@holon/core/ports.ts";
import { openTempLog, record } from "@holon/node/testing/temp-log.ts";
import { ClockHardware, createClock } from "./clock.ts";
import { createDisk, DiskMedium } from "./disk.ts";
import { incarnation } from "./testing/lone-node.ts";
import { World } from "./world.ts";

/** What was refused at its sync and is to be taken back stays. */
function keepsRefused(disk: Disk): Disk {
  const refused = new Set<string>();
  const watched = (path: string, file: DiskFile): DiskFile => ({
    ...file,
    sync: () =>
      file.sync().catch((error: unknown) => {
        refused.add(path);
        throw error;
      }),
  });
  return { ...disk, open: async (path, options) => watched(path, await disk.open(path, options)), remove: (path) => (refused.delete(path) ? Promise.resolve() : disk.remove(path)) };
}

const isFull = (error: unknown): boolean => error instanceof HolonError && error.code === "HOLON_DISK_FULL";
const segmentBytesMax = 8 << 10;

/** How many of what was acknowledged behind a refused roll is there when the process was killed and the log opened again. */
async function lostBehindRefusedRoll(seed: number, change: (disk: Disk) => Disk): Promise<number> {
  const world = new World(seed);
  const medium = new DiskMedium(world.random.fork("disk"));
  const life = incarnation(world, "gateway-1");
  const hardware = new ClockHardware(world);
  const acknowledged = await world.drive((async () => {
    const log = await openTempLog("", { segmentBytesMax, disk: change(createDisk(life, medium)), clock: createClock(life, hardware, 0) });
    for (let count = 0; count < 3; count++) await log.append({ records: [record("data", "x".repeat(1_500))] });
    medium.faults.roomAtSync = true;
    medium.capacityBytes = log.sizeBytes(); // what was written ahead is given back before a roll
    await assert.rejects(log.append({ records: [record("data", "y".repeat(segmentBytesMax - 1_000))] }), isFull);
    medium.capacityBytes = medium.usedBytes + 1_000; // somebody else gives up a little
    await log.append({ records: [record("data", "acknowledged")] });
    return log.head({ origin: log.origin, stream: "data" })?.sequence ?? 0;
  })());
  life.end();
  medium.killProcess();
  medium.capacityBytes = 1 << 30;
  const found = await world.drive((async () => {
    const again = incarnation(world, "gateway-1");
    const log = await openTempLog("", { segmentBytesMax, disk: createDisk(again, medium), clock: createClock(again, hardware, 0) });
    const head = log.head({ origin: log.origin, stream: "data" })?.sequence ?? 0;
    await log.close();
    return head;
  })());
  return acknowledged - found;
}

const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

test("leaves a segment whose roll was refused at its sync: what is acknowledged behind it is seen to be lost", async () => {
  let lost = 0;
  for (const seed of seeds) lost += await lostBehindRefusedRoll(seed, keepsRefused);
  assert.ok(lost > 0, "the bug was planted and nothing was lost");
});

test("takes back a segment whose roll was refused at its sync: nothing is lost", async () => {
  for (const seed of seeds) assert.equal(await lostBehindRefusedRoll(seed, (disk) => disk), 0);
});
