/**
 * Reads the runs of one lane in order: from memory where they are recent, else from the segments. What is damaged or was expired is told
 * in its place, so that a reader sees every sequence once. Reading never waits for writing.
 */
import { entryKind } from "@holon/core/log/batch.ts";
import { laneName, type Lane, type Mark } from "@holon/core/log/log.ts";
import { zeroHash } from "@holon/core/log/merge.ts";
import { checkRun, gapRun, lastSequence, parseRunHeader, salvageRun, type GapReason, type Integrity } from "@holon/core/log/run.ts";
import { segmentHeaderBytes } from "@holon/core/log/segment.ts";
import { createLaneIndex, type LaneIndex } from "./lane-index.ts";
import { headSnapshot, type OpenSegment } from "./recover.ts";
import { batchRuns, findNextBatch, openWindow, readBatch, readStrayRuns, type BatchRun, type ScannedBatch, type Window } from "./scan.ts";
import { decodeHeads } from "./snapshot.ts";

const readWindowBytes = 128 * 1024;
const blockBytes = 64 * 1024;

/** How a lane stands: where it ends, and through which sequence records were dropped by rule. */
export interface LaneExtent {
  readonly head: Mark;
  readonly expiredThrough: number;
}

/** Runs of the lane from the one that holds `fromSequence` on, until `maxBytes`; at least one. Gaps stand where records are missing. */
export async function readRunsFromDisk(
  segments: readonly OpenSegment[],
  lane: Lane,
  fromSequence: number,
  maxBytes: number,
  extent: LaneExtent,
  integrity: Integrity,
): Promise<readonly BatchRun[]> {
  const reader = new LaneReader(lane, fromSequence, extent, integrity);
  for (let position = await firstSegmentFor(segments, lane, fromSequence, integrity); position < segments.length && reader.bytes < maxBytes; position++) {
    const segment = segments[position];
    if (segment !== undefined) await readSegment(segment, reader, maxBytes);
  }
  if (reader.bytes < maxBytes) reader.end();
  return reader.runs;
}

async function readSegment(segment: OpenSegment, reader: LaneReader, maxBytes: number): Promise<void> {
  const index = await indexOf(segment, reader.integrity);
  const window = openWindow(segment.file, readWindowBytes);
  let offset = 0;
  for (const block of index.blocks(laneName(reader.lane), reader.next)) {
    offset = Math.max(block.offset, offset);
    const blockEnd = Math.min((Math.floor(block.offset / blockBytes) + 1) * blockBytes, segment.size);
    while (offset < blockEnd && reader.bytes < maxBytes) {
      const batch = await readBatch(window, offset, reader.integrity);
      if (batch === undefined) offset = await readStrays(window, offset, segment.size, reader);
      else {
        for (const run of batchRuns(batch, reader.integrity)) reader.take(run);
        offset = batch.end;
      }
    }
    if (reader.bytes >= maxBytes) return;
  }
}

/** Where a batch's frame is gone, the runs in it that stand by themselves; returns where the next batch begins. */
async function readStrays(window: Window, offset: number, size: number, reader: LaneReader): Promise<number> {
  const next = (await findNextBatch(window, offset + 1, reader.integrity)) ?? size;
  for (const stray of await readStrayRuns(window.file, offset, next, reader.integrity)) reader.take(stray);
  return next;
}

/** Collects a lane's runs and fills what is missing between them. */
class LaneReader {
  readonly lane: Lane;
  readonly integrity: Integrity;
  readonly runs: BatchRun[] = [];
  readonly #extent: LaneExtent;
  bytes = 0;
  /** The sequence that comes next. */
  next: number;
  #hash = zeroHash;

  constructor(lane: Lane, fromSequence: number, extent: LaneExtent, integrity: Integrity) {
    this.lane = lane;
    this.next = fromSequence;
    this.integrity = integrity;
    this.#extent = extent;
  }

