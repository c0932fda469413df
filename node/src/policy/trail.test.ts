import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { batchHeaderBytes, entryKind, parseBatchHeader } from "@holon/core/log/batch.ts";
import { parseRunHeader, runMagic, sealRunHeader } from "@holon/core/log/run.ts";
import { segmentHeaderBytes } from "@holon/core/log/segment.ts";
import type { Clock } from "@holon/core/ports.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { createEvents } from "../event/events.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { nodeName } from "../testing/sim-family.ts";
import { createGuard } from "./guard.ts";
import { watchLeft, type LeftQuestion } from "./left.ts";
import { verifyTrail } from "./trail.ts";

const integrity = { sha256: createCrypto().sha256, crc32: createCodec().crc32 };
const config = { name: "gateway-1", jurisdiction: "EU/DE", parent: "wss://edge-1:7401", uplink: { jurisdiction: "CH" } } as const;
const desired = (version: number, classes: string, does = "leave"): Desired => {
  const text = `policy plant ${version}\npermit some\n  who any\n  does ${does}\n  class ${classes}\n  from EU\n  to CH\n`;
  return { apiVersion: "holon/v1", kind: "Desired", node: "gateway-1", version, plan: "plan", apps: [], policy: { text, hash: Buffer.from(integrity.sha256(Buffer.from(text))).toString("hex") } };
};

/** A folder with the log of a node that started, said ten things of each class and asked its guard about them. */
async function folderWithTrail(context: TestContext): Promise<string> {
  const folder = tempFolder(context);
  const log = await openTempLog(folder, { name: "gateway-1" });
  const events = createEvents(config, createClock());
  const guard = createGuard({ config, log, clock: createClock(), events, integrity });
  const say = (own: DataClass, stream: "data" | "telemetry") => log.append({ records: [events.record({ stream, type: "test.said", class: own, producer: "test", ...(own === "aggregate" ? { through: { kind: "aggregate", count: 20 } as const } : {}), data: {} })] });
  await log.append({ records: [events.record({ stream: "audit", type: "holon.node.started", class: "public", producer: "node", data: { site: "plant" } })] });
  guard.follow(desired(1, "derived"));
  for (let index = 0; index < 10; index++) {
    await say("derived", "data");
    await say("aggregate", "telemetry");
  }
  const origin = nodeName("gateway-1");
  for (const stream of ["data", "telemetry"] as const) {
    for (const run of await log.readRuns({ origin, stream }, 1, 1 << 20)) await guard.towards("CH")(run);
  }
  await guard.closeDecisions();
  await log.close();
  return folder;
}

const verify = (folder: string, question?: LeftQuestion) => {
  const left = question === undefined ? undefined : watchLeft(question, integrity);
  return verifyTrail(createDisk(folder), integrity, left?.see).then((report) => ({ report, rows: left?.rows() ?? [], undecided: left?.undecided() ?? [] }));
};
const always = { site: undefined, sinceMs: -Infinity, untilMs: Infinity };

test("a log is read while its node writes: what comes behind the part that was read is no damage", async (context) => {
  const folder = await folderWithTrail(context);
  const real = createDisk(folder);
  let isFirst = true;
  // The first read is of before, when the log ended in its room ahead; the next ones are of now.
  const disk: typeof real = Object.assign(Object.create(real), {
    open: async (...args: Parameters<typeof real.open>) => {
      const file = await real.open(...args);
      const read = async (offset: number, length: number): Promise<Uint8Array> => {
        const bytes = await file.read(offset, length);
        if (isFirst && offset >= segmentHeaderBytes) {
          isFirst = false;
          bytes.fill(0, Math.floor(bytes.length / 2));
        }
        return bytes;
      };
      return Object.assign(Object.create(file), { read, size: () => file.size(), close: () => file.close() });
    },
  });
  const report = await verifyTrail(disk, integrity);
  assert.equal(isFirst, false);
  assert.deepEqual(report.violations, []);
  assert.deepEqual(report.lanes, (await verify(folder)).report.lanes);
});

