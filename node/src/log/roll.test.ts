/** Segments that begin and end: what a disk refuses in the midst of it, and what is held open. */
import assert from "node:assert/strict";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { Disk, DiskFile } from "@holon/core/ports.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import type { SegmentLog } from "./segment-log.ts";

const sequence = (log: SegmentLog, stream: "alarm" | "data"): number | undefined => log.head({ origin: log.origin, stream })?.sequence;
const full = (): Promise<never> => Promise.reject(new HolonError("HOLON_DISK_FULL", "no space is left"));

interface Watched {
  readonly disk: Disk;
  readonly open: Set<DiskFile>;
  /** What fails from now on. */
  refuses: (path: string, what: "write" | "sync" | "syncFolder" | "remove") => boolean;
}

function watched(folder: string): Watched {
  const real = createDisk(folder);
  const open = new Set<DiskFile>();
  const watch: Pick<Watched, "refuses"> = { refuses: () => false };
  const disk: Disk = {
    ...real,
    syncFolder: (path) => (watch.refuses(path, "syncFolder") ? full() : real.syncFolder(path)),
    remove: (path) => (watch.refuses(path, "remove") ? full() : real.remove(path)),
    async open(path, options) {
      const file = await real.open(path, options);
      const outer: DiskFile = {
        size: () => file.size(),
        read: (position, length) => file.read(position, length),
        write: (position, bytes) => (watch.refuses(path, "write") ? full() : file.write(position, bytes)),
        writeThrough: (position, bytes) => file.writeThrough(position, bytes),
        sync: () => (watch.refuses(path, "sync") ? full() : file.sync()),
        truncate: (size) => file.truncate(size),
        async close() {
          open.delete(outer);
          await file.close();
        },
      };
      open.add(outer);
      return outer;
    },
  };
  return Object.assign(watch, { disk, open });
}

for (const what of ["write", "sync", "syncFolder"] as const) {
  test(`a roll that the disk refuses at its ${what} leaves nothing behind that would hide what is acknowledged after it, and nothing open`, async (context) => {
    const folder = tempFolder(context);
    const watch = watched(folder);
    const log = await openTempLog(folder, { segmentBytesMax: 64 << 10, disk: watch.disk });
    for (let count = 0; count < 5; count++) await log.append({ records: [record("data", "x".repeat(10_000))] });
    const before = watch.open.size;
    let refusals = 0;
    watch.refuses = (path, asked) => asked === what && (what === "syncFolder" ? (refusals += 1) === 1 : path.includes("2.seg"));
    await assert.rejects(log.append({ records: [record("data", "y".repeat(30_000))] }), (error) => error instanceof HolonError && error.code === "HOLON_DISK_FULL");
    assert.equal(watch.open.size, before);
    await log.append({ records: [record("alarm", "acknowledged"), record("data", "acknowledged")] });
    const heads = [sequence(log, "data"), sequence(log, "alarm")];
    const copy = join(tempFolder(context), "copy");
    cpSync(folder, copy, { recursive: true }); // as a power cut would leave it
    const again = await openTempLog(copy, { segmentBytesMax: 64 << 10 });
    assert.deepEqual([sequence(again, "data"), sequence(again, "alarm")], heads);
    await again.close();
    watch.refuses = () => false;
    await log.append({ records: [record("data", "z".repeat(30_000))] });
    assert.equal(readdirSync(join(folder, "log")).filter((name) => name.endsWith(".seg")).length, 2, "it rolls when there is room");
    await log.close();
    assert.equal(watch.open.size, 0);
  });
}

test("a refused roll that cannot be taken back ends the log: nothing is acknowledged behind it", async (context) => {
  const folder = tempFolder(context);
  const watch = watched(folder);
  const log = await openTempLog(folder, { segmentBytesMax: 64 << 10, disk: watch.disk });
  for (let count = 0; count < 5; count++) await log.append({ records: [record("data", "x".repeat(10_000))] });
  watch.refuses = (_, asked) => asked === "syncFolder";
  const failed = (error: unknown): boolean => error instanceof HolonError && error.code === "HOLON_DISK_FAILED";
  await assert.rejects(log.append({ records: [record("data", "y".repeat(30_000))] }), failed);
  await assert.rejects(log.append({ records: [record("alarm", "small")] }), failed);
  await log.close();
});

test("the file of a segment that was let go of is closed when those who may read in it are done", async (context) => {
  const folder = tempFolder(context);
  const watch = watched(folder);
  const due: (() => void)[] = [];
  const clock = { ...createClock(), after: (_: number, callback: () => void) => (due.push(callback), { cancel: () => undefined }) };
  const log = await openTempLog(folder, { segmentBytesMax: 32 << 10, disk: watch.disk, clock });
  for (let count = 0; count < 20; count++) await log.append({ records: [record("data", "x".repeat(10_000))] });
  const segments = watch.open.size;
  const gone = await log.retain((parts) => parts.slice(0, -2).map(({ lane, lastSequence }) => ({ lane, through: lastSequence, rule: "a test" })), () => record("audit", "let go of"));
  assert.ok(gone.length > 0);
  for (const callback of due.splice(0)) callback();
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(watch.open.size < segments, `${watch.open.size} of ${segments} are open`);
  await log.close();
  assert.equal(watch.open.size, 0);
});
