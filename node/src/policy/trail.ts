/**
 * Reads a log offline, changes nothing of it, and says whether every lane is one chain from its beginning, or from where it was let go of by rule:
 * each run's hash over its bytes, each run's name for the one before it, each sequence behind the last, and what later batches tell of those before; and whether the trail tells of what was
 * let go of. What is found flipped on the disk counts as a violation here, whatever opening the log would mend.
 */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { runHashHolds, lastSequence, parseRunHeader, runRecords, type Integrity, type RunHeader } from "@holon/core/log/run.ts";
import { entryKind } from "@holon/core/log/batch.ts";
import { readCell } from "@holon/core/log/cell.ts";
import { laneName, type Mark } from "@holon/core/log/log.ts";
import { decodeRoll } from "@holon/core/log/roll.ts";
import { segmentHeaderBytes, segmentNumber, segmentPath } from "@holon/core/log/segment.ts";
import type { Disk } from "@holon/core/ports.ts";
import { decodeNumber, expiredCell, expiredEvent } from "../log/expired-cell.ts";
import { findNextBatch, isBlank, looksTorn, openWindow, readBatch, type BatchRun, type ScannedBatch } from "../log/scan.ts";
import { decodeHeads } from "../log/snapshot.ts";
import { z } from "zod";

export interface TrailLane {
  readonly lane: string;
  /** Where it ends: to be held against what the node above has. */
  readonly head: Mark;
  readonly records: number;
}

export interface TrailReport {
  readonly segments: number;
  readonly lanes: readonly TrailLane[];
  /** What is not as it was written. Empty: every chain holds. */
  readonly violations: readonly string[];
  /** Ranges that were let go of by rule, as far as this log says. */
  readonly expired: readonly string[];
  readonly end: TrailEnd;
}

/**
 * How the log ends. `rest`: as a node leaves it that stopped in order, or wrote nothing for a while. `open`: behind a whole batch, where its node writes on, was ended, or somebody cut. `torn`: within
 * `batch`, of which a part is here: it was being written, or was cut off.
 */
export interface TrailEnd {
  readonly state: "rest" | "open" | "torn";
  readonly batch?: string;
}

interface LaneState {
  head: Mark | undefined;
  records: number;
}

