import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { batchPrefixBytes, parseBatchHeader } from "@holon/core/log/batch.ts";
import { openStrays } from "@holon/core/log/seal.ts";
import { segmentHeaderBytes } from "@holon/core/log/segment.ts";
import { createCipher } from "@holon/platform/cipher.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { openLogCipher, rotateLogKeys } from "@holon/platform/log-keys.ts";
import { makeVault } from "@holon/platform/vault.ts";
import { verifyTrail } from "../policy/trail.ts";
import { integrity as plain, openTempLog, record, tempFolder, testCipher } from "../testing/temp-log.ts";
import type { SegmentLog } from "./segment-log.ts";

const integrity = { ...plain, cipher: testCipher };
const all = { maxRecords: 1e6, maxBytes: 1e9 };
const words = "what nobody is to read";
const open = (folder: string, cipher = testCipher): Promise<SegmentLog> => openTempLog(folder, { cipher });
const texts = async (log: SegmentLog): Promise<readonly string[]> => (await log.read({ origin: log.origin, stream: "data" }, 1, all)).map(({ bytes }) => new TextDecoder().decode(bytes));
const segment = (folder: string): string => join(folder, "log", readdirSync(join(folder, "log")).filter((name) => name.endsWith(".seg")).at(-1) ?? "");

async function written(context: TestContext): Promise<string> {
  const folder = tempFolder(context);
  const log = await open(folder);
  await log.append({ records: [record("data", `${words} 1`)] });
  await log.append({ records: [record("data", `${words} 2`), record("data", `${words} 3`)], cells: [{ key: "secret/cell", value: new TextEncoder().encode(words) }] });
  await log.append({ records: [record("data", `${words} 4`)] });
  await log.close();
  return folder;
}

/** Where the batches of the only segment begin, and how many bytes they take. */
function batchesOf(bytes: Uint8Array): readonly { readonly offset: number; readonly prefix: number; readonly size: number }[] {
  const found = [];
  for (let offset = segmentHeaderBytes; offset < bytes.length; ) {
    const header = parseBatchHeader(bytes.subarray(offset), integrity);
    if (header === undefined) break;
    found.push({ offset, prefix: batchPrefixBytes(bytes.subarray(offset)) ?? 0, size: header.diskBytes });
    offset += header.diskBytes;
  }
  return found;
}

test("nothing that was written, nor of which kind it was, stands in the files; with the keys all of it is there", async (context) => {
  const folder = await written(context);
  for (const name of readdirSync(join(folder, "log"))) {
    const bytes = readFileSync(join(folder, "log", name), "latin1");
    for (const word of [words, "secret/cell", "gateway-1"]) assert.ok(!bytes.includes(word), `${name} tells ${word}`);
  }
  const log = await open(folder);
  assert.deepEqual(await texts(log), ["opened after nothing", ...[1, 2, 3, 4].map((number) => `${words} ${number}`)]);
  assert.equal(new TextDecoder().decode(log.cell("secret/cell")), words);
  await log.close();
  assert.deepEqual((await verifyTrail(createDisk(folder), integrity)).violations, []);
});

test("without its keys it is left as it is, and said to be encrypted", async (context) => {
  const folder = await written(context);
  const before = readFileSync(segment(folder));
  await assert.rejects(openTempLog(folder), { code: "HOLON_LOG_SEALED" });
  await assert.rejects(open(folder, createCipher(new Map([[2, new Uint8Array(32)]]), 2)), { code: "HOLON_LOG_SEALED" });
  assert.deepEqual(readFileSync(segment(folder)), before);
});

test("a flipped bit in any byte of an encrypted log is mended, and the file is as it was", async (context) => {
  const folder = await written(context);
  const file = segment(folder);
  const before = readFileSync(file);
  const step = Math.max(1, Math.floor(before.length / 50));
  for (let place = Number(process.env["HOLON_SIM_ROTATION"] ?? "0") % step; place < before.length; place += step) {
    const bytes = Buffer.from(before);
    bytes[place] = (bytes[place] ?? 0) ^ (1 << place % 8);
    writeFileSync(file, bytes);
    const log = await open(folder);
    assert.deepEqual([log.damage, log.lost], [[], []], `byte ${place}`);
    assert.equal((await texts(log)).length, 5);
    await log.close();
    assert.deepEqual(readFileSync(file).subarray(0, before.length), before, `byte ${place}`);
  }
});