test("a log that nobody touched is one chain, and answers what left, from where, by which rule", async (context) => {
  const folder = await folderWithTrail(context);
  const derived = await verify(folder, { ...always, class: "derived" });
  assert.deepEqual(derived.report.violations, []);
  assert.deepEqual(derived.report.lanes.map(({ lane }) => lane), ["gateway-1/audit", "gateway-1/data", "gateway-1/telemetry"]);
  assert.deepEqual(derived.rows.map(({ node, site, lane, destination, allow, rule, records, closed, jurisdictions }) => [node, site, lane, destination, allow, rule, records, closed, jurisdictions]), [["gateway-1", "plant", "gateway-1/data", "CH", true, "some", 10, true, ["EU/DE"]]]);
  const aggregate = await verify(folder, { ...always, class: "aggregate", site: "plant" });
  // The run that opened the stream held another class too, so that it was decided by itself.
  assert.equal(aggregate.rows.reduce((sum, { records }) => sum + records, 0), 10);
  for (const { allow, rule, through } of aggregate.rows) assert.deepEqual([allow, rule, through], [false, "default", ["aggregate count 20"]]);
  assert.deepEqual((await verify(folder, { ...always, class: "derived", site: "elsewhere" })).rows, []);
  assert.deepEqual((await verify(folder, { ...always, class: "derived", untilMs: 0 })).rows, []);
});

const segmentOf = (folder: string): string => join(folder, "log", readdirSync(join(folder, "log")).find((name) => name.endsWith(".seg")) ?? "");

test("any flipped bit of what was written is a violation", async (context) => {
  const folder = await folderWithTrail(context);
  const path = segmentOf(folder);
  const bytes = readFileSync(path);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  for (let offset = segmentHeaderBytes; offset < end; offset += 97) {
    const changed = Buffer.from(bytes);
    changed[offset] = (changed[offset] ?? 0) ^ 4;
    writeFileSync(path, changed);
    const { report } = await verify(folder);
    assert.ok(report.violations.length > 0, `a bit at ${offset}`);
  }
  writeFileSync(path, bytes);
  assert.deepEqual((await verify(folder)).report.violations, []);
});

test("whoever rewrites a decision and all of its checksums still breaks the chain behind it", async (context) => {
  const folder = await folderWithTrail(context);
  const path = segmentOf(folder);
  const bytes = readFileSync(path);
  const at = bytes.indexOf('"allow":false');
  assert.ok(at > 0);
  let start = at;
  while (bytes.readUInt32LE(start) !== runMagic) start -= 1;
  const header = parseRunHeader(bytes.subarray(start), integrity);
  assert.ok(header !== undefined);
  const run = new Uint8Array(bytes.subarray(start, start + header.lengthBytes));
  run.set(Buffer.from('"allow":true '), at - start);
  const view = new DataView(run.buffer);
  const tables = header.headerBytes - 8 * header.count;
  for (let index = 0, position = header.headerBytes; index < header.count; index++) {
    const length = view.getUint32(tables + 4 * index, true);
    view.setUint32(tables + 4 * (header.count + index), integrity.crc32(run.subarray(position, position + length)), true);
    position += length;
  }
  sealRunHeader(run, header.headerBytes, integrity);
  run.set(integrity.sha256(run.subarray(44)), 12);
  assert.ok(parseRunHeader(run, integrity) !== undefined);
  bytes.set(run, start);
  writeFileSync(path, bytes);
  const { report } = await verify(folder);
  assert.match(report.violations.join("\n"), /gateway-1\/audit\/\d+ names [0-9a-f]{64} as the run before it/);
});

test("a batch that is cut out of the middle is missed", async (context) => {
  const folder = await folderWithTrail(context);
  const path = segmentOf(folder);
  const bytes = readFileSync(path);
  const offsets = [segmentHeaderBytes];
  for (let header = parseBatchHeader(bytes.subarray(segmentHeaderBytes), integrity); header !== undefined; header = parseBatchHeader(bytes.subarray(offsets.at(-1)), integrity)) offsets.push((offsets.at(-1) ?? 0) + header.sizeBytes);
  const [from = 0, to = 0] = offsets.slice(8, 10);
  assert.ok(to > from + batchHeaderBytes);
  writeFileSync(path, Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]));
  const { report } = await verify(folder);
  assert.match(report.violations.join("\n"), /records \d+ to \d+ are not here, and no rule let go of them/);
});

