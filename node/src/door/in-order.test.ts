import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { Append } from "@holon/core/log/log.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import { createInOrder } from "./in-order.ts";

const isFull = (error: unknown): boolean => error instanceof HolonError && error.code === "HOLON_DISK_FULL";

test("behind a disk that was full a steady stream goes on together, in its order, and each once", async (context) => {
  const disk = createDisk(tempFolder(context));
  let refusals = 0;
  let writes = 0;
  const log = await openTempLog("", {
    disk: {
      ...disk,
      open: async (path, options) => {
        const file = await disk.open(path, options);
        const writeThrough = file.writeThrough.bind(file);
        file.writeThrough = (position, bytes) => {
          writes += 1;
          return refusals-- > 0 ? Promise.reject(new HolonError("HOLON_DISK_FULL", "no room")) : writeThrough(position, bytes);
        };
        return file;
      },
    },
  });
  const whenThereIsRoom = async (entry: Append): Promise<readonly number[]> => {
    for (;;) {
      const sequences = await log.append(entry).catch((error: unknown) => void assert.ok(isFull(error)));
      if (sequences !== undefined) return sequences;
    }
  };
  const append = createInOrder({ log, isFull, whenThereIsRoom });
  /** As a door under load: sixteen on their way, the next as soon as one is acknowledged. */
  let next = 0;
  const device = async (until: number): Promise<void> => {
    while (next < until) await append({ records: [record("data", String(next++))] });
  };
  const send = (until: number): Promise<unknown> => Promise.all(Array.from({ length: 16 }, () => device(until)));
  await send(64);
  refusals = 5;
  await send(256);
  const before = writes;
  await send(1_024);
  assert.ok(writes - before < 768 / 4, `${writes - before} writes for 768 appends of sixteen at a time`);
  const texts = (await log.read({ origin: log.origin, stream: "data" }, 2, { maxRecords: 2_000, maxBytes: 1 << 20 })).map(({ bytes }) => Number(new TextDecoder().decode(bytes)));
  assert.deepEqual(texts, Array.from({ length: 1_024 }, (_, index) => index));
  await log.close();
});

test("what fails for another reason fails by itself, and those behind a failed disk are told", async (context) => {
  const log = await openTempLog(tempFolder(context));
  const append = createInOrder({ log, isFull, whenThereIsRoom: () => Promise.reject(new Error("there is room")) });
  const large = { records: [record("data", "x".repeat(2 << 20))] };
  const outcomes = await Promise.allSettled([append({ records: [record("data", "a")] }), append(large), append({ records: [record("data", "b")] })]);
  assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  await log.close();
  await assert.rejects(append({ records: [record("data", "c")] }), { code: "HOLON_LOG_CLOSED" });
});