test("whoever changes a record and all checksums, knowing what stood there, is told of", async (context) => {
  const folder = await written(context);
  const file = segment(folder);
  const bytes = readFileSync(file);
  const batch = batchesOf(bytes)[1];
  assert.ok(batch !== undefined);
  // The tag alone: what stands in the batch is well by every checksum of its own.
  for (const end of [batch.offset + batch.prefix + 52, batch.offset + batch.size]) {
    for (const at of [end - 1, end - 2]) bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    const seal = bytes.subarray(end - 52, end);
    seal.writeUInt32LE(integrity.crc32(seal.subarray(8)), 4);
  }
  writeFileSync(file, bytes);
  assert.match((await verifyTrail(createDisk(folder), integrity)).violations.join(), /not as it was sealed/);
  const log = await open(folder);
  assert.deepEqual(log.damage.map(({ what }) => what), ["a batch that is not as it was sealed"]);
  await log.close();
});

test("damage beyond one bit costs the record that it hits; a batch whose beginning is gone is read from its end", async (context) => {
  const folder = tempFolder(context);
  const log = await open(folder);
  const long = "x".repeat(3_000);
  await log.append({ records: [record("data", "1"), record("data", long)] });
  await log.append({ records: [record("data", "3"), record("data", long)] });
  await log.append({ records: [record("data", "5")] });
  await log.close();
  const file = segment(folder);
  const bytes = readFileSync(file);
  const [first, second] = batchesOf(bytes).filter(({ size }) => size > 3_000);
  assert.ok(first !== undefined && second !== undefined);
  bytes.fill(0x55, first.offset + first.size - 600, first.offset + first.size - 500); // in the second record, before the seal
  bytes.fill(0xaa, second.offset, second.offset + second.prefix + 60); // header, table, the first seal
  writeFileSync(file, bytes);
  const again = await open(folder);
  assert.deepEqual(again.lost, [{ lane: "gateway-1/data", first: 3, last: 3 }]);
  assert.deepEqual((await texts(again)).map((text) => text.slice(0, 3)), ["ope", "1", "3", "xxx", "5"]);
  await again.close();
});

test("a log that was plain goes on encrypted, and one that was encrypted goes on plain; other keys read what they wrote", async (context) => {
  const folder = tempFolder(context);
  const first = await openTempLog(folder);
  await first.append({ records: [record("data", "plain")] });
  await first.close();
  const masters = new Map([[1, new Uint8Array(32).fill(7)], [2, new Uint8Array(32).fill(9)]]);
  for (const [generation, text] of [[1, "first keys"], [2, "second keys"], [undefined, "plain again"]] as const) {
    const log = await open(folder, createCipher(masters, generation));
    await log.append({ records: [record("data", text)] });
    await log.close();
  }
  const last = await open(folder, createCipher(masters, 2));
  assert.deepEqual((await texts(last)).filter((text) => !text.startsWith("opened")), ["plain", "first keys", "second keys", "plain again"]);
  await last.close();
  const bytes = readFileSync(segment(folder), "latin1");
  assert.deepEqual(["plain", "first keys", "second keys", "plain again"].map((text) => bytes.includes(text)), [true, false, false, true]);
});

test("a seal that somebody made up is rubbish: of a size that no batch has, or of keys that are nowhere", () => {
  for (const [generation, payloadBytes] of [[testCipher.generation ?? 0, 0x7fff_ffff], [77, 4]] as const) {
    const bytes = new Uint8Array(62);
    const view = new DataView(bytes.buffer);
    for (const [offset, value] of [[0, 0x314c_5348], [8, 2], [12, generation], [16, 1], [20, payloadBytes]] as const) view.setUint32(offset, value, true);
    view.setUint32(4, plain.crc32(bytes.subarray(8, 52)), true);
    assert.deepEqual(openStrays(bytes, integrity), bytes);
  }
});

