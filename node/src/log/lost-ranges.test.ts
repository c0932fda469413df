/**
 * Logs of many lanes lose bytes anywhere: what is told as lost is what a scan that knows nothing of batches, rolls and snapshots does not find
 * any more. Where an end is not known it must be said; then, and only then, may more be gone than was named.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { crc32 } from "node:zlib";
import { streamNames } from "@holon/core/schema/event.ts";
import { parseLaneName } from "@holon/core/log/identity.ts";
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import type { LostRange } from "./progress.ts";
import type { SegmentLog } from "./segment-log.ts";

/** More on demand. */
const seeds = Number(process.env["HOLON_DAMAGE_SEEDS"] ?? 16);
const segmentBytesMax = 12_000;

/** A small generator: the same seed, the same damage. */
function createChance(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Own streams, of which some are rare, and the lanes of children. */
async function writeLog(folder: string, chance: (below: number) => number, context: TestContext): Promise<void> {
  let log = await openTempLog(folder, { segmentBytesMax });
  const children = await Promise.all(Array.from({ length: 12 }, (_, index) => openTempLog(tempFolder(context), { name: `child-${index + 1}` })));
  const rarities = { alarm: 23, data: 3, telemetry: 9, audit: 47, local: 1 } as const;
  const sent = new Map<string, number>();
  for (let turn = 0; turn < 160; turn++) {
    const records = streamNames.filter((stream) => chance(rarities[stream]) === 0).map((stream) => record(stream, `${stream} ${turn} ${"x".repeat(chance(300))}`));
    if (records.length > 0) await log.append({ records, ...(chance(3) === 0 ? { cells: [{ key: `position/${chance(4)}`, value: new TextEncoder().encode(String(turn)) }] } : {}) });
    const child = children[chance(40)];
    if (child !== undefined) {
      await child.append({ records: [record("data", `of ${child.origin} ${turn}`)] });
      const lane: Lane = { origin: child.origin, stream: "data" };
      await log.appendRuns(await child.readRuns(lane, (sent.get(laneName(lane)) ?? 0) + 1, 1e6));
      sent.set(laneName(lane), child.head(lane)?.sequence ?? 0);
    }
    if (chance(50) === 0) {
      await log.close();
      log = await openTempLog(folder, { segmentBytesMax });
    }
  }
  if (chance(2) === 0) await log.append({}); // the epilogue of a node that was stopped
  for (const open of [log, ...children]) await open.close();
}

type Held = Map<string, Map<number, Buffer>>;

/** Every record whose run's header and whose own checksum hold, wherever in a file it stands. */
function scan(folder: string): Held {
  const held: Held = new Map();
  for (const name of readdirSync(join(folder, "log")).filter((file) => file.endsWith(".seg"))) {
    const bytes = readFileSync(join(folder, "log", name));
    for (let at = bytes.indexOf("HRN1"); at >= 0; at = bytes.indexOf("HRN1", at + 1)) scanRun(bytes.subarray(at), held);
  }
  return held;
}

function scanRun(bytes: Buffer, held: Held): void {
  if (bytes.length < 125) return;
  const count = bytes.readUInt32LE(76);
  const originBytes = bytes[83] ?? 0;
  const tables = 125 + originBytes;
  const header = tables + 8 * count;
  if (header > bytes.length || crc32(bytes.subarray(44, header)) !== bytes.readUInt32LE(8)) return;
  const lane = `${bytes.toString("utf8", 125, tables)}/${streamNames[bytes[81] ?? 0] ?? ""}`;
  const numbers = held.get(lane) ?? new Map<number, Buffer>();
  held.set(lane, numbers);
  for (let index = 0, position = header; index < count; index++) {
    const length = bytes.readUInt32LE(tables + 4 * index);
    const text = bytes.subarray(position, position + length);
    if (crc32(text) === bytes.readUInt32LE(tables + 4 * (count + index))) numbers.set(bytes.readDoubleLE(88) + index, text);
    position += length;
  }
}

interface Told {
  readonly lost: readonly LostRange[];
  /** Lanes of which more may be gone, and the last record before that. */
  readonly unknown: readonly { readonly lane: string; readonly after: number }[];
  /** Lanes that something is left of. */
  readonly known: ReadonlySet<string>;
}

/** What is told at the opening and by one round of scrubbing. */
async function tell(log: SegmentLog, files: number): Promise<Told> {
  const lost = [...log.lost];
  for (let step = 0; step < 2 * files; step++) lost.push(...(await log.scrub.step(segmentBytesMax)).lost);
  return { lost, unknown: log.unsettled, known: new Set(log.heads().keys()) };
}

async function compare(before: Held, after: Held, told: Told, log: SegmentLog, what: string): Promise<void> {
  const named = new Map<string, Set<number>>();
  for (const { lane, first, last } of told.lost) {
    const numbers = named.get(lane) ?? new Set();
    named.set(lane, numbers);
    for (let sequence = first; sequence <= last; sequence++) numbers.add(sequence);
  }
  for (const [lane, numbers] of before) {
    const unseen = [...numbers].filter(([sequence]) => after.get(lane)?.has(sequence) !== true);
    const gone: number[] = [];
    for (const [sequence, bytes] of unseen) if (!(await isRead(log, lane, sequence, bytes))) gone.push(sequence);
    const open = told.unknown.find((entry) => entry.lane === lane)?.after ?? (told.unknown.length > 0 && !told.known.has(lane) ? 0 : Number.POSITIVE_INFINITY);
    const silent = gone.filter((sequence) => named.get(lane)?.has(sequence) !== true && sequence <= open);
    assert.deepEqual(silent, [], `${what}: ${lane} is gone and was not told`);
    const wrong = [...(named.get(lane) ?? [])].filter((sequence) => !gone.includes(sequence));
    assert.deepEqual(wrong, [], `${what}: ${lane} was told as lost and is there, or never was`);
  }
  for (const lane of named.keys()) assert.ok(before.has(lane), `${what}: ${lane} was told as lost and never was`);
}

/** What the log mends while it reads is not lost, though the file does not show it. */
async function isRead(log: SegmentLog, name: string, sequence: number, bytes: Buffer): Promise<boolean> {
  const lane = parseLaneName(name);
  const [found] = lane === undefined ? [] : await log.read(lane, sequence, { maxRecords: 1, maxBytes: 1 });
  return found?.sequence === sequence && bytes.equals(found.bytes);
}

interface Range {
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

/** One or several batches, whole segments, across a border of segments, the first bytes of a file, a few bytes. */
function chooseRanges(folder: string, chance: (below: number) => number): readonly Range[] {
  const files = readdirSync(join(folder, "log")).filter((name) => name.endsWith(".seg")).sort().map((name) => ({ name, size: readFileSync(join(folder, "log", name)).length }));
  const at = chance(files.length);
  const file = files[at] ?? { name: "", size: 0 };
  const next = files[at + 1];
  const kinds: readonly (() => readonly Range[])[] = [
    () => between(file, chance(file.size), chance(400) + 10),
    () => between(file, chance(file.size), chance(6_000) + 200),
    () => between(file, chance(file.size), chance(6_000) + 200),
    () => between(file, 0, chance(3_000) + 1),
    () => [{ file: file.name, from: 0, to: file.size }],
    () => {
      const tail = chance(4_000) + 100;
      return [...between(file, Math.max(0, file.size - tail), tail), ...(next === undefined ? [] : between(next, 0, chance(6_000) + 40))];
    },
  ];
  const chosen = kinds[chance(kinds.length)]?.() ?? [];
  return chance(4) === 0 ? [...chosen, ...chooseRanges(folder, chance)] : chosen;
}

const between = ({ name, size }: { readonly name: string; readonly size: number }, from: number, length: number): readonly Range[] => [{ file: name, from, to: Math.min(size, from + length) }];

function destroy(folder: string, { file, from, to }: Range, chance: (below: number) => number): void {
  const path = join(folder, "log", file);
  const bytes = readFileSync(path);
  for (let position = from; position < to; position++) bytes[position] = 1 + chance(255); // no zeros: a sector of them would be a write cut short
  writeFileSync(path, bytes);
}

test("whatever bytes of a log are destroyed, what is told as lost is what is gone, and an end that nobody knows is said to be unknown", async (context) => {
  const healthy = tempFolder(context);
  let written = -1;
  let unknown = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const chance = createChance(seed);
    const kind = Math.floor(seed / 20);
    if (kind !== written) {
      rmSync(join(healthy, "log"), { recursive: true, force: true });
      await writeLog(healthy, createChance(1_000 + kind), context);
      written = kind;
    }
    const folder = tempFolder(context);
    mkdirSync(join(folder, "log"), { recursive: true });
    cpSync(join(healthy, "log"), join(folder, "log"), { recursive: true });
    const ranges = chooseRanges(folder, chance);
    for (const range of ranges) destroy(folder, range, chance);
    const log = await openTempLog(folder, { segmentBytesMax });
    const told = await tell(log, readdirSync(join(folder, "log")).length);
    const what = `seed ${seed}, ${ranges.map(({ file, from, to }) => `${file} ${from}-${to}`).join(", ")}`;
    await compare(scan(healthy), scan(folder), told, log, what);
    if (told.unknown.length > 0) unknown += 1;
    await log.close();
  }
  assert.ok(unknown < seeds / 3, `${unknown} of ${seeds} left an end open`);
});