  take({ header, bytes }: BatchRun): void {
    if (header.stream !== this.lane.stream || header.origin !== this.lane.origin || header.branch !== this.lane.branch || lastSequence(header) < this.next || header.firstSequence > this.#extent.head.sequence) return;
    const run = this.#intactPart(bytes);
    if (run === undefined) return; // not even its header: the gap before the next run stands for it
    if (run.header.firstSequence > this.next) this.#gap(run.header.firstSequence - 1, run.header.previousHash, run.header.epoch, run.header.recordedFirstMs);
    this.#push(run);
  }

  /** Nothing more is on the disk: what is missing up to the head is missing for good. */
  end(): void {
    const { head } = this.#extent;
    if (this.next <= head.sequence) this.#gap(head.sequence, head.hash, head.epoch, 0);
  }

  #intactPart(bytes: Uint8Array): BatchRun | undefined {
    const checked = checkRun(bytes, this.integrity);
    if (checked === undefined || checked.damaged === 0) return checked;
    const salvaged = salvageRun(checked.bytes, checked.header, this.integrity);
    const header = parseRunHeader(salvaged, this.integrity);
    return header && { header, bytes: salvaged };
  }

  #gap(last: number, hash: string, epoch: Mark["epoch"], recordedMs: number): void {
    const { expiredThrough } = this.#extent;
    const expiredLast = Math.min(last, expiredThrough);
    if (this.next <= expiredLast) this.#pushGap("expired", expiredLast, expiredLast === last ? hash : zeroHash, epoch, recordedMs);
    if (this.next <= last) this.#pushGap("damaged", last, hash, epoch, recordedMs);
  }

  #pushGap(reason: GapReason, last: number, hash: string, epoch: Mark["epoch"], recordedMs: number): void {
    const gap = { ...this.lane, epoch, firstSequence: this.next, count: last - this.next + 1, reason, previousHash: this.#hash, hash, recordedMs };
    const bytes = gapRun(gap, this.integrity);
    const header = parseRunHeader(bytes, this.integrity);
    if (header !== undefined) this.#push({ header, bytes });
  }

  #push(run: BatchRun): void {
    this.runs.push(run);
    this.bytes += run.bytes.length;
    this.next = lastSequence(run.header) + 1;
    this.#hash = run.header.hash;
  }
}

/** The newest segment that begins at or before the sequence: its snapshot's head of the lane is below it. */
async function firstSegmentFor(segments: readonly OpenSegment[], lane: Lane, fromSequence: number, integrity: Integrity): Promise<number> {
  for (let position = segments.length - 1; position > 0; position--) {
    const segment = segments[position];
    const heads = segment && (await headsBefore(segment, integrity));
    // A segment whose snapshot is gone says nothing of what is before it.
    if (heads !== undefined && (heads.get(laneName(lane)) ?? 0) < fromSequence) return position;
  }
  return 0;
}

const headsBeforeSegment = new WeakMap<OpenSegment, ReadonlyMap<string, number>>();

/** Last sequence of each lane before the segment. */
async function headsBefore(segment: OpenSegment, integrity: Integrity): Promise<ReadonlyMap<string, number> | undefined> {
  const known = headsBeforeSegment.get(segment);
  if (known !== undefined) return known;
  const batch = await headSnapshot(segment, integrity);
  const entry = batch?.header.entries.find(({ kind }) => kind === entryKind.heads);
  const heads = batch && entry && decodeHeads(batch.bytes.slice(entry.offset, entry.offset + entry.length), integrity);
  if (heads === undefined) return undefined;
  const sequences = new Map([...heads].map(([name, { mark }]) => [name, mark.sequence]));
  headsBeforeSegment.set(segment, sequences);
  return sequences;
}

/** The segment's index, built once by reading it through. */
export async function indexOf(segment: OpenSegment, integrity: Integrity): Promise<LaneIndex> {
  if (segment.index !== undefined) return segment.index;
  const index = createLaneIndex();
  const window = openWindow(segment.file);
  for (let offset = segmentHeaderBytes; offset < segment.size; ) {
    const batch: ScannedBatch | undefined = await readBatch(window, offset, integrity);
    const end: number = batch?.end ?? (await findNextBatch(window, offset + 1, integrity)) ?? segment.size;
    const runs = batch === undefined ? await readStrayRuns(window.file, offset, end, integrity) : batchRuns(batch, integrity);
    for (const run of runs) index.add(run.header, offset);
    offset = end;
  }
  segment.index = index;
  return index;
}
