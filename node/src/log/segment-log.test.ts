import assert from "node:assert/strict";
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Lane } from "@holon/core/log/log.ts";
import { planRetention, type HeldPart } from "@holon/core/log/retention.ts";
import { lostRanges } from "@holon/core/log/run.ts";
import { splitRuns } from "@holon/core/log/split-runs.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { openTempLog, record, integrity, tempFolder } from "../testing/temp-log.ts";
import type { SegmentLog } from "./segment-log.ts";

const all = { maxRecords: 1e6, maxBytes: 1e9 };
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const lane = (log: SegmentLog, stream: Lane["stream"]): Lane => ({ origin: log.origin, stream });

async function texts(log: SegmentLog, stream: Lane["stream"]): Promise<readonly string[]> {
  const found: string[] = [];
  for (let from = 1; ; ) {
    const records = await log.read(lane(log, stream), from, all);
    const last = records.at(-1);
    if (last === undefined) return found;
    found.push(...records.map((entry) => text(entry.bytes)));
    from = last.sequence + 1;
  }
}

const onlySegment = (folder: string): string => join(folder, "log", readdirSync(join(folder, "log")).at(-1) ?? "");

test("records and cells of one append come back together after a reopen, and each stream is dense", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  const [first, second] = await Promise.all([
    log.append({ records: [record("data", "a"), record("local", "b")], cells: [{ key: "position/x", value: new TextEncoder().encode("1") }] }),
    log.append({ records: [record("data", "c")] }),
  ]);
  assert.deepEqual([first, second], [[2, 2], [3]]);
  await log.close();
  const again = await openTempLog(folder);
  assert.deepEqual(await texts(again, "data"), ["opened after nothing", "a", "c"]);
  assert.deepEqual(await texts(again, "local"), ["opened after nothing", "b"]);
  assert.equal(text(again.cell("position/x")), "1");
  assert.notEqual(again.epoch, log.epoch);
  await again.close();
});

test("the first record of an epoch names its predecessor by epoch, sequence and hash", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  await log.append({ records: [record("data", "a")] });
  const mark = log.head(lane(log, "data"));
  await log.close();
  const again = await openTempLog(folder);
  await again.append({ records: [record("data", "b")] });
  assert.equal((await texts(again, "data"))[2], `opened after ${mark?.epoch} ${mark?.sequence} ${mark?.hash}`);
  await again.close();
});

test("what may not be written any more once a segment was begun for it is not, and what stands beside it is", async (context) => {
  const folder = tempFolder(context);
  const disk = createDisk(folder);
  let [may, isArmed] = [true, false];
  const slow = { ...disk, syncFolder: async (path: string) => { await disk.syncFolder(path); if (isArmed) may = false; } };
  const log = await openTempLog(folder, { disk: slow, segmentBytesMax: 4_096 });
  await log.append({ records: [record("data", "x".repeat(3_000))] });
  isArmed = true; // the lease is over while the next segment is begun
  const beside = [log.append({ records: [record("data", "before"), record("alarm", "a")] }), log.append({ records: [record("data", "y".repeat(3_000))], may: () => may }), log.append({ records: [record("data", "behind")] })];
  assert.deepEqual((await Promise.allSettled(beside)).map((one) => (one.status === "fulfilled" ? one.value : (one.reason as { readonly code: string }).code)), [[3, 2], "HOLON_LEASE_OVER", [4]]);
  await log.close();
  const again = await openTempLog(folder);
  assert.deepEqual((await texts(again, "data")).map((one) => one.slice(0, 6)), ["opened", "xxxxxx", "before", "behind"]);
  await again.close();
});