test("whichever batch of records is cut out is missed, the last of a lane too, where the log is at rest behind it", async (context) => {
  const folder = await folderWithTrail(context);
  const log = await openTempLog(folder, { name: "gateway-1" });
  await log.append({});
  await log.close();
  const path = segmentOf(folder);
  const bytes = readFileSync(path);
  const offsets = offsetsOf(bytes);
  let cuts = 0;
  for (const [index, from] of offsets.entries()) {
    const header = parseBatchHeader(bytes.subarray(from), integrity);
    if (header?.entries.some(({ kind }) => kind === entryKind.run) !== true) continue;
    cuts += 1;
    writeFileSync(path, Buffer.concat([bytes.subarray(0, from), bytes.subarray(offsets[index + 1])]));
    const { report } = await verify(folder);
    assert.match(report.violations.join("\n"), /are not here, and no rule let go of them|names [0-9a-f]{64} as the run before it/, `batch ${index} of ${offsets.length - 1}`);
    assert.equal(report.end.state, "rest");
  }
  assert.ok(cuts > 20);
});

test("who cuts out what he did, and writes that it was let go of by rule, is found: no record of the trail tells of that", async (context) => {
  const folder = await folderWithTrail(context);
  const path = segmentOf(folder);
  const log = await openTempLog(folder, { name: "gateway-1" });
  for (const lane of ["gateway-1/audit", "gateway-1/data"]) await log.append({ cells: [{ key: `expired/${lane}`, value: new TextEncoder().encode("3") }] });
  await log.close();
  assert.deepEqual((await verify(folder)).report.violations, [], "as long as all is here");
  const bytes = readFileSync(path);
  const offsets = offsetsOf(bytes);
  const isEarly = (from: number): boolean => {
    const header = parseBatchHeader(bytes.subarray(from), integrity);
    const runs = header?.entries.flatMap(({ kind, offset }) => (kind === entryKind.run ? [parseRunHeader(bytes.subarray(from + offset), integrity)] : [])) ?? [];
    return runs.length > 0 && runs.every((run) => run !== undefined && (run.stream === "audit" || run.stream === "data") && run.firstSequence + run.count - 1 <= 3);
  };
  writeFileSync(path, Buffer.concat([bytes.subarray(0, segmentHeaderBytes), ...offsets.slice(0, -1).flatMap((from, index) => (isEarly(from) ? [] : [bytes.subarray(from, offsets[index + 1])]))]));
  const { report } = await verify(folder);
  assert.deepEqual(report.violations.filter((text) => /no record of the trail tells of it/.test(text)).map((text) => text.split(":")[0]).toSorted(), ["gateway-1/audit", "gateway-1/data"], report.violations.join("\n"));
});

