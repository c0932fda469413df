import assert from "node:assert/strict";
import { test } from "node:test";
import { openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import { createRooms } from "./rooms.ts";

test("room is taken again, at the size that is asked for, and no more is kept than is said", () => {
  const rooms = createRooms(256 << 10);
  const first = rooms.take(100_000);
  rooms.giveBack(first);
  const second = rooms.take(70_000);
  assert.deepEqual([second.buffer === first.buffer, second.length], [true, 70_000]);
  assert.notEqual(rooms.take(70_000).buffer, first.buffer, "it is taken once");
  const many = Array.from({ length: 8 }, () => rooms.take(100_000));
  for (const room of many) rooms.giveBack(room);
  const kept = new Set(many.map(({ buffer }) => buffer));
  assert.equal(Array.from({ length: 8 }, () => rooms.take(100_000)).filter(({ buffer }) => kept.has(buffer)).length, 2);
});

test("runs that were read stay what they were, while batches that nobody read are written over", async (context) => {
  const log = await openTempLog(tempFolder(context));
  const text = (number: number): string => `${number} `.padEnd(200_000, String(number % 10));
  const lane = { origin: log.origin, stream: "data" } as const;
  const read: { readonly number: number; readonly bytes: Uint8Array }[] = [];
  for (let number = 0; number < 120; number++) {
    const [sequence = 0] = await log.append({ records: [record("data", text(number))] });
    if (number % 7 !== 0) continue;
    const [run] = await log.readRuns(lane, sequence, 1);
    if (run !== undefined) read.push({ number, bytes: run.bytes });
  }
  for (const { number, bytes } of read) assert.ok(new TextDecoder("latin1").decode(bytes).endsWith(text(number)), `run ${number}`);
  assert.equal(read.length, 18);
  const all = await log.read(lane, 2, { maxRecords: 200, maxBytes: 1 << 30 });
  assert.deepEqual(all.map(({ bytes }) => Number(new TextDecoder().decode(bytes.subarray(0, 4)).trim().split(" ")[0])), Array.from({ length: 120 }, (_, number) => number));
  await log.close();
});
