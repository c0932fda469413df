import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { encodeStoredEvent, showEvent } from "@holon/core/event/stored.ts";
import { laneName, type FoundEvent, type NewRecord, type RecordQuery } from "@holon/core/log/log.ts";
import { planRetention } from "@holon/core/log/retention.ts";
import type { Disk, DiskFile } from "@holon/core/ports.ts";
import { streamNames, type StreamName } from "@holon/core/schema/event.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { SeededRandom } from "@holon/sim/random.ts";
import { openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import type { SegmentLog } from "./segment-log.ts";

const beginMs = Date.UTC(2026, 0, 1);

const event = (stream: StreamName, type: string, atMs: number, data: unknown = null): NewRecord => ({
  stream,
  class: "derived",
  bytes: encodeStoredEvent({ type, source: "/test", time: isoTime(atMs), recordedtime: isoTime(atMs), clock: "synced", class: "derived", jurisdiction: "EU/DE", data }),
});

/** What the question asks for, found by reading everything. */
async function scanned(log: SegmentLog, query: RecordQuery): Promise<readonly FoundEvent[]> {
  const found: FoundEvent[] = [];
  for (const { lane } of log.heads().values()) {
    if (!query.accepts(lane)) continue;
    const gone = Number(new TextDecoder().decode(log.cell(`expired/${laneName(lane)}`) ?? new Uint8Array(0)));
    for (let from = 1; ; ) {
      const records = await log.read(lane, from, { maxRecords: 1_000, maxBytes: 1 << 20 });
      const last = records.at(-1);
      if (last === undefined) break;
      for (const entry of records) {
        const shown = showEvent(entry);
        const recordedMs = Date.parse(shown.recordedtime);
        if (entry.sequence > gone && shown.type.startsWith(query.type ?? "") && recordedMs >= (query.sinceMs ?? -Infinity) && recordedMs <= (query.untilMs ?? Infinity)) found.push({ record: entry, event: shown, recordedMs, countsMs: recordedMs });
      }
      from = last.sequence + 1;
    }
  }
  found.sort((a, b) => a.recordedMs - b.recordedMs || (laneName(a.record) < laneName(b.record) ? -1 : laneName(a.record) > laneName(b.record) ? 1 : a.record.sequence - b.record.sequence));
  return found.slice(-query.limit);
}

const names = (found: readonly FoundEvent[]): readonly string[] => found.map(({ event: { id, type } }) => `${id} ${type}`);

function anyQuery(random: SeededRandom): RecordQuery {
  const streams = streamNames.filter(() => random.chance(0.5));
  const sinceMs = beginMs + random.between(-10_000, 400_000);
  const type = random.pick([undefined, "pump.", "pump.alert", "host.reading", "holon.", "nobody.writes.this"]);
  const origins = random.pick([["gateway-1"], ["gateway-2"], ["gateway-1", "gateway-2"]]);
  return {
    accepts: (lane) => (streams.length === 0 || streams.includes(lane.stream)) && origins.includes(lane.origin),
    type,
    sinceMs: random.chance(0.5) ? sinceMs : undefined,
    untilMs: random.chance(0.3) ? sinceMs + random.between(0, 200_000) : undefined,
    limit: random.integer(1, 60),
  };
}

/** Records of all streams, some no events, from a clock that jumps; and a child's runs. */
async function fill(log: SegmentLog, child: SegmentLog, random: SeededRandom, commits: number): Promise<void> {
  let nowMs = beginMs;
  const some = (): NewRecord[] =>
    Array.from({ length: random.integer(1, 12) }, () => {
      nowMs += random.chance(0.02) ? random.between(-100_000, 100_000) : random.between(0, 500);
      const stream = random.chance(0.6) ? "local" : random.pick(streamNames);
      return random.chance(0.02) ? record(stream, "no event") : event(stream, random.chance(0.8) ? "pump.reading" : random.pick(["pump.alert", "pump.minute", "host.reading", "holon.note"]), nowMs, "x".repeat(random.integer(0, 400)));
    });
  for (let commit = 0; commit < commits; commit++) {
    await log.append({ records: some(), cells: [{ key: "position/x", value: new Uint8Array(3) }] });
    if (!random.chance(0.3)) continue;
    await child.append({ records: some().map((entry) => ({ ...entry, stream: "data" as const })) });
    const lane = { origin: child.origin, stream: "data" as const };
    await log.appendRuns(await child.readRuns(lane, (log.head(lane)?.sequence ?? 0) + 1, 1 << 20));
  }
}

async function surveyAll(log: SegmentLog): Promise<void> {
  while (log.survey.hasWork()) await log.survey.step(64 << 10);
}

test("what is found is what a scan of everything finds, whatever the question and however far the survey is", async (context) => {
  for (let seed = 1; seed <= 3; seed++) {
    const random = new SeededRandom(`find/${seed}`);
    const folder = tempFolder(context);
    const child = await openTempLog(tempFolder(context), { name: "gateway-2" });
    let log = await openTempLog(folder, { segmentBytesMax: 60_000 });
    await fill(log, child, random, 80);
    const compare = async (when: string): Promise<void> => {
      for (let round = 0; round < 12; round++) {
        const query = anyQuery(random);
        assert.deepEqual(names(await log.find(query)), names(await scanned(log, query)), `seed ${seed}, ${when}, ${JSON.stringify(query)}`);
      }
    };
    if (random.chance(0.5)) await log.survey.step(random.integer(1, 200_000));
    await compare("before the survey is done");
    await surveyAll(log);
    await compare("when it is done");
    await fill(log, child, random, 30);
    await compare("after more was written");
    if (random.chance(0.5)) await log.retain((parts, totalBytes) => planRetention({ policy: { streams: { local: { maxBytes: 40_000 } } }, nowMs: 0, parts, totalBytes, safe: new Map(), read: new Map(), needBytes: 0 }), () => event("audit", "holon.log.expired", beginMs));
    await compare("after some was let go of");
    await surveyAll(log);
    await log.close();
    damageSome(folder, random);
    log = await openTempLog(folder, { segmentBytesMax: 60_000 });
    await compare("after damage and a restart");
    await surveyAll(log);
    await compare("and a survey");
    await log.close();
    await child.close();
  }
});

const yearsMs = 12 * 365 * 86_400_000;

/** A log of a node whose own clock is set now and then, and of a child whose clock is years ahead at times; with when each record came in. */
async function fillByClocks(log: SegmentLog, child: SegmentLog, random: SeededRandom, clock: { nowMs: number }, commits: number): Promise<ReadonlyMap<string, number>> {
  const arrived = new Map<string, number>();
  for (let commit = 0; commit < commits; commit++) {
    const types = Array.from({ length: random.integer(1, 12) }, () => random.pick(["pump.reading", "pump.alert"]));
    const text = "x".repeat(random.integer(0, 400));
    await log.append({ records: types.map((type) => event("data", type, clock.nowMs + random.between(-500, 500), text)) });
    await child.append({ records: types.map((type) => event("data", type, clock.nowMs + (random.chance(0.5) ? yearsMs : -random.between(0, 100_000)), text)) });
    const lane = { origin: child.origin, stream: "data" as const };
    await log.appendRuns(await child.readRuns(lane, (log.head(lane)?.sequence ?? 0) + 1, 1 << 20));
    for (const { lane: of, mark } of log.heads().values()) for (let sequence = mark.sequence; sequence > 0 && !arrived.has(`${laneName(of)} ${sequence}`); sequence--) arrived.set(`${laneName(of)} ${sequence}`, clock.nowMs);
    clock.nowMs += random.chance(0.05) ? random.pick([yearsMs, -yearsMs, 86_400_000]) : random.between(0, 20_000);
  }
  return arrived;
}

test("what a clock tells that is ahead stands where it came in, in order and in what is asked for by time, however far the survey is", async (context) => {
  for (let seed = 1; seed <= 2; seed++) {
    const random = new SeededRandom(`find/clocks/${seed}`);
    const clock = { nowMs: beginMs };
    const child = await openTempLog(tempFolder(context), { name: "gateway-2" });
    const folder = tempFolder(context);
    const options = { segmentBytesMax: 60_000, clock: { ...createClock(), wall: () => ({ ms: clock.nowMs, state: "synced" as const }) } };
    let log = await openTempLog(folder, options);
    const arrived = await fillByClocks(log, child, random, clock, 120);
    clock.nowMs = beginMs + 86_400_000;
    async function expected(query: RecordQuery): Promise<readonly string[]> {
      const all = await scanned(log, { ...query, sinceMs: undefined, untilMs: undefined, limit: 1_000_000 });
      const placed = all.flatMap((found) => {
        const cameMs = arrived.get(`${laneName(found.record)} ${found.record.sequence}`) ?? Number.NaN;
        const countsMs = found.recordedMs > cameMs + limits.recordedAheadMs && cameMs > Date.UTC(2025, 0, 1) ? cameMs : found.recordedMs;
        const fits = [found.recordedMs, countsMs].some((atMs) => atMs >= (query.sinceMs ?? -Infinity) && atMs <= (query.untilMs ?? Infinity));
        return fits ? [{ found, atMs: countsMs > clock.nowMs + limits.recordedAheadMs ? 0 : countsMs }] : [];
      });
      placed.sort((a, b) => a.atMs - b.atMs || (laneName(a.found.record) < laneName(b.found.record) ? -1 : laneName(a.found.record) > laneName(b.found.record) ? 1 : a.found.record.sequence - b.found.record.sequence));
      return names(placed.slice(-query.limit).map(({ found }) => found));
    }
    const compare = async (when: string): Promise<void> => {
      for (let round = 0; round < 25; round++) {
        const query: RecordQuery = { ...anyQuery(random), accepts: ({ stream }) => stream === "data", asArrived: true };
        assert.deepEqual(names(await log.find(query)), await expected(query), `seed ${seed}, ${when}, ${JSON.stringify(query)}`);
      }
    };
    await compare("before the survey is done");
    await surveyAll(log);
    await compare("when it is done");
    await log.close();
    log = await openTempLog(folder, options);
    await compare("after a restart");
    await log.close();
    await child.close();
  }
});

/** Indexes that are missing, cut short or changed; and rubbish in a sealed segment. */
function damageSome(folder: string, random: SeededRandom): void {
  const files = readdirSync(join(folder, "log"));
  for (const name of files.filter((file) => file.endsWith(".idx"))) {
    const path = join(folder, "log", name);
    const bytes = readFileSync(path);
    const fate = random.uniform();
    if (fate < 0.2) rmSync(path);
    else if (fate < 0.4) writeFileSync(path, bytes.subarray(0, random.integer(0, bytes.length)));
    else if (fate < 0.6) {
      const at = random.integer(0, bytes.length - 1);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(0, 7));
      writeFileSync(path, bytes);
    }
  }
  const [segment] = files.filter((file) => file.endsWith(".seg"));
  if (segment === undefined || random.chance(0.5)) return;
  const path = join(folder, "log", segment);
  const bytes = readFileSync(path);
  bytes.set(random.bytes(50), Math.floor(bytes.length * random.between(0.2, 0.8)));
  writeFileSync(path, bytes);
  rmSync(path.replace(/seg$/, "idx"), { force: true }); // what was damaged after its index was made is the scrubber's to find
}