/** `seen` is handed every run whose hash holds, in the order of the log. */
export async function verifyTrail(disk: Disk, integrity: Integrity, seen: (run: BatchRun) => void = () => undefined): Promise<TrailReport> {
  const lanes = new Map<string, LaneState>();
  const violations: string[] = [];
  const missing: { readonly lane: string; readonly first: number; readonly last: number }[] = [];
  const expired = new Map<string, number>();
  /** As far as the trail tells, which is a chain; `expired` is what anybody can have written who writes a cell. */
  const toldExpired = new Map<string, number>();
  const told = (message: string): void => void (violations.length < violationsMax && violations.push(message));
  const numbers = (await disk.list("log")).flatMap((name) => segmentNumber(name) ?? []);
  let end: TrailEnd = { state: "open" };

  const laneOf = (name: string): LaneState => {
    const known = lanes.get(name) ?? { head: undefined, records: 0 };
    lanes.set(name, known);
    return known;
  };

  /** Reading mends single flipped bits in place: what it had to mend is not as it was written. */
  function readWhole<T>(payload: Uint8Array, where: string, what: string, read: (copy: Uint8Array) => T | undefined): T | undefined {
    const copy = payload.slice();
    const value = read(copy);
    if (value === undefined || copy.some((byte, index) => byte !== payload[index])) told(`${where}: ${what} is not as it was written`);
    return value;
  }

  function takeHeads(payload: Uint8Array, where: string): void {
    const heads = readWhole(payload, where, "the snapshot's heads", (copy) => decodeHeads(copy, integrity));
    for (const [name, { mark }] of heads ?? []) {
      const lane = laneOf(name);
      const before = lane.head?.sequence ?? 0;
      if (before === mark.sequence && lane.head !== undefined && lane.head.hash !== mark.hash) told(`${where}: ${name}/${mark.sequence} has the hash ${lane.head.hash}, the snapshot behind it says ${mark.hash}`);
      if (before > mark.sequence) told(`${where}: ${name} ends at ${before}, the snapshot behind it says ${mark.sequence}`);
      if (before < mark.sequence) missing.push({ lane: name, first: before + 1, last: mark.sequence });
      lane.head = mark;
    }
  }

  /** The last of each lane in the batches before, as a later one tells: whoever cuts one out leaves that. */
  function takeRoll(payload: Uint8Array, where: string): void {
    for (const { lane: of, mark } of readWhole(payload, where, "what tells of the batches before", (copy) => decodeRoll(copy, integrity)) ?? []) {
      const name = laneName(of);
      const lane = laneOf(name);
      const before = lane.head?.sequence ?? 0;
      if (before > mark.sequence) continue;
      if (before === mark.sequence && lane.head !== undefined && lane.head.hash !== mark.hash) told(`${where}: ${name}/${mark.sequence} has the hash ${lane.head.hash}, the batch behind it says ${mark.hash}`);
      if (before === mark.sequence) continue;
      missing.push({ lane: name, first: before + 1, last: mark.sequence });
      lane.head = mark;
    }
  }

  function takeRun(bytes: Uint8Array, where: string): void {
    const header = parseRunHeader(bytes, integrity);
    if (header === undefined) return told(`${where}: a run is damaged`);
    const name = laneName(header);
    const lane = laneOf(name);
    const about = `${where}: ${name}/${header.firstSequence}`;
    const isWhole = runHashHolds(bytes, header, integrity) && runRecords(bytes, header, integrity).damaged === 0;
    if (!isWhole) told(`${about} is not as it was written`);
    const before = lane.head?.sequence ?? 0;
    if (header.firstSequence > before + 1) missing.push({ lane: name, first: before + 1, last: header.firstSequence - 1 });
    else if (header.firstSequence < before + 1 && header.form === "whole") told(`${about} comes again behind ${before}`);
    // A gap stands for records of which only the place in the chain is left.
    else if (lane.head !== undefined && header.form === "whole" && header.previousHash !== lane.head.hash) told(`${about} names ${header.previousHash} as the run before it, which has ${lane.head.hash}`);
    lane.head = { epoch: header.epoch, sequence: lastSequence(header), hash: header.hash };
    if (header.form === "gap" && header.reason === "damaged") told(`${about} to ${lastSequence(header)} were damaged on disk, and reported`);
    if (header.form !== "whole" || !isWhole) return;
    lane.records += header.count;
    if (header.stream === "audit") for (const { lane: of, through } of expiriesIn(bytes, header, integrity)) toldExpired.set(of, Math.max(through, toldExpired.get(of) ?? 0));
    seen({ header, bytes });
  }

  function takeBatch(batch: ScannedBatch, where: string): void {
    if (batch.mended) told(`${where}: the batch's header has a flipped bit`);
    if (batch.isDoubtful === true) told(`${where}: the batch is not as it was sealed`);
    for (const { kind, offset, length } of batch.header.entries) {
      const payload = batch.bytes.subarray(offset, offset + length);
      if (kind === entryKind.run) takeRun(payload, where);
      else if (kind === entryKind.heads) takeHeads(payload, where);
      else if (kind === entryKind.roll) takeRoll(payload, where);
      else {
        const cell = readWhole(payload, where, "a cell", (copy) => readCell(copy, kind === entryKind.cellRemoved, integrity));
        if (cell?.key.startsWith(expiredCell("")) === true) expired.set(cell.key.slice(expiredCell("").length), decodeNumber(cell.value ?? undefined));
      }
    }
  }

  for (const [position, number] of numbers.entries()) {
    const path = segmentPath(number);
    const file = await disk.open(path, { create: false });
    try {
      let window = openWindow(file);
      for (let offset = segmentHeaderBytes; offset < file.size(); ) {
        let batch = await readBatch(window, offset, integrity);
        if (batch === undefined && (await isBlank(file, offset))) break;
        if (batch === undefined || batch.mended || batch.isDoubtful === true) {
          // A node that runs writes on while its log is read: what was not all there yet may be there now.
          window = openWindow(file);
          batch = await readBatch(window, offset, integrity);
        }
        if (batch !== undefined) {
          takeBatch(batch, `${path} at ${offset}`);
          end = { state: batch.header.entries.every(({ kind }) => kind === entryKind.roll) ? "rest" : "open" };
          offset = batch.end;
          continue;
        }
        const next = await findNextBatch(window, offset + 1, integrity);
        if (next === undefined && position === numbers.length - 1 && (await looksTorn(file, offset, integrity))) {
          end = { state: "torn", batch: `${path} from byte ${offset} on` }; // none of it was acknowledged, unless more of it was here
          break;
        }
        told(`${path}: bytes ${offset} to ${next ?? file.size()} are no batch`);
        if (next === undefined) break;
        offset = next;
      }
    } finally {
      await file.close();
    }
  }
  if (lanes.size === 0) told(numbers.length === 0 ? "there is no segment: a node that ever ran has one" : `no lane is in ${numbers.length} segments: a node that ever ran has written`);
  const ranges = missing.filter(({ first, last }) => first <= last);
  for (const { lane, first, last } of ranges) if (last > (expired.get(lane) ?? 0)) told(`${lane}: records ${Math.max(first, (expired.get(lane) ?? 0) + 1)} to ${last} are not here, and no rule let go of them`);
  for (const lane of untold(expired, toldExpired, ranges)) told(`${lane}: its records through ${expired.get(lane) ?? 0} are said to be let go of by rule, and no record of the trail tells of it`);
  return {
    segments: numbers.length,
    lanes: [...lanes].flatMap(([lane, { head, records }]) => (head === undefined ? [] : [{ lane, head, records }])).sort((a, b) => (a.lane < b.lane ? -1 : 1)),
    violations,
    expired: ranges.filter(({ lane, first }) => first <= (expired.get(lane) ?? 0)).map(({ lane, first, last }) => `${lane} ${first} to ${Math.min(last, expired.get(lane) ?? 0)}`),
    end,
  };
}

