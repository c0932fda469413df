import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { AppendLine } from "@holon/core/log/log.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { openTempLog, record, tempFolder } from "../testing/temp-log.ts";

test("what stands in line behind a failed append falls with it, even where it is not encoded yet; others do not", async (context) => {
  const folder = tempFolder(context);
  const disk = createDisk(folder);
  let refuse: (() => void) | undefined;
  let isNextRefused = false;
  const log = await openTempLog(folder, {
    disk: {
      ...disk,
      open: async (path, options) => {
        const file = await disk.open(path, options);
        const writeThrough = file.writeThrough.bind(file);
        file.writeThrough = (position, bytes) => {
          if (!isNextRefused) return writeThrough(position, bytes);
          isNextRefused = false;
          return new Promise((_, reject) => (refuse = () => reject(new HolonError("HOLON_DISK_FULL", "no room"))));
        };
        return file;
      },
    },
  });
  await log.append({ records: [record("data", "before")] });
  isNextRefused = true;
  const line: AppendLine = { failure: undefined };
  const outcomes: Promise<unknown>[] = [log.append({ records: [record("data", "first")], line })];
  while (refuse === undefined) await new Promise((resolve) => setImmediate(resolve));
  outcomes.push(log.append({ records: [record("data", "second")], line }), log.append({ records: [record("data", "of nobody's line")] }), log.append({ records: [record("data", "third")], line }));
  refuse();
  assert.deepEqual((await Promise.allSettled(outcomes)).map(({ status }) => status), ["rejected", "rejected", "fulfilled", "rejected"]);
  await assert.rejects(log.append({ records: [record("data", "late")], line }), { code: "HOLON_DISK_FULL" });
  await log.append({ records: [record("data", "in a new line")], line: { failure: undefined } });
  const records = await log.read({ origin: log.origin, stream: "data" }, 2, { maxRecords: 100, maxBytes: 1 << 20 });
  assert.deepEqual(records.map(({ bytes }) => new TextDecoder().decode(bytes)), ["before", "of nobody's line", "in a new line"]);
  await log.close();
});
