import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createCodec } from "@holon/platform/codec.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { limits } from "../limits.ts";
import { epochFromChance, isNodeName, type NodeName } from "../units.ts";
import { stampRun } from "./branch.ts";
import { crc32OfRange } from "./crc32.ts";
import type { Preamble, Preambled } from "./preamble.ts";
import { checkRun, emptyHash, encodeRun, lostRanges, parseRunHead, parseRunHeader, runBytes, runHashHolds, runPreambles, runRecords, salvageRun, sealRunHeader, sharedOf, type RunHeader, type RunPart } from "./run.ts";

const integrity = { sha256: createCrypto().sha256, crc32: createCodec().crc32 };
const epoch = epochFromChance(new Uint8Array(13));
const origin = ((name: string): NodeName => (isNodeName(name) ? name : assert.fail()))("gateway-1");
const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];

/** One record of a part: its data, the name in its preamble, its time. */
type Row = readonly [data: string, name: string, timeMs: number];
/** A text is a record by itself. */
type Part = string | readonly Row[];

const noTime = "2026-01-02T03:04:05.678Z";
const textOf = (name: string, time: string): string => `{"name":${JSON.stringify(name)},"time":"${time}","data":`;
const recordOf = ([data, name, timeMs]: Row): string => `${textOf(name, Number.isNaN(timeMs) ? noTime : new Date(timeMs).toISOString())}${data}}`;

function preambleOf(name: string): Preamble {
  const text = textOf(name, noTime);
  return { text, bytes: encoder.encode(text), timeAt: encoder.encode(text.slice(0, text.indexOf(noTime))).length };
}

function packed(rows: readonly Row[]): RunPart {
  const names = [...new Set(rows.map(([, name]) => name))];
  const records = rows.map(([data]) => encoder.encode(data));
  const table = (size: number, write: (view: DataView, index: number) => void): Uint8Array => {
    const view = new DataView(new ArrayBuffer(size * rows.length));
    for (let index = 0; index < rows.length; index++) write(view, index);
    return new Uint8Array(view.buffer);
  };
  const bytes = new Uint8Array(Buffer.concat(records));
  const shared: Preambled = {
    count: rows.length,
    preambles: names.map(preambleOf),
    times: rows.every(([, , timeMs]) => Number.isNaN(timeMs)) ? undefined : table(8, (view, index) => view.setFloat64(8 * index, rows[index]?.[2] ?? 0, true)),
    places: names.length === 1 ? undefined : table(2, (view, index) => view.setUint16(2 * index, names.indexOf(rows[index]?.[1] ?? ""), true)),
  };
  const sum = (record: Uint8Array | undefined): number => crc32OfRange(new DataView(record?.buffer ?? new ArrayBuffer(0), record?.byteOffset, record?.byteLength), 0, record?.length ?? 0);
  return {
    ...shared,
    bytes,
    lengths: table(4, (view, index) => view.setUint32(4 * index, records[index]?.length ?? 0, true)),
    checksums: table(4, (view, index) => view.setUint32(4 * index, sum(records[index]), true)),
    recordBytes: rows.reduce((total, row) => total + encoder.encode(recordOf(row)).length, 0),
  };
}

function runOf(parts: readonly Part[]): { readonly header: RunHeader; readonly bytes: Uint8Array } {
  const records = parts.map((part) => (typeof part === "string" ? encoder.encode(part) : packed(part)));
  const shared = sharedOf(records);
  const own = records.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.length : part.bytes.length), 0);
  const count = parts.reduce((sum, part) => sum + (typeof part === "string" ? 1 : part.length), 0);
  const bytes = new Uint8Array(runBytes(origin, count, own, shared));
  encodeRun(bytes, new DataView(bytes.buffer), 0, { origin, stream: "data", epoch, firstSequence: 1, previousHash: emptyHash, classes: 4, recordedMs: 1000, records, shared }, integrity);
  const header = parseRunHeader(bytes, integrity);
  assert.ok(header !== undefined);
  return { header, bytes };
}

const textsOf = (bytes: Uint8Array, header: RunHeader): readonly (string | undefined)[] => runRecords(bytes, header, integrity).records.map((record) => record && decoder.decode(record));
const expected = (parts: readonly Part[]): readonly string[] => parts.flatMap((part) => (typeof part === "string" ? [part] : part.map(recordOf)));