test("what may not be written any more when its turn comes is not, and the others are, under the names that they have", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  let may = true;
  const appends = [
    log.append({ records: [record("data", "first")], may: () => may }),
    log.append({ records: [record("data", "behind it")], cells: [{ key: "a", value: new TextEncoder().encode("1") }], may: () => may }),
    log.append({ records: [record("data", "free")] }),
  ];
  may = false; // while they stand in line
  const [first, second, third] = await Promise.allSettled(appends);
  assert.deepEqual([first, second].map((one) => one?.status === "rejected" && one.reason.code), ["HOLON_LEASE_OVER", "HOLON_LEASE_OVER"]);
  assert.deepEqual(third, { status: "fulfilled", value: [2] });
  may = true;
  assert.deepEqual(await log.append({ records: [record("data", "again")], may: () => may }), [3]);
  await log.close();
  const again = await openTempLog(folder);
  assert.deepEqual(await texts(again, "data"), ["opened after nothing", "free", "again"]);
  assert.equal(again.cell("a"), undefined);
  await again.close();
});

test("who was handed what they wait for has the processor before the next commit begins, and that one alone", async (context) => {
  const folder = tempFolder(context);
  const [disk, clock] = [createDisk(folder), createClock()];
  const order: string[] = [];
  const told = { ...disk, open: async (...opened: Parameters<typeof disk.open>) => { const file = await disk.open(...opened); return new Proxy(file, { get: (target, key) => (key === "write" ? (...written: Parameters<typeof file.write>) => { order.push("write"); return target.write(...written); } : typeof Reflect.get(target, key) === "function" ? (Reflect.get(target, key) as () => unknown).bind(target) : Reflect.get(target, key)) }); } };
  const log = await openTempLog(folder, { disk: told, clock: { ...clock, rest: () => { order.push("rest"); return clock.rest?.() ?? Promise.resolve(); } } });
  order.splice(0);
  await log.append({ records: [record("data", "first")] });
  assert.ok(!order.includes("rest"));
  order.splice(0);
  const second = log.append({ records: [record("data", "second")] });
  log.standBack();
  await second;
  assert.equal(order[0], "rest");
  order.splice(0);
  await log.append({ records: [record("data", "third")] });
  assert.ok(!order.includes("rest"));
  await log.close();
});

/** Of every so many bytes one is tried, another with each rotation. */
const rotation = Number(process.env["HOLON_SIM_ROTATION"] ?? "0");

test("a torn tail at whatever length is cut off; what was acknowledged before it stays, and the log goes on", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  await log.append({ records: [record("data", "kept")] });
  const keptBytes = log.sizeBytes();
  await log.append({ records: [record("data", "torn")] });
  await log.close();
  const whole = readFileSync(onlySegment(folder));
  for (let size = keptBytes + (rotation % 3); size < whole.length; size += 3) {
    writeFileSync(onlySegment(folder), whole);
    truncateSync(onlySegment(folder), size);
    const again = await openTempLog(folder);
    assert.deepEqual(again.damage, []);
    assert.deepEqual(await texts(again, "data"), ["opened after nothing", "kept"]);
    await again.close();
  }
});

test("a tail whose last sectors were never written is torn, not damaged", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  await log.append({ records: [record("data", "kept")] });
  const keptBytes = log.sizeBytes();
  await log.append({ records: Array.from({ length: 20 }, () => record("data", "x".repeat(100))) });
  await log.close();
  const bytes = readFileSync(onlySegment(folder));
  bytes.fill(0, Math.ceil((keptBytes + 512) / 512) * 512);
  writeFileSync(onlySegment(folder), bytes);
  const again = await openTempLog(folder);
  assert.deepEqual(again.damage, []);
  assert.deepEqual(await texts(again, "data"), ["opened after nothing", "kept"]);
  await again.close();
});

/** Every third byte, others with each HOLON_SIM_ROTATION. */
const firstByte = Number(process.env["HOLON_SIM_ROTATION"] ?? "0") % 3;

