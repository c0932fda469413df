import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createCodec } from "@holon/platform/codec.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { HolonError } from "../errors.ts";
import { parseStoredEvent } from "../event/stored.ts";
import { limits } from "../limits.ts";
import { emptyHash, encodeRun, parseRunHeader, runBytes, runRecords, sharedOf } from "../log/run.ts";
import type { StoredEvent } from "../schema/event.ts";
import { epochFromChance, isNodeName, type NodeName } from "../units.ts";
import { createBatchWriter } from "./batch-writer.ts";
import { parseBatch } from "./batch.ts";
import { createFrameCutter, encodeHello, encodeStored, parseDoorFrame, parseHello } from "./frame.ts";
import { packBatch, type AttributesOf, type Packed } from "./pack.ts";

const encoder = new TextEncoder();
const integrity = { sha256: createCrypto().sha256, crc32: createCodec().crc32 };
const origin = ((name: string): NodeName => (isNodeName(name) ? name : assert.fail()))("gateway-1");
const recorded = "2026-01-02T03:04:05.678Z";
const attributesOf: AttributesOf = (subject, timeMs) =>
  JSON.stringify({
    type: "a.b",
    source: "/gateway-1/app/s",
    ...(subject === undefined ? {} : { subject }),
    time: timeMs === undefined ? recorded : new Date(timeMs).toISOString(),
    recordedtime: recorded,
    clock: "synced",
    class: "derived",
    jurisdiction: "EU",
  });

interface Published {
  readonly json: string;
  readonly subject: string | undefined;
  readonly timeMs: number | undefined;
}