test("what left is answered by when it may have left, with rows of models, and with what is not there to be asked", async (context) => {
  const folder = tempFolder(context);
  let ms = Date.parse("2026-01-01T00:00:00Z");
  const at = (day: number): number => (ms = Date.parse("2026-01-01T00:00:00Z") + day * 86_400_000);
  const real = createClock();
  const clock: Clock = { ...real, monotonicMs: () => real.monotonicMs(), after: (delayMs, callback) => real.after(delayMs, callback), wall: () => ({ ms, state: "synced" }) };
  const log = await openTempLog(folder, { name: "gateway-1", clock });
  const events = createEvents(config, clock);
  const guard = createGuard({ config, log, clock: createClock(), events, integrity });
  await log.append({ records: [events.record({ stream: "audit", type: "holon.node.started", class: "public", producer: "node", data: { site: "plant" } })] });
  guard.follow(desired(1, "derived", "leave ask"));
  await log.append({ records: [events.record({ stream: "data", type: "test.said", class: "derived", producer: "test", data: {} })] });
  at(10); // the link was away until now
  for (const run of await log.readRuns({ origin: nodeName("gateway-1"), stream: "data" }, 1, 1 << 20)) await guard.towards("CH")(run);
  await guard.mayAsk({ app: "a", model: "m", class: "derived", rules: [], policyVersion: 1, from: 1, to: 5 });
  at(20);
  await guard.closeDecisions();
  await log.close();
  const asked = async (sinceDay: number, untilDay: number) => {
    const since = Date.parse("2026-01-01T00:00:00Z");
    const { rows } = await verify(folder, { site: undefined, class: "derived", sinceMs: since + sinceDay * 86_400_000, untilMs: since + untilDay * 86_400_000 });
    return rows.map(({ lane, closed, records }) => `${lane} ${closed ? "left" : "may have left"} ${records}`);
  };
  assert.deepEqual(await asked(-1, 5), [], "recorded in the span, and not gone yet");
  assert.deepEqual(await asked(9, 21), ["gateway-1/data left 1", "model/a/m left 5"], "recorded long before");
  assert.deepEqual(await asked(12, 21), ["gateway-1/data may have left 1", "model/a/m may have left 5"]);
  assert.deepEqual(await asked(25, 30), []);
});

test("what was let go of by rule is not answered, and that is said", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder, { name: "gateway-1", segmentBytesMax: 8_192 });
  const events = createEvents(config, createClock());
  const guard = createGuard({ config, log, clock: createClock(), events, integrity });
  guard.follow(desired(1, "derived"));
  for (let index = 0; index < 100; index++) await log.append({ records: (["audit", "data"] as const).map((stream) => events.record({ stream, type: "test.said", class: "derived", producer: "test", data: { text: "x".repeat(200) } })) });
  await log.retain((parts) => parts.slice(0, -4).map(({ lane, lastSequence }) => ({ lane, through: lastSequence, rule: "a test" })), (expiry) => events.record({ stream: "audit", type: "holon.log.expired", class: "public", producer: "log", data: expiry }));
  await log.close();
  for (const untilMs of [Infinity, 0]) {
    const left = watchLeft({ ...always, class: "derived", untilMs }, integrity);
    const report = await verifyTrail(createDisk(folder), integrity, left.see);
    assert.deepEqual(report.violations, []);
    const gaps = left.gaps(report.lanes);
    assert.deepEqual(gaps.map(({ lane, first }) => [lane, first]), [["gateway-1/audit", 1], ["gateway-1/data", 1]], "whose beginning nobody knows may have been in any span");
    for (const { lane, last } of gaps) assert.equal(report.expired.some((text) => text === `${lane} 1 to ${last}`), true, report.expired.join());
    assert.deepEqual(left.heard().map(({ node }) => node), ["gateway-1"]);
  }
});

/** Where each batch of the only segment begins, and where the last ends. */
function offsetsOf(bytes: Buffer): readonly number[] {
  const offsets = [segmentHeaderBytes];
  for (let header = parseBatchHeader(bytes.subarray(segmentHeaderBytes), integrity); header !== undefined; header = parseBatchHeader(bytes.subarray(offsets.at(-1)), integrity)) offsets.push((offsets.at(-1) ?? 0) + header.sizeBytes);
  return offsets;
}

test("a log that holds nothing is no chain that holds", async (context) => {
  const folder = await folderWithTrail(context);
  const path = segmentOf(folder);
  for (const length of [segmentHeaderBytes, 7, 0]) {
    writeFileSync(path, readFileSync(path).subarray(0, length));
    assert.match((await verify(folder)).report.violations.join(), /no lane is in 1 segments/, `${length} bytes`);
  }
  rmSync(path);
  const { report, rows, undecided } = await verify(folder, { ...always, class: "derived" });
  assert.deepEqual([report.violations, report.segments, rows, undecided], [["there is no segment: a node that ever ran has one"], 0, [], []]);
});