test("a flipped bit in any byte of the file is mended when the log opens: nothing is lost", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  for (const word of ["one", "two", "three"]) await log.append({ records: [record("data", word)], cells: [{ key: "position/x", value: new TextEncoder().encode(word) }] });
  await log.close();
  const whole = readFileSync(onlySegment(folder));
  for (let position = firstByte + (rotation % 7); position < whole.length; position += 7) {
    const bytes = Buffer.from(whole);
    bytes[position] = (bytes[position] ?? 0) ^ (1 << (position % 8));
    writeFileSync(onlySegment(folder), bytes);
    const again = await openTempLog(folder);
    assert.deepEqual(await texts(again, "data"), ["opened after nothing", "one", "two", "three"], `byte ${position}`);
    assert.equal(text(again.cell("position/x")), "three");
    assert.deepEqual([again.lost, again.damage], [[], []], `byte ${position}`);
    await again.close();
  }
});

test("damage beyond one bit costs exactly the records it hits, and says which", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  await log.append({ records: ["first", "second", "third"].map((word) => record("data", `${word} ${"x".repeat(60)}`)) });
  await log.append({ records: [record("data", "fourth")] });
  await log.close();
  const bytes = readFileSync(onlySegment(folder));
  bytes.fill(0xaa, bytes.indexOf("second") + 2, bytes.indexOf("second") + 30);
  writeFileSync(onlySegment(folder), bytes);
  const again = await openTempLog(folder);
  assert.deepEqual(again.lost, [{ lane: "gateway-1/data", first: 3, last: 3 }]);
  assert.deepEqual((await texts(again, "data")).map((entry) => entry.slice(0, 6)), ["opened", "first ", "third ", "fourth"]);
  const parent = await openTempLog(tempFolder(context), { name: "edge-1" });
  const runs = await again.readRuns(lane(again, "data"), 1, 1e9);
  assert.deepEqual(runs.map((run) => run.header.form), ["salvaged", "whole"]);
  assert.deepEqual((await parent.appendRuns(runs)).map((merge) => merge.outcome), ["apply", "apply"]);
  assert.deepEqual(runs.flatMap((run) => lostRanges(run.bytes, run.header)), [{ first: 3, last: 3 }]);
  await parent.close();
  await again.close();
});

test("a batch that is gone as a whole is known from the one behind it, and its place in the lane is told as a gap", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  await log.append({ records: [record("data", "kept")] });
  const from = log.sizeBytes();
  await log.append({ records: [record("data", "gone"), record("data", "gone too"), record("alarm", "gone alarm")] });
  const to = log.sizeBytes();
  await log.append({ records: [record("telemetry", "behind")] });
  await log.close();
  const bytes = readFileSync(onlySegment(folder));
  bytes.fill(0xaa, from, to);
  writeFileSync(onlySegment(folder), bytes);
  const again = await openTempLog(folder);
  assert.deepEqual(again.lost, [
    { lane: "gateway-1/data", first: 3, last: 4 },
    { lane: "gateway-1/alarm", first: 1, last: 2 },
  ]);
  await again.append({ records: [record("data", "after")] });
  const runs = await again.readRuns(lane(again, "data"), 1, 1e9);
  assert.deepEqual(runs.map((run) => [run.header.form, run.header.firstSequence, run.header.count]), [["whole", 1, 2], ["gap", 3, 2], ["whole", 5, 2]]);
  const parent = await openTempLog(tempFolder(context), { name: "edge-1" });
  assert.deepEqual((await parent.appendRuns(runs)).map((merge) => merge.outcome), ["apply", "apply", "apply"]);
  await parent.close();
  await again.close();
});

test("rubbish after the last batch is reported as damage and left in place", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  await log.append({ records: [record("data", "a")] });
  await log.close();
  appendFileSync(onlySegment(folder), Buffer.alloc(3000, 0xab));
  const again = await openTempLog(folder);
  assert.equal(again.damage.length, 1);
  await again.append({ records: [record("data", "b")] });
  await again.close();
  const third = await openTempLog(folder);
  assert.deepEqual((await texts(third, "data")).filter((entry) => !entry.startsWith("opened")), ["a", "b"]);
  await third.close();
});