/** A disk that counts what is read. */
function counting(disk: Disk): { readonly disk: Disk; readonly read: { bytes: number; calls: number } } {
  const read = { bytes: 0, calls: 0 };
  const counted = (file: DiskFile): DiskFile => ({
    size: () => file.size(),
    read: async (position, length) => {
      const bytes = await file.read(position, length);
      read.bytes += bytes.length;
      read.calls += 1;
      return bytes;
    },
    write: (position, bytes) => file.write(position, bytes),
    writeThrough: (position, bytes) => file.writeThrough(position, bytes),
    sync: () => file.sync(),
    truncate: (size) => file.truncate(size),
    close: () => file.close(),
  });
  return { disk: { ...disk, open: async (path, options) => counted(await disk.open(path, options)) }, read };
}

test("a question by type and time reads a hundredth of the log, and after a restart too", async (context) => {
  const folder = tempFolder(context);
  const { disk, read } = counting(createDisk(folder));
  let log = await openTempLog(folder, { disk, segmentBytesMax: 1 << 20 });
  for (let commit = 0; commit < 1_200; commit++) {
    const records = Array.from({ length: 50 }, (_, index) => event("local", "pump.reading", beginMs + commit * 1_000 + index, "x".repeat(200)));
    await log.append({ records: commit % 400 === 200 ? [...records, event("alarm", "pump.alert", beginMs + commit * 1_000)] : records });
  }
  await surveyAll(log);
  const questions: readonly (readonly [string, Omit<RecordQuery, "accepts">, number])[] = [
    ["by type", { type: "pump.alert", limit: 50 }, 3],
    ["by time", { sinceMs: beginMs + 600_000, untilMs: beginMs + 600_004, limit: 50 }, 6],
    ["the newest", { limit: 20 }, 20],
    ["what there is not", { type: "nobody.writes.this", limit: 20 }, 0],
  ];
  const ask = async (when: string): Promise<void> => {
    for (const [what, query, count] of questions) {
      const before = read.bytes;
      const found = await log.find({ ...query, accepts: () => true });
      assert.equal(found.length, count, what);
      const bytes = read.bytes - before;
      context.diagnostic(`${when}, ${what}: ${bytes} of ${log.sizeBytes()} bytes read`);
      assert.ok(bytes <= log.sizeBytes() / 50, `${when}, ${what}: ${bytes} of ${log.sizeBytes()} bytes were read`);
    }
  };
  assert.ok(log.sizeBytes() > 15 << 20);
  await ask("at once");
  await log.close();
  log = await openTempLog(folder, { disk, segmentBytesMax: 1 << 20 });
  await surveyAll(log);
  await ask("after a restart");
  const indexBytes = readdirSync(join(folder, "log")).filter((name) => name.endsWith(".idx")).reduce((sum, name) => sum + statSync(join(folder, "log", name)).size, 0);
  context.diagnostic(`the indexes have ${indexBytes} bytes`);
  assert.ok(indexBytes < log.sizeBytes() / 200);
  await log.close();
});

