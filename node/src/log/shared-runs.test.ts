import assert from "node:assert/strict";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createBatchWriter } from "@holon/core/bulk/batch-writer.ts";
import { parseBatch } from "@holon/core/bulk/batch.ts";
import { packBatch } from "@holon/core/bulk/pack.ts";
import type { Append, Lane, RecordQuery } from "@holon/core/log/log.ts";
import { lostRanges } from "@holon/core/log/run.ts";
import { encodeSegmentHeader, parseSegmentHeader, segmentHeaderBytes, segmentVersion, segmentVersionMax } from "@holon/core/log/segment.ts";
import { integrity, openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import type { SegmentLog } from "./segment-log.ts";

const recordedMs = Date.UTC(2026, 0, 1);
const encoder = new TextEncoder();
const dataLane = (log: SegmentLog): Lane => ({ origin: log.origin, stream: "data" });

/** Events as the bulk door hands them over; every third has a time of its own, subjects take turns. */
function packed(type: string, from: number, count: number): Append {
  const writer = createBatchWriter();
  for (let number = from; number < from + count; number++) writer.add(encoder.encode(JSON.stringify({ number })), `pump/${number % 2}`, number % 3 === 0 ? recordedMs + number : undefined);
  const time = new Date(recordedMs).toISOString();
  const attributes = (subject: string | undefined): string => JSON.stringify({ type, source: "/test", subject, time, recordedtime: time, clock: "synced", class: "derived", jurisdiction: "EU" });
  return { packed: { ...packBatch(parseBatch(writer.finish(1)), 0, attributes), stream: "data", class: "derived" } };
}

async function eventsOf(log: SegmentLog): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for (let from = 1; ; ) {
    const records = await log.read(dataLane(log), from, { maxRecords: 7, maxBytes: 1e6 });
    const last = records.at(-1);
    if (last === undefined) return found;
    for (const { bytes } of records) {
      const text = new TextDecoder().decode(bytes);
      found.push(text.startsWith("{") ? JSON.parse(text) : text);
    }
    from = last.sequence + 1;
  }
}

const numbersOf = (events: readonly unknown[]): readonly unknown[] =>
  events.map((event) => (typeof event === "object" && event !== null && "data" in event && typeof event.data === "object" && event.data !== null && "number" in event.data ? event.data.number : event));
const segmentFile = (folder: string): string => join(folder, "log", readdirSync(join(folder, "log")).filter((name) => name.endsWith(".seg")).at(-1) ?? "");
const range = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, index) => from + index);

test("events that share what they begin with are read as any others, from memory and from the disk, beside others", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  await Promise.all([log.append(packed("pump.reading", 0, 10)), log.append({ records: [record("data", "between")] }), log.append(packed("pump.other", 10, 5))]);
  const events = await eventsOf(log);
  assert.deepEqual(numbersOf(events), ["opened after nothing", ...range(0, 10), "between", ...range(10, 5)]);
  const time = (ms: number): string => new Date(ms).toISOString();
  const common = { source: "/test", recordedtime: time(recordedMs), clock: "synced", class: "derived", jurisdiction: "EU" };
  assert.deepEqual(events[4], { ...common, type: "pump.reading", subject: "pump/1", time: time(recordedMs + 3), data: { number: 3 } });
  assert.deepEqual(events[13], { ...common, type: "pump.other", subject: "pump/1", time: time(recordedMs), data: { number: 11 } });
  await log.close();
  const again = await openTempLog(folder);
  assert.deepEqual(await eventsOf(again), events);
  await again.close();
});

test("a question by type finds them", async (context) => {
  const log = await openTempLog(tempFolder(context), { segmentBytesMax: 64 << 10 });
  for (let index = 0; index < 40; index++) await log.append(packed(index === 7 ? "pump.alert" : "pump.reading", 400 * index, 400));
  while (log.survey.hasWork()) await log.survey.step(1 << 20);
  const query: RecordQuery = { accepts: () => true, type: "pump.alert", limit: 3 };
  assert.deepEqual(numbersOf((await log.find(query)).map(({ event }) => event)), [3197, 3198, 3199]);
  await log.close();
});

