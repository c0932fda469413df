/** Reads the runs of one lane in order: from memory where they are recent, else from the segments. Reading never waits for writing. */
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { lastSequence, type Integrity } from "@holon/core/log/run.ts";
import { segmentHeaderBytes } from "@holon/core/log/segment.ts";
import { createLaneIndex, type LaneIndex } from "./lane-index.ts";
import { headSnapshot, type OpenSegment } from "./recover.ts";
import { batchRuns, findNextBatch, readBatch, type BatchRun, type ScannedBatch } from "./scan.ts";
import { decodeHeads } from "./snapshot.ts";
import { entryKind } from "@holon/core/log/batch.ts";

const readHintBytes = 128 * 1024;
const blockBytes = 64 * 1024;

/** Runs of the lane from the one that holds `fromSequence` on, until `maxBytes`; at least one if there is one on disk. */
export async function readRunsFromDisk(segments: readonly OpenSegment[], lane: Lane, fromSequence: number, maxBytes: number, integrity: Integrity): Promise<readonly BatchRun[]> {
  const found: BatchRun[] = [];
  let held = 0;
  for (let position = await firstSegmentFor(segments, lane, fromSequence, integrity); position < segments.length && held < maxBytes; position++) {
    const segment = segments[position];
    if (segment === undefined) break;
    const index = await indexOf(segment, integrity);
    let scannedTo = 0;
    for (const block of index.blocks(laneName(lane), fromSequence)) {
      if (held >= maxBytes) break;
      let offset = Math.max(block.offset, scannedTo);
      const blockEnd = (Math.floor(block.offset / blockBytes) + 1) * blockBytes;
      while (offset < Math.min(blockEnd, segment.size) && held < maxBytes) {
        const batch = await readBatch(segment.file, offset, integrity, readHintBytes);
        if (batch === undefined) {
          offset = (await findNextBatch(segment.file, offset + 1, integrity)) ?? segment.size; // damage: go on behind it
          continue;
        }
        held += collect(batch, lane, fromSequence, found, integrity);
        offset = batch.end;
      }
      scannedTo = offset;
    }
  }
  return found;
}

function collect(batch: ScannedBatch, lane: Lane, fromSequence: number, found: BatchRun[], integrity: Integrity): number {
  let bytes = 0;
  for (const run of batchRuns(batch, integrity).runs) {
    if (run.header.stream !== lane.stream || run.header.origin !== lane.origin || lastSequence(run.header) < fromSequence) continue;
    found.push(run);
    bytes += run.bytes.length;
  }
  return bytes;
}

/** The newest segment that begins at or before the sequence: its snapshot's head of the lane is below it. */
async function firstSegmentFor(segments: readonly OpenSegment[], lane: Lane, fromSequence: number, integrity: Integrity): Promise<number> {
  for (let position = segments.length - 1; position > 0; position--) {
    const segment = segments[position];
    const before = segment && (await headsBefore(segment, integrity))?.get(laneName(lane));
    if ((before ?? 0) < fromSequence) return position;
  }
  return 0;
}

const headsBeforeSegment = new WeakMap<OpenSegment, ReadonlyMap<string, number>>();

/** Last sequence of each lane before the segment. */
async function headsBefore(segment: OpenSegment, integrity: Integrity): Promise<ReadonlyMap<string, number> | undefined> {
  const known = headsBeforeSegment.get(segment);
  if (known !== undefined) return known;
  const batch = await headSnapshot(segment, integrity);
  const entry = batch?.entries.find(({ kind }) => kind === entryKind.heads);
  const heads = batch && entry && decodeHeads(batch.bytes.subarray(entry.offset, entry.offset + entry.length), integrity);
  if (heads === undefined) return undefined;
  const sequences = new Map([...heads].map(([name, { mark }]) => [name, mark.sequence]));
  headsBeforeSegment.set(segment, sequences);
  return sequences;
}

/** The segment's index, built once by reading it through. */
async function indexOf(segment: OpenSegment, integrity: Integrity): Promise<LaneIndex> {
  if (segment.index !== undefined) return segment.index;
  const index = createLaneIndex();
  let offset: number | undefined = segmentHeaderBytes;
  while (offset !== undefined && offset < segment.size) {
    const batch = await readBatch(segment.file, offset, integrity);
    if (batch === undefined) {
      offset = await findNextBatch(segment.file, offset + 1, integrity);
      continue;
    }
    for (const run of batchRuns(batch, integrity).runs) index.add(run.header, offset);
    offset = batch.end;
  }
  segment.index = index;
  return index;
}