/** Lanes of which something is gone by a rule that no record tells of. A record that told of it may have been let go of since: of an audit lane there is always one newer than what went. */
function untold(expired: ReadonlyMap<string, number>, toldExpired: ReadonlyMap<string, number>, ranges: readonly { readonly lane: string; readonly first: number }[]): readonly string[] {
  const isTold = (lane: string): boolean => (toldExpired.get(lane) ?? 0) >= (expired.get(lane) ?? 0);
  const mayBeGone = [...expired.keys()].some((lane) => isAudit(lane) && isTold(lane));
  const gone = new Set(ranges.flatMap(({ lane, first }) => (first <= (expired.get(lane) ?? 0) ? [lane] : [])));
  return [...gone].filter((lane) => !isTold(lane) && !mayBeGone);
}

const isAudit = (lane: string): boolean => lane.endsWith("/audit");
const expirySchema = z.object({ lane: z.string(), through: z.number() });

function expiriesIn(bytes: Uint8Array, header: RunHeader, integrity: Integrity): readonly z.infer<typeof expirySchema>[] {
  return runRecords(bytes, header, integrity).records.flatMap((record) => {
    if (record === undefined || !decoder.decode(record).includes(expiredEvent)) return [];
    const parsed = expirySchema.safeParse(dataOf(record));
    return parsed.success ? [parsed.data] : [];
  });
}

/** Undefined where this version cannot read it. */
function dataOf(record: Uint8Array): unknown {
  try {
    const { type, data } = parseStoredEvent(record, "");
    return type === expiredEvent ? data : undefined;
  } catch {
    return undefined;
  }
}

const decoder = new TextDecoder();

/** Of a log that is damaged throughout, the first are enough. */
const violationsMax = 1_000;