test("reading does not hold up writing: appends go on while a question waits for the disk", async (context) => {
  const folder = tempFolder(context);
  const disk = createDisk(folder);
  let open: () => void = () => undefined;
  let isSlow = false;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const slow: Disk = {
    ...disk,
    open: async (path, options) => {
      const file = await disk.open(path, options);
      return { size: () => file.size(), write: (position, bytes) => file.write(position, bytes), writeThrough: (position, bytes) => file.writeThrough(position, bytes), sync: () => file.sync(), truncate: (size) => file.truncate(size), close: () => file.close(), read: async (position, length) => {
        if (isSlow) await gate;
        return file.read(position, length);
      } };
    },
  };
  const log = await openTempLog(folder, { disk: slow, segmentBytesMax: 60_000 });
  for (let commit = 0; commit < 100; commit++) await log.append({ records: [event("data", "pump.minute", beginMs + commit, "x".repeat(2_000))] });
  isSlow = true;
  const asked = log.find({ accepts: () => true, type: "pump.minute", limit: 1_000 });
  const survey = log.survey.step(64 << 10);
  for (let commit = 100; commit < 200; commit++) await log.append({ records: [event("data", "pump.minute", beginMs + commit, "x".repeat(2_000))] });
  open();
  assert.ok((await asked).length >= 100);
  await survey;
  assert.equal((await log.find({ accepts: () => true, type: "pump.minute", limit: 1_000 })).length, 200);
  await log.close();
});