test("lanes are read across many segments, from any sequence, also after a reopen that has no index yet", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder, { segmentBytesMax: 8192 });
  for (let index = 0; index < 200; index++) {
    await log.append({ records: [record("local", `raw ${index} ${"x".repeat(200)}`), ...(index % 50 === 0 ? [record("alarm", `alarm ${index}`)] : [])] });
  }
  assert.ok(readdirSync(join(folder, "log")).length > 5);
  await log.close();
  const again = await openTempLog(folder, { segmentBytesMax: 8192 });
  assert.deepEqual((await texts(again, "alarm")).slice(1), ["alarm 0", "alarm 50", "alarm 100", "alarm 150"]);
  const local = await texts(again, "local");
  assert.equal(local.length, 201);
  for (const from of [2, 77, 200]) {
    const [found] = await again.read(lane(again, "local"), from, { maxRecords: 1, maxBytes: 1 });
    assert.equal(text(found?.bytes), local[from - 1]);
  }
  await again.close();
});

test("a parent takes a child's runs byte for byte and once, whatever is sent again", async (context) => {
  const child = await openTempLog(tempFolder(context));
  const parentFolder = tempFolder(context);
  const parent = await openTempLog(parentFolder, { name: "edge-1" });
  for (const word of ["a", "b", "c"]) await child.append({ records: [record("data", word)] });
  const runs = await child.readRuns(lane(child, "data"), 1, 1e9);
  const again = splitRuns(Buffer.concat(runs.map((run) => run.bytes)), integrity) ?? [];
  assert.deepEqual((await parent.appendRuns(again)).map((merge) => merge.outcome), ["apply", "apply", "apply"]);
  assert.deepEqual((await parent.appendRuns(again)).map((merge) => merge.outcome), ["duplicate", "duplicate", "duplicate"]);
  assert.deepEqual(parent.head(lane(child, "data")), child.head(lane(child, "data")));
  await parent.close();
  const reopened = await openTempLog(parentFolder, { name: "edge-1" });
  assert.deepEqual(reopened.head(lane(child, "data")), child.head(lane(child, "data")));
  assert.equal((await reopened.read(lane(child, "data"), 1, all)).length, 4);
  await reopened.close();
  await child.close();
});

test("a run that does not follow is a gap, and one of another history a fork", async (context) => {
  const folder = tempFolder(context);
  const child = await openTempLog(folder);
  const parent = await openTempLog(tempFolder(context), { name: "edge-1" });
  for (const word of ["a", "b"]) await child.append({ records: [record("data", word)] });
  const runs = await child.readRuns(lane(child, "data"), 1, 1e9);
  assert.deepEqual((await parent.appendRuns(runs.slice(1))).map((merge) => merge.outcome), ["gap"]);
  await parent.appendRuns(runs);
  const twin = await openTempLog(tempFolder(context));
  for (const word of ["a", "other"]) await twin.append({ records: [record("data", word)] });
  const other = await twin.readRuns(lane(twin, "data"), 1, 1e9);
  assert.equal((await parent.appendRuns(other.slice(-1))).at(-1)?.outcome, "fork");
  for (const log of [child, parent, twin]) await log.close();
});

test("raw is let go of by rule, alarms of the same segments stay, and the lane says what expired", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder, { segmentBytesMax: 16_384 });
  for (let index = 0; index < 300; index++) {
    await log.append({ records: [record("local", `raw ${index} ${"x".repeat(200)}`), ...(index % 20 === 0 ? [record("alarm", `alarm ${index}`)] : [])] });
  }
  const before = readdirSync(join(folder, "log")).reduce((sum, name) => sum + statSync(join(folder, "log", name)).size, 0);
  const plan = (parts: readonly HeldPart[], totalBytes: number) => planRetention({ policy: { streams: {}, maxBytes: 40_000 }, nowMs: 0, parts, totalBytes, safe: new Map(), read: new Map(), needBytes: 0 });
  const expiries = await log.retain(plan, (expiry) => record("audit", `expired ${expiry.lane} through ${expiry.through}`));
  assert.deepEqual(expiries.map((expiry) => expiry.lane), ["gateway-1/local"]);
  const through = expiries[0]?.through ?? 0;
  for (const opened of [log, await log.close().then(() => openTempLog(folder, { segmentBytesMax: 16_384 }))].slice(1)) {
    assert.equal((await texts(opened, "alarm")).length, 16);
    assert.deepEqual(await opened.missing(lane(opened, "local")), [{ first: 1, last: through, epoch: log.epoch, reason: "expired" }]);
    assert.equal((await texts(opened, "local")).length, 301 - through);
    assert.deepEqual((await texts(opened, "audit")).slice(1), [`expired gateway-1/local through ${through}`]);
    await opened.close();
  }
  const after = readdirSync(join(folder, "log")).reduce((sum, name) => sum + statSync(join(folder, "log", name)).size, 0);
  assert.ok(after < before / 2, `${before} bytes became ${after}`);
});