test("a flipped bit in any byte is mended; a torn tail at every length is cut off", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  await log.append(packed("pump.reading", 0, 3));
  const keptBytes = log.sizeBytes();
  await log.append(packed("pump.reading", 3, 3));
  const bothBytes = log.sizeBytes();
  await log.close();
  const file = segmentFile(folder);
  const whole = readFileSync(file);
  const all = ["opened after nothing", ...range(0, 6)];
  for (let position = segmentHeaderBytes; position < whole.length; position += 13) {
    const bytes = Buffer.from(whole);
    bytes[position] = (bytes[position] ?? 0) ^ (1 << (position % 8));
    writeFileSync(file, bytes);
    const again = await openTempLog(folder);
    assert.deepEqual([numbersOf(await eventsOf(again)), again.lost, again.damage], [all, [], []], `byte ${position}`);
    await again.close();
  }
  for (let size = keptBytes; size < bothBytes; size += 9) {
    writeFileSync(file, whole);
    truncateSync(file, size);
    const again = await openTempLog(folder);
    assert.deepEqual([numbersOf(await eventsOf(again)), again.damage], [all.slice(0, 4), []], `${size} bytes`);
    await again.close();
  }
});

test("damage beyond one bit costs the events it hits, up to a parent; the others keep what they share", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  await log.append({ records: [record("data", "first")] });
  await log.append(packed("pump.reading", 100, 4));
  await log.close();
  const file = segmentFile(folder);
  const bytes = readFileSync(file);
  bytes.fill(0x20, bytes.indexOf('"number":102') + 2, bytes.indexOf('"number":102') + 8);
  writeFileSync(file, bytes);
  const again = await openTempLog(folder);
  assert.deepEqual(again.lost, [{ lane: "gateway-1/data", first: 5, last: 5 }]);
  assert.deepEqual(numbersOf(await eventsOf(again)), ["opened after nothing", "first", 100, 101, 103]);
  const parent = await openTempLog(tempFolder(context), { name: "edge-1" });
  const runs = await again.readRuns(dataLane(again), 1, 1e9);
  assert.deepEqual((await parent.appendRuns(runs)).map(({ outcome }) => outcome), ["apply", "apply"]);
  assert.deepEqual(runs.flatMap((run) => lostRanges(run.bytes, run.header)), [{ first: 5, last: 5 }]);
  const above = await parent.read(dataLane(again), 3, { maxRecords: 10, maxBytes: 1e6 });
  assert.deepEqual(numbersOf(above.map((entry): unknown => JSON.parse(new TextDecoder().decode(entry.bytes)))), [100, 101, 103]);
  await parent.close();
  await again.close();
});

test("a log of version 1 opens, is raised where it goes on, and a later version is refused", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  await log.append({ records: [record("data", "of old")] });
  await log.close();
  const file = segmentFile(folder);
  const versionOf = (): number | undefined => {
    const header = parseSegmentHeader(readFileSync(file), integrity);
    return header.state === "intact" ? header.version : undefined;
  };
  const write = (version: number): void => {
    const bytes = readFileSync(file);
    bytes.set(encodeSegmentHeader(1, integrity, version));
    writeFileSync(file, bytes);
  };
  write(1);
  const again = await openTempLog(folder);
  assert.deepEqual([versionOf(), again.mended, again.damage], [segmentVersion, 0, []]);
  await again.append(packed("pump.reading", 0, 2));
  assert.deepEqual((await eventsOf(again)).length, 5);
  await again.close();
  write(segmentVersionMax + 1);
  await assert.rejects(openTempLog(folder), /format version 4; this program reads up to 3/);
});
