import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import type { SegmentLog } from "./segment-log.ts";

const segment = (folder: string): string => join(folder, "log", readdirSync(join(folder, "log")).at(-1) ?? "");

async function words(log: SegmentLog): Promise<readonly string[]> {
  const found: string[] = [];
  for (let from = 1; ; ) {
    const records = await log.read({ origin: log.origin, stream: "data" }, from, { maxRecords: 1e6, maxBytes: 1e9 });
    const last = records.at(-1);
    if (last === undefined) return found;
    found.push(...records.map(({ bytes }) => new TextDecoder().decode(bytes)).filter((word) => !word.startsWith("opened")));
    from = last.sequence + 1;
  }
}

/** What a node leaves that lost its power: three batches, and zeros behind them. */
async function leftBehind(context: TestContext): Promise<{ readonly folder: string; readonly bytes: Buffer; readonly from: number; readonly to: number }> {
  const [running, folder] = [tempFolder(context), tempFolder(context)];
  const log = await openTempLog(running);
  for (const word of ["one", "two"]) await log.append({ records: [record("data", word)] });
  const from = log.sizeBytes();
  await log.append({ records: [record("data", "three"), record("data", "x".repeat(1500))] });
  const to = log.sizeBytes();
  cpSync(join(running, "log"), join(folder, "log"), { recursive: true });
  await log.close();
  assert.equal(statSync(segment(running)).size, to, "a log that is closed gives back what it did not use");
  const bytes = readFileSync(segment(folder));
  assert.ok(bytes.length > to && bytes.subarray(to).every((byte) => byte === 0), "zeros stand ahead");
  return { folder, bytes, from, to };
}

test("the room ahead is no damage, and the log goes on where it ended", async (context) => {
  const { folder } = await leftBehind(context);
  const log = await openTempLog(folder);
  assert.deepEqual([log.damage, log.lost, log.mended], [[], [], 0]);
  await log.append({ records: [record("data", "four")] });
  assert.deepEqual((await words(log)).map((word) => word.slice(0, 5)), ["one", "two", "three", "xxxxx", "four"]);
  await log.close();
});

test("a bit that flips in the last batch or in the room ahead costs nothing", async (context) => {
  const { folder, bytes, from, to } = await leftBehind(context);
  for (let position = from; position < bytes.length; position += position < to ? 29 : 997) {
    const flipped = Buffer.from(bytes);
    flipped[position] = (flipped[position] ?? 0) ^ (1 << (position % 8));
    writeFileSync(segment(folder), flipped);
    const log = await openTempLog(folder);
    assert.deepEqual([log.damage, log.lost], [[], []], `byte ${position}`);
    assert.equal((await words(log)).length, 4, `byte ${position}`);
    await log.close();
  }
});

test("damage to the last batch is told though zeros follow; a write that was cut short is not damage", async (context) => {
  const { folder, bytes, from, to } = await leftBehind(context);
  const opened = async (change: (copy: Buffer) => unknown): Promise<SegmentLog> => {
    const copy = Buffer.from(bytes);
    change(copy);
    writeFileSync(segment(folder), copy);
    return openTempLog(folder);
  };
  const damaged = await opened((copy) => copy.fill(0xaa, from + 20, to - 20));
  assert.equal(damaged.damage.length, 1);
  await damaged.close();
  const sectors = [...Array(Math.ceil(to / 512)).keys()].map((index) => 512 * index).filter((start) => start > from);
  for (const sector of sectors) {
    const torn = await opened((copy) => copy.fill(0, sector, sector + 512));
    assert.deepEqual([torn.damage, await words(torn)], [[], ["one", "two"]], `sector at ${sector}`);
    await torn.close();
  }
});

test("batches of every size meet no zeros that are still being written", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  const sizes = Array.from({ length: 120 }, (_, index) => 1 + ((index * 7919) % 97) ** 2 * (index % 3 === 0 ? 30 : 1));
  for (const size of sizes) await log.append({ records: [record("data", "y".repeat(size))] });
  cpSync(join(folder, "log"), join(folder, "copy/log"), { recursive: true });
  await log.close();
  for (const place of [folder, join(folder, "copy")]) {
    const again = await openTempLog(place);
    assert.deepEqual([again.damage, again.lost], [[], []]);
    assert.deepEqual((await words(again)).map((word) => word.length), sizes);
    await again.close();
  }
});
