/**
 * Opens a log as it was found: the newest segment with an intact snapshot is read to its end, a torn tail is cut off, damage is
 * reported and left in place. A log always opens; what cannot be read is named, never skipped in silence.
 */
import { entryKind } from "@holon/core/log/batch.ts";
import { readCell } from "@holon/core/log/cell.ts";
import { runMark, runRecords, type Integrity } from "@holon/core/log/run.ts";
import { parseSegmentHeader, segmentHeaderBytes, segmentNumber, segmentPath, segmentVersion } from "@holon/core/log/segment.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { Disk, DiskFile } from "@holon/core/ports.ts";
import { createHeads, type Heads } from "./heads.ts";
import { createLaneIndex, type LaneIndex } from "./lane-index.ts";
import { batchRuns, findNextBatch, looksTorn, readBatch, runsIntact, type ScannedBatch } from "./scan.ts";
import { decodeHeads } from "./snapshot.ts";

/** A part of a segment that is not as it was written. */
export interface Damage {
  readonly segment: string;
  readonly fromByte: number;
  readonly toByte: number;
  readonly what: string;
}

export interface OpenSegment {
  readonly number: number;
  readonly file: DiskFile;
  /** Bytes that are durable and readable. */
  size: number;
  /** Built when first needed for a sealed segment. */
  index: LaneIndex | undefined;
}

export interface Recovered {
  readonly segments: OpenSegment[];
  readonly heads: Heads;
  readonly cells: Map<string, Uint8Array>;
  readonly nextBatch: number;
  readonly damage: readonly Damage[];
}

interface Progress {
  readonly heads: Heads;
  readonly cells: Map<string, Uint8Array>;
  readonly damage: Damage[];
  nextBatch: number;
}

export async function recoverLog(disk: Disk, integrity: Integrity): Promise<Recovered> {
  await disk.makeFolder("log");
  await disk.syncFolder(""); // or the whole folder could be gone after a power cut
  const numbers = (await disk.list("log")).map(segmentNumber).filter((number) => number !== undefined);
  const segments: OpenSegment[] = [];
  for (const number of numbers) {
    const file = await disk.open(segmentPath(number), { create: false });
    segments.push({ number, file, size: file.size(), index: undefined });
  }
  const progress: Progress = { heads: createHeads(), cells: new Map(), damage: [], nextBatch: 1 };
  await dropTornRoll(disk, segments, integrity);
  const base = await newestSnapshot(segments, integrity);
  for (const [position, segment] of segments.entries()) {
    if (position >= base) await recoverSegment(segment, position === segments.length - 1, progress, integrity);
  }
  // What a killed process wrote can be read and may yet not be on the disk: it counts only from here on.
  for (const segment of segments.slice(base)) await segment.file.sync();
  await disk.syncFolder("log");
  return { segments, ...progress };
}

/** A segment that was being made when the power went: nothing in it was acknowledged. */
async function dropTornRoll(disk: Disk, segments: OpenSegment[], integrity: Integrity): Promise<void> {
  const last = segments.at(-1);
  if (last === undefined || (await headSnapshot(last, integrity)) !== undefined) return;
  if ((await findNextBatch(last.file, segmentHeaderBytes + 1, integrity)) !== undefined) return;
  if (!(await looksTorn(last.file, 0, integrity))) return;
  await last.file.close();
  await disk.remove(segmentPath(last.number));
  await disk.syncFolder("log");
  segments.pop();
}

async function newestSnapshot(segments: readonly OpenSegment[], integrity: Integrity): Promise<number> {
  for (let position = segments.length - 1; position > 0; position--) {
    const segment = segments[position];
    if (segment !== undefined && (await headSnapshot(segment, integrity)) !== undefined) return position;
  }
  return 0;
}

/** The snapshot batch at the head of a segment if all of it is intact. */
export async function headSnapshot(segment: OpenSegment, integrity: Integrity): Promise<ScannedBatch | undefined> {
  const header = parseSegmentHeader(await segment.file.read(0, segmentHeaderBytes), integrity);
  if (header.state === "intact" && header.version !== segmentVersion) {
    throw new HolonError("HOLON_LOG_FORMAT", `${segmentPath(segment.number)} has format version ${header.version}; this program reads ${segmentVersion}`);
  }
  const batch = await readBatch(segment.file, segmentHeaderBytes, integrity);
  return batch?.header.snapshot === true && applyBatch(batch, undefined, undefined, integrity) ? batch : undefined;
}

async function recoverSegment(segment: OpenSegment, isLast: boolean, progress: Progress, integrity: Integrity): Promise<void> {
  const index = createLaneIndex();
  segment.index = index;
  let offset = segmentHeaderBytes;
  while (offset < segment.file.size()) {
    const batch = await readBatch(segment.file, offset, integrity);
    const intact = batch !== undefined && applyBatch(batch, undefined, undefined, integrity);
    if (batch !== undefined && intact) {
      applyBatch(batch, progress, index, integrity);
      offset = batch.end;
      continue;
    }
    const next = await findNextBatch(segment.file, batch?.end ?? offset + 1, integrity);
    if (next === undefined && isLast && (await looksTorn(segment.file, offset, integrity))) {
      await segment.file.truncate(offset);
      await segment.file.sync();
      break;
    }
    if (batch !== undefined) applyBatch(batch, progress, index, integrity);
    const toByte = batch?.end ?? next ?? segment.file.size();
    progress.damage.push({ segment: segmentPath(segment.number), fromByte: offset, toByte, what: batch === undefined ? "batch" : "part of a batch" });
    offset = toByte;
  }
  segment.size = segment.file.size();
}

/** Applies what is intact of a batch to `progress` and `index` (or only looks, without them); says whether all of it is intact. */
function applyBatch(batch: ScannedBatch, progress: Progress | undefined, index: LaneIndex | undefined, integrity: Integrity): boolean {
  let intact = runsIntact(batch, integrity);
  for (const { header, bytes } of batchRuns(batch, integrity).runs) {
    if (runRecords(bytes, header, integrity).damaged > 0) intact = false;
    progress?.heads.settle(header, runMark(header));
    index?.add(header, batch.offset);
  }
  for (const entry of batch.entries) {
    if (entry.kind === entryKind.run) continue;
    const payload = batch.bytes.subarray(entry.offset, entry.offset + entry.length);
    intact = (entry.kind === entryKind.heads ? applyHeads(payload, progress, integrity) : applyCell(payload, entry.kind, progress, integrity)) && intact;
  }
  if (progress !== undefined) progress.nextBatch = batch.header.number + 1;
  return intact;
}

function applyHeads(payload: Uint8Array, progress: Progress | undefined, integrity: Integrity): boolean {
  const heads = decodeHeads(payload, integrity);
  if (heads === undefined) return false;
  for (const { lane, mark } of heads.values()) progress?.heads.settle(lane, mark);
  return true;
}

function applyCell(payload: Uint8Array, kind: number, progress: Progress | undefined, integrity: Integrity): boolean {
  const cell = readCell(payload, kind === entryKind.cellRemoved, integrity);
  if (cell === undefined) return false;
  if (cell.value === null) progress?.cells.delete(cell.key);
  else progress?.cells.set(cell.key, cell.value);
  return true;
}