const row: fc.Arbitrary<Row> = fc.tuple(fc.json({ maxDepth: 1 }), fc.constantFrom("a", "b", "ü"), fc.oneof(fc.constant(Number.NaN), fc.integer({ min: 0, max: 2 ** 42 })));
const part: fc.Arbitrary<Part> = fc.oneof(fc.string({ maxLength: 12 }), fc.array(row, { minLength: 1, maxLength: 5 }));
const contents = fc.array(part, { minLength: 1, maxLength: 5 });

test("records that share what they begin with come back whole, beside others, each with its own time", () => {
  fc.assert(
    fc.property(contents, (parts) => {
      const { header, bytes } = runOf(parts);
      assert.deepEqual(textsOf(bytes, header), expected(parts));
      assert.ok(runHashHolds(bytes, header, integrity));
      const names = new Set(parts.flatMap((each) => (typeof each === "string" ? [] : each.map(([, name]) => name))));
      const shared = runPreambles(bytes, header);
      assert.deepEqual([shared?.preambles.length ?? 0, shared?.hasWhole ?? false], [names.size, names.size > 0 && parts.some((each) => typeof each === "string")]);
      assert.deepEqual(parseRunHead(bytes.subarray(0, header.headerBytes), bytes.length, integrity), header);
    }),
  );
});

test("what is shared stands once", () => {
  const rows: readonly Row[] = Array.from({ length: 100 }, (_, index) => [String(1000 + index), "a", Number.NaN]);
  const { bytes } = runOf([rows, rows]);
  assert.ok(bytes.length <= runBytes(origin, 200, 200 * 4) + textOf("a", noTime).length + 8, `${bytes.length} bytes`);
});

test("one flipped bit anywhere in a run whose records share is mended", () => {
  fc.assert(
    fc.property(contents, fc.nat(), fc.nat({ max: 7 }), (parts, at, bit) => {
      const run = runOf(parts);
      const bytes = Uint8Array.from(run.bytes);
      const place = at % bytes.length;
      bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
      const found = checkRun(bytes, integrity);
      assert.deepEqual({ header: found?.header, damaged: found?.damaged }, { header: run.header, damaged: 0 });
      assert.ok(Buffer.from(found?.bytes ?? []).equals(run.bytes));
    }),
    { numRuns: 1000 },
  );
});

test("a record that is beyond mending costs itself: those that share with it are salvaged with what they begin with", () => {
  const parts: readonly Part[] = ["opened", [["100", "a", Number.NaN], ["200", "b", 5], ["300", "a", 7]]];
  const { header, bytes } = runOf(parts);
  bytes.fill(0, bytes.length - 6, bytes.length - 3); // 200
  assert.equal(checkRun(bytes, integrity)?.damaged, 1);
  const salvaged = salvageRun(bytes, header, integrity);
  const found = parseRunHeader(salvaged, integrity);
  assert.ok(found !== undefined);
  assert.deepEqual(textsOf(salvaged, found), expected(parts).map((text, index) => (index === 2 ? undefined : text)));
  assert.deepEqual([found.form, lostRanges(salvaged, found)], ["salvaged", [{ first: 3, last: 3 }]]);
});

test("a branch's stamp leaves what is shared, and the hash, as they are", () => {
  const parts: readonly Part[] = [[["1", "a", 3]]];
  const run = runOf(parts);
  const stamped = stampRun(run, { origin, stream: "data", branch: "abcdef" }, integrity);
  const header = parseRunHeader(stamped.bytes, integrity);
  assert.ok(header !== undefined && header.branch === "abcdef" && runHashHolds(stamped.bytes, header, integrity));
  assert.deepEqual(textsOf(stamped.bytes, header), expected(parts));
});

test("what says it shares in another way than ours is no run, whatever its checksums say", () => {
  fc.assert(
    fc.property(contents, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }), (parts, changes) => {
      const { header, bytes } = runOf(parts);
      for (const [at, value] of changes) bytes[80 + (at % (header.headerBytes - 80))] = value;
      sealRunHeader(bytes, Math.min(header.headerBytes, bytes.length), integrity);
      const found = parseRunHeader(bytes, integrity);
      if (found !== undefined) assert.equal(runRecords(bytes, found, integrity).records.length, found.form === "gap" ? 0 : found.count);
    }),
    { numRuns: 2000 },
  );
});

test("what would be beyond bounds as it is read is no run", () => {
  const name = "x".repeat(60_000);
  const rows = (count: number): readonly Row[] => Array.from({ length: count }, () => ["1", name, Number.NaN]);
  const most = Math.floor(limits.runSharedBytesMax / 60_100);
  const { header, bytes } = runOf([rows(most)]);
  assert.equal(textsOf(bytes, header).length, most);
  assert.throws(() => runOf([rows(most + 10)]));
});