const published: fc.Arbitrary<Published> = fc.record({
  json: fc.json({ maxDepth: 4 }),
  subject: fc.oneof(fc.constant(undefined), fc.constantFrom("a", "pump/7", 'x","time":"'), fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" })),
  timeMs: fc.oneof(fc.constant(undefined), fc.integer({ min: Date.UTC(1, 0), max: Date.UTC(9999, 0) })),
});

function frameOf(events: readonly Published[], base = 1): Uint8Array {
  const writer = createBatchWriter();
  for (const { json, subject, timeMs } of events) assert.ok(writer.add(encoder.encode(json), subject, timeMs));
  const { sizeBytes } = writer;
  const frame = writer.finish(base);
  assert.ok(frame.length <= sizeBytes, "a batch is no larger than it was said to be");
  return frame;
}

/** As a log holds them, and gives them back. */
function recordsOf(packed: Packed): readonly Uint8Array[] {
  const shared = sharedOf([packed]);
  const bytes = new Uint8Array(runBytes(origin, packed.count, packed.bytes.length, shared));
  const run = { origin, stream: "data" as const, epoch: epochFromChance(new Uint8Array(13)), firstSequence: 1, previousHash: emptyHash, classes: 4, recordedMs: 1000, records: [packed], shared };
  encodeRun(bytes, new DataView(bytes.buffer), 0, run, integrity);
  const header = parseRunHeader(bytes, integrity);
  assert.ok(header !== undefined);
  const records = runRecords(bytes, header, integrity).records.map((record) => record ?? assert.fail("a record whose checksum does not hold"));
  assert.equal(records.reduce((sum, record) => sum + record.length, 0), packed.recordBytes);
  return records;
}

const eventsOf = (packed: Packed): readonly StoredEvent[] => recordsOf(packed).map((record) => parseStoredEvent(record, "a record"));

test("what was published is what stands in the records, each with its own attributes and checksum", () => {
  fc.assert(
    fc.property(fc.array(published, { minLength: 1, maxLength: 30 }), fc.nat(), (events, cut) => {
      const batch = parseBatch(frameOf(events, 7));
      const skip = cut % events.length;
      assert.deepEqual([batch.base, batch.count], [7, events.length]);
      const stored = eventsOf(packBatch(batch, skip, attributesOf));
      assert.deepEqual(stored, events.slice(skip).map(({ json, subject, timeMs }): unknown => ({ ...JSON.parse(attributesOf(subject, timeMs)), data: JSON.parse(json) })));
    }),
    { numRuns: 500 },
  );
});

test("a batch with any bytes changed, cut or added is refused by name, or gives events with the attributes they have from birth", () => {
  const change = fc.array(fc.record({ place: fc.nat(), value: fc.nat({ max: 255 }) }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.array(published, { minLength: 1, maxLength: 6 }), change, fc.integer({ min: -9, max: 9 }), (events, changes, more) => {
      const frame = frameOf(events);
      const bad = new Uint8Array(Math.max(0, frame.length + more));
      bad.set(frame.subarray(0, bad.length));
      for (const { place, value } of changes) if (bad.length > 0) bad[place % bad.length] = value;
      try {
        const stored = eventsOf(packBatch(parseBatch(bad), 0, attributesOf));
        for (const { type, source, class: own, recordedtime } of stored) assert.deepEqual([type, source, own, recordedtime], ["a.b", "/gateway-1/app/s", "derived", recorded]);
      } catch (error) {
        assert.ok(error instanceof HolonError && error.code === "HOLON_BATCH_BAD", String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

test("a text that would say more than data is refused", () => {
  for (const json of ['1,"class":"public"', "{}}", "", "{", "nul", '"\u0001"', "[".repeat(limits.payloadDepthMax + 1) + "]".repeat(limits.payloadDepthMax + 1)]) {
    const batch = parseBatch(frameOf([{ json: "1", subject: undefined, timeMs: undefined }, { json, subject: undefined, timeMs: undefined }]));
    assert.throws(() => packBatch(batch, 0, attributesOf), /event 2 is no JSON/, json);
  }
});

test("a batch whose attributes would be beyond bounds as they are read is refused", () => {
  const events = Array.from({ length: 10 }, () => ({ json: "1", subject: undefined, timeMs: undefined }));
  const long = attributesOf(undefined, undefined).replace("{", `{"long":"${"x".repeat(limits.runSharedBytesMax / 10)}",`);
  assert.throws(() => packBatch(parseBatch(frameOf(events)), 0, () => long), /the attributes of the 10 events from 1 have \d+ bytes/);
  const subject = "\u0001".repeat(limits.subjectCharactersMax);
  const most = Array.from({ length: limits.bulkBatchEventsMax }, () => ({ json: "1", subject, timeMs: undefined }));
  assert.equal(packBatch(parseBatch(frameOf(most)), 0, attributesOf).count, limits.bulkBatchEventsMax);
});

test("a writer takes no more than a batch may hold, and what it took before stays", () => {
  const writer = createBatchWriter();
  const large = encoder.encode(JSON.stringify("x".repeat(100_000)));
  let taken = 0;
  while (writer.add(large, `subject ${taken}`, undefined)) taken += 1;
  const frame = writer.finish(1);
  assert.ok(taken === 5 && frame.length <= limits.bulkFrameBytesMax);
  assert.equal(eventsOf(packBatch(parseBatch(frame), 0, attributesOf)).length, taken);
});

test("frames come out of the cutter whole, however the bytes arrive", () => {
  const hello = { protocol: 1, source: "s", producer: "p", epoch: 3 } as const;
  const frames = [encodeHello(hello), encodeStored(2 ** 40 + 1), frameOf([{ json: "1", subject: "a", timeMs: 5 }])];
  const all = new Uint8Array(Buffer.concat(frames));
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (sizes) => {
      const cutter = createFrameCutter();
      const out: Uint8Array[] = [];
      for (let at = 0, index = 0; at < all.length; index++) {
        const size = sizes[index % sizes.length] ?? 1;
        cutter.push(all.subarray(at, at + size));
        at += size;
        for (let frame = cutter.next(); frame !== undefined; frame = cutter.next()) out.push(frame.slice());
      }
      assert.deepEqual(out.map((frame) => [...frame]), frames.map((frame) => [...frame]));
    }),
  );
  assert.deepEqual(parseHello(frames[0] ?? all), hello);
  assert.deepEqual(parseDoorFrame(frames[1] ?? all), { stored: 2 ** 40 + 1 });
  const cutter = createFrameCutter(100);
  cutter.push(Uint8Array.of(101, 0, 0, 0, 2));
  assert.throws(() => cutter.next(), /a frame of 105 bytes/);
});