test("letting go seals nothing again that its seal does not vouch for, and still removes what is let go of beside it", async (context) => {
  for (const isFrameHit of [false, true]) {
    const folder = tempFolder(context);
    const log = await openTempLog(folder, { cipher: testCipher, segmentBytesMax: 16_384 });
    for (let index = 0; index < 40; index++) await log.append({ records: [record("local", `raw ${index} ${"x".repeat(1_000)}`), record("alarm", `alarm ${index} ${"y".repeat(40)}`)] });
    await log.close();
    const file = join(folder, "log", readdirSync(join(folder, "log")).filter((name) => name.endsWith(".seg"))[0] ?? "");
    const bytes = readFileSync(file);
    const batch = batchesOf(bytes)[4];
    assert.ok(batch !== undefined);
    if (isFrameHit) bytes.fill(0xaa, batch.offset, batch.offset + 20);
    // As above: the tag alone, in both seals.
    for (const end of [batch.offset + batch.prefix + 52, batch.offset + batch.size]) {
      for (const at of [end - 1, end - 2]) bytes[at] = (bytes[at] ?? 0) ^ 0xff;
      const seal = bytes.subarray(end - 52, end);
      seal.writeUInt32LE(integrity.crc32(seal.subarray(8)), 4);
    }
    writeFileSync(file, bytes);
    const asItLay = bytes.subarray(batch.offset, batch.offset + batch.size);
    const again = await openTempLog(folder, { cipher: testCipher, segmentBytesMax: 16_384 });
    assert.ok((await again.retain((parts) => parts.filter(({ stream }) => stream === "local").map(({ lane, lastSequence }) => ({ lane, through: lastSequence, rule: "a test" })), () => record("audit", "expired"))).length > 0);
    const cleaned = readFileSync(file);
    assert.ok(cleaned.length < bytes.length / 2, "the segment was cleaned");
    assert.ok(cleaned.includes(asItLay), "what the seal does not vouch for lies as it lay");
    assert.match((await verifyTrail(createDisk(folder), integrity)).violations.join(), isFrameHit ? /./ : /not as it was sealed/);
    assert.equal((await again.read({ origin: again.origin, stream: "alarm" }, 1, all)).length, 41);
    await again.close();
  }
});

test("an encrypted log whose key files are gone is refused before any other key is made, and opens when they are back; one that never was encrypted begins to be", async (context) => {
  const folder = join(tempFolder(context), "gateway-1");
  const keys = ["log-keys.json", "log-keys.copy.json"].map((name) => join(folder, name));
  makeVault(folder, { by: "file" });
  const withKeys = async (isOn: boolean): Promise<SegmentLog> => openTempLog(folder, await openLogCipher(folder, isOn).then((cipher) => (cipher === undefined ? {} : { cipher })));
  if (plain.cipher === undefined) {
    const clear = await openTempLog(folder);
    await clear.append({ records: [record("data", `${words} in the clear HSL1`)] });
    await clear.close();
  }
  const log = await withKeys(true);
  await log.append({ records: [record("data", words)] });
  await log.close();
  const files = (): readonly (readonly [string, string])[] => readdirSync(join(folder, "log")).map((name) => [name, readFileSync(join(folder, "log", name), "latin1")] as const);
  const before = files();
  for (const path of keys) renameSync(path, `${path}.away`);
  for (let start = 0; start < 2; start++) await assert.rejects(withKeys(true), { code: "HOLON_LOG_SEALED", message: /generation \d{9}, and neither log-keys\.json nor log-keys\.copy\.json is in/ });
  await assert.rejects(withKeys(false), { code: "HOLON_LOG_SEALED" });
  await assert.rejects(rotateLogKeys(folder), { code: "HOLON_LOG_SEALED" });
  assert.deepEqual(keys.filter((path) => existsSync(path)), [], "no keys were made");
  assert.deepEqual(files(), before, "the log is as it was");
  for (const path of keys) renameSync(`${path}.away`, path);
  const again = await withKeys(true);
  assert.deepEqual([again.damage, again.lost], [[], []]);
  assert.ok((await texts(again)).includes(words));
  await again.close();
});