test("where a log ends is told: at rest, behind a whole batch, or within one that was cut off", async (context) => {
  const folder = await folderWithTrail(context);
  const path = segmentOf(folder);
  const endOf = async () => (await verify(folder)).report;
  assert.deepEqual([(await endOf()).end.state, (await endOf()).violations], ["open", []]);
  const whole = readFileSync(path);
  const offsets = offsetsOf(whole);
  const [begin = 0, end = 0] = offsets.slice(-3, -1);
  for (const cut of [begin + 1, begin + batchHeaderBytes, Math.floor((begin + end) / 2), end - 1]) {
    writeFileSync(path, whole.subarray(0, cut));
    const report = await endOf();
    assert.deepEqual([report.violations, report.end], [[], { state: "torn", batch: `log/000000000001.seg from byte ${begin} on` }], `cut at ${cut} of ${begin} to ${end}`);
  }
  writeFileSync(path, whole.subarray(0, begin));
  assert.equal((await endOf()).end.state, "open");
  writeFileSync(path, whole);
  const log = await openTempLog(folder, { name: "gateway-1" });
  await log.append({});
  await log.close();
  assert.deepEqual([(await endOf()).end, (await endOf()).violations], [{ state: "rest" }, []]);
});

test("records of the class of which no decision is here are named: not asked about yet, or decided in what was cut off", async (context) => {
  const folder = await folderWithTrail(context);
  const question = { ...always, class: "derived" } as const;
  assert.deepEqual((await verify(folder, question)).undecided, []);
  const path = segmentOf(folder);
  const bytes = readFileSync(path);
  const opened = bytes.indexOf("holon.policy.decision.opened");
  assert.ok(opened > 0);
  const last = offsetsOf(bytes).findLast((offset) => offset <= opened) ?? 0;
  writeFileSync(path, bytes.subarray(0, last));
  const { report, rows, undecided } = await verify(folder, question);
  assert.deepEqual([report.violations, rows], [[], []]);
  const data = undecided.find(({ lane }) => lane === "gateway-1/data");
  assert.equal(data?.records, 10);
  assert.deepEqual((await verify(folder, { ...question, site: "elsewhere" })).undecided, []);
  assert.equal((await verify(folder, { ...question, site: "plant" })).undecided.find(({ lane }) => lane === "gateway-1/data")?.last, data.last);
  assert.deepEqual((await verify(folder, { ...question, untilMs: 0 })).undecided, []);
});

test("what was recorded while a clock was wrong is told with every span, as of an unknown time, and with what the clock said where nothing was asked of time", async (context) => {
  const folder = tempFolder(context);
  const log = await openTempLog(folder, { name: "gateway-1" });
  const minute = 60_000;
  const trueMs = Date.UTC(2026, 5, 1);
  let shown: ReturnType<Clock["wall"]> = { ms: trueMs, state: "synced" };
  const clock: Clock = Object.assign(Object.create(createClock()), { wall: () => shown });
  const events = createEvents(config, clock);
  const guard = createGuard({ config, log, clock, events, integrity });
  await log.append({ records: [events.record({ stream: "audit", type: "holon.node.started", class: "public", producer: "node", data: { site: "plant" } })] });
  guard.follow(desired(1, "derived"));
  const clocks: readonly (typeof shown)[] = [
    { ms: trueMs, state: "synced" },
    { ms: Date.UTC(1971, 0, 1), state: "unknown" },
    { ms: trueMs + minute, state: "synced" },
    { ms: trueMs + 45 * 1_440 * minute, state: "coasting" },
    { ms: trueMs + 2 * minute, state: "synced" },
    { ms: trueMs - 1_440 * minute, state: "coasting" },
    { ms: trueMs + 3 * minute, state: "synced" },
  ];
  for (const [index, at] of clocks.entries()) {
    shown = at;
    await log.append({ records: [events.record({ stream: "data", type: "test.said", class: "derived", producer: "test", data: {} })] });
    for (const run of await log.readRuns({ origin: nodeName("gateway-1"), stream: "data" }, index + 2, 1 << 20)) await guard.towards("CH")(run);
    await guard.closeDecisions();
  }
  await log.close();
  /** Sequences of the lane, whose first is that the log was opened. */
  const of = async (sinceMs: number, untilMs: number) => {
    const { rows } = await verify(folder, { class: "derived", site: "plant", sinceMs, untilMs });
    const firsts = (isTimeUnknown: boolean): readonly number[] => rows.flatMap((row) => (row.isTimeUnknown === isTimeUnknown ? [row.first - 1] : [])).toSorted();
    return { known: firsts(false), unknown: firsts(true) };
  };
  assert.deepEqual(await of(trueMs - minute, trueMs + 5 * minute), { known: [1, 3, 5, 7], unknown: [2, 4, 6] });
  assert.deepEqual(await of(trueMs - 9_000_000 * minute, trueMs - 8_000_000 * minute), { known: [], unknown: [2, 4, 6] }, "whatever the span");
  assert.deepEqual(await of(-Infinity, Infinity), { known: [1, 2, 3, 4, 5, 6, 7], unknown: [] }, "of all times nothing is in doubt");
});