test("letting go keeps what can be salvaged from a batch whose frame is damaged", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder, { segmentBytesMax: 16_384 });
  for (let index = 0; index < 120; index++) await log.append({ records: [record("local", `raw ${index} ${"x".repeat(300)}`), record("alarm", `alarm ${index}`)] });
  await log.close();
  const first = join(folder, "log", readdirSync(join(folder, "log"))[0] ?? "");
  const bytes = readFileSync(first);
  const frame = bytes.indexOf("HOL1", bytes.length >> 1);
  bytes.fill(0xaa, frame, frame + 30);
  writeFileSync(first, bytes);
  const again = await openTempLog(folder, { segmentBytesMax: 16_384 });
  const plan = (parts: readonly HeldPart[], totalBytes: number) => planRetention({ policy: { streams: { local: { maxBytes: 20_000 } } }, nowMs: 0, parts, totalBytes, safe: new Map(), read: new Map(), needBytes: 0 });
  assert.ok((await again.retain(plan, () => record("audit", "expired"))).length > 0);
  assert.notEqual(statSync(first).size, bytes.length, "the segment was rewritten");
  await again.close();
  const opened = await openTempLog(folder, { segmentBytesMax: 16_384 });
  assert.deepEqual(await opened.missing(lane(opened, "alarm")), []);
  assert.equal((await texts(opened, "alarm")).length, 121);
  await opened.close();
});

test("a segment whose beginning was cut short at any length hides nothing of the ones before it", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  await log.append({ records: [record("data", "a"), record("alarm", "b")], cells: [{ key: "position/x", value: new TextEncoder().encode("1".repeat(600)) }] });
  await log.roll();
  await log.close();
  const newest = onlySegment(folder);
  const whole = readFileSync(newest);
  for (let length = rotation % 13; length < whole.length; length += 13) {
    writeFileSync(newest, whole.subarray(0, length));
    const again = await openTempLog(folder);
    await again.append({ records: [record("data", "c")] });
    assert.deepEqual((await texts(again, "data")).slice(0, 2), ["opened after nothing", "a"], `cut at ${length}`);
    assert.deepEqual(await again.missing(lane(again, "alarm")), [], `cut at ${length}`);
    assert.equal(again.cell("position/x")?.length, 600, `cut at ${length}`);
    await again.close();
    rmSync(newest, { force: true });
    for (const name of readdirSync(join(folder, "log")).filter((file) => file > "000000000002.seg")) rmSync(join(folder, "log", name));
  }
});

test("rubbish in a segment's snapshot costs none of the records before it", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder);
  await log.append({ records: [record("data", "a")] });
  await log.roll();
  await log.append({ records: [record("data", "b")] });
  await log.close();
  const newest = onlySegment(folder);
  const bytes = readFileSync(newest);
  bytes.fill(0x5a, 32, 100);
  writeFileSync(newest, bytes);
  const again = await openTempLog(folder);
  assert.deepEqual(await texts(again, "data"), ["opened after nothing", "a", "b"]);
  assert.deepEqual(again.lost, []);
  await again.close();
});
