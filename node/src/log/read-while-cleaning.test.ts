import assert from "node:assert/strict";
import { test } from "node:test";
import type { Disk } from "@holon/core/ports.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { openTempLog, record, tempFolder } from "../testing/temp-log.ts";

const segmentBytesMax = 4_096;

/** What is to be done once, in the midst of the first read of a segment. */
function interrupting(disk: Disk, segment: string, isArmed: () => boolean, act: () => Promise<void>): Disk {
  let isDue = true;
  return {
    ...disk,
    open: async (path, options) => {
      const file = await disk.open(path, options);
      if (!path.endsWith(segment)) return file;
      const read = file.read.bind(file);
      file.read = async (position, length) => {
        if (isDue && isArmed()) {
          isDue = false;
          await act();
        }
        return read(position, length);
      };
      return file;
    },
  };
}

// The first of those where it begins to read, and one where it reads on.
for (const segment of ["000000000018.seg", "000000000022.seg", "000000000026.seg"]) test(`who reads on while segments are let go of (in the midst of ${segment}) sees every record, and nothing is told as damaged`, async (context) => {
  const folder = tempFolder(context);
  const first = await openTempLog(folder, { segmentBytesMax });
  // Segments of nothing but raw readings, and behind them ones that hold data beside them.
  for (let index = 0; index < 60; index++) await first.append({ records: [record("local", `raw ${index} ${"x".repeat(300)}`)] });
  for (let index = 0; index < 80; index++) await first.append({ records: [record("data", `data ${index}`), record("local", `raw ${index} ${"x".repeat(300)}`)] });
  await first.close();
  let isReading = false;
  const disk = interrupting(createDisk(folder), segment, () => isReading, async () => {
    await log.retain((parts) => parts.filter(({ stream }) => stream === "local").map(({ lane, lastSequence }) => ({ lane, through: lastSequence, rule: "all" })), () => record("audit", "expired"));
  });
  const log = await openTempLog(folder, { segmentBytesMax, disk });
  await log.readRuns({ origin: log.origin, stream: "data" }, 1, 1); // where the lane begins is known from now on
  isReading = true;
  const records = await log.readRuns({ origin: log.origin, stream: "data" }, 1, 1e9);
  assert.deepEqual(records.filter(({ header }) => header.form !== "whole").map(({ header }) => `${header.reason} from ${header.firstSequence}`), []);
  assert.equal(records.reduce((sum, { header }) => sum + header.count, 0), 81);
  await log.close();
});