test("what is missing between records of a wrong clock is told with every span, as of an unknown time, and so is how far decisions are here", async (context) => {
  const folder = tempFolder(context);
  const minute = 60_000;
  const trueMs = Date.UTC(2026, 5, 1);
  let shown: ReturnType<Clock["wall"]> = { ms: trueMs, state: "synced" };
  const clock: Clock = Object.assign(Object.create(createClock()), { wall: () => shown });
  const log = await openTempLog(folder, { name: "gateway-1", clock });
  const events = createEvents(config, clock);
  const say = (stream: "audit" | "data", own: DataClass) => log.append({ records: [events.record({ stream, type: "test.said", class: own, producer: "test", data: {} })] });
  await say("audit", "public");
  const clocks: readonly (typeof shown)[] = [
    { ms: trueMs, state: "synced" },
    { ms: trueMs + 45 * 1_440 * minute, state: "coasting" }, // another class: its times count all the same
    { ms: trueMs + minute, state: "synced" }, // cut out
    { ms: trueMs + 2 * minute, state: "synced" },
  ];
  for (const [index, at] of clocks.entries()) {
    shown = at;
    await say("data", index === 1 ? "public" : "derived");
  }
  shown = { ms: Date.UTC(1971, 0, 1), state: "unknown" };
  await say("audit", "public");
  await log.close();
  const path = segmentOf(folder);
  const whole = readFileSync(path);
  const offsets = offsetsOf(whole);
  const places = offsets.filter((offset, index) => whole.subarray(offset, offsets[index + 1]).includes("test.said"));
  const asked = async (cut: number, sinceMs: number, untilMs: number) => {
    const from = places[cut] ?? assert.fail();
    writeFileSync(path, Buffer.concat([whole.subarray(0, from), whole.subarray(offsets[offsets.indexOf(from) + 1])]));
    const left = watchLeft({ class: "derived", site: undefined, sinceMs, untilMs }, integrity);
    const report = await verifyTrail(createDisk(folder), integrity, left.see);
    return { gaps: left.gaps(report.lanes).filter(({ lane }) => lane === "gateway-1/data"), heard: left.heard() };
  };
  const unknown = { lane: "gateway-1/data", first: 4, last: 4, fromMs: undefined, toMs: trueMs + 2 * minute, isTimeUnknown: true };
  for (const [sinceMs, untilMs] of [[trueMs, trueMs + 5 * minute], [0, trueMs - minute], [-Infinity, Infinity]] as const) {
    const { gaps, heard } = await asked(3, sinceMs, untilMs);
    assert.deepEqual([gaps, heard], [[unknown], [{ node: "gateway-1", throughMs: undefined }]], `${sinceMs} to ${untilMs}`);
  }
  assert.deepEqual((await asked(2, trueMs, trueMs + minute)).gaps, [{ lane: "gateway-1/data", first: 3, last: 3, fromMs: trueMs, toMs: trueMs + minute, isTimeUnknown: false }], "between those that are believed it is known");
});
