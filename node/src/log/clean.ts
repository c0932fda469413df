/** Rewrites a sealed segment without the runs that were let go of; what stays keeps its bytes, its order and its batch numbers. */
import { batchBytes, entryKind, writeBatchHeader } from "@holon/core/log/batch.ts";
import { laneName } from "@holon/core/log/log.ts";
import { lastSequence, parseRunHeader, type Integrity } from "@holon/core/log/run.ts";
import { sealBatch } from "@holon/core/log/seal.ts";
import { encodeSegmentHeader, segmentHeaderBytes, segmentPath } from "@holon/core/log/segment.ts";
import type { Disk } from "@holon/core/ports.ts";
import { createLaneIndex } from "./lane-index.ts";
import type { OpenSegment } from "./recover.ts";
import { batchRuns, diskForm, findNextBatch, openWindow, readBatch, readStrayRuns, type BatchRun, type ScannedBatch } from "./scan.ts";

/** Below this share of dead bytes a segment is left as it is: copying would cost more than it frees. */
const worthwhileShare = 0.3;

/** The cleaned segment in place of the old, `"removed"` if nothing in it was left, `undefined` if it was not worth the copying. `changes`: it is about to change. */
export async function cleanSegment(disk: Disk, segment: OpenSegment, isGone: (lane: string, last: number) => boolean, integrity: Integrity, changes: () => Promise<void>): Promise<OpenSegment | "removed" | undefined> {
  const parts = segment.index?.parts() ?? [];
  const kept = parts.filter((part) => !isGone(part.lane, part.lastSequence));
  if (kept.length === parts.length) return undefined;
  if (kept.length === 0) {
    await changes();
    await disk.remove(segmentPath(segment.number));
    await disk.syncFolder("log");
    return "removed";
  }
  const liveBytes = kept.reduce((sum, part) => sum + part.bytes, 0);
  if (liveBytes > (1 - worthwhileShare) * segment.size) return undefined;
  await changes();
  return rewrite(disk, segment, isGone, integrity);
}

async function rewrite(disk: Disk, segment: OpenSegment, isGone: (lane: string, last: number) => boolean, integrity: Integrity): Promise<OpenSegment> {
  const path = `${segmentPath(segment.number)}.new`;
  const file = await disk.open(path, { create: true });
  await file.truncate(0);
  await file.write(0, encodeSegmentHeader(segment.number, integrity));
  const index = createLaneIndex();
  const window = openWindow(segment.file);
  let size = segmentHeaderBytes;
  /** Of the batch before: a batch whose frame is damaged does not say its own. */
  let number = 0;
  for (let offset = segmentHeaderBytes; offset < segment.size; ) {
    const batch: ScannedBatch | undefined = await readBatch(window, offset, integrity);
    const end: number = batch?.end ?? (await findNextBatch(window, offset + 1, integrity)) ?? segment.size;
    // Where a batch's frame is damaged, the runs in it that stand by themselves are put into a batch again.
    const runs = batch === undefined ? await readStrayRuns(segment.file, offset, end, integrity) : batchRuns(batch, integrity);
    const kept = runs.filter(({ header }) => !isGone(laneName(header), lastSequence(header)));
    const plain = batch === undefined ? batchOf(kept, number, integrity) : batch.header.snapshot ? undefined : withoutGone(batch, isGone, integrity);
    const bytes = batch?.header.snapshot === true ? diskForm(batch, batch.bytes, integrity) : plain && sealBatch(plain, segment.number, integrity);
    offset = end;
    number = batch?.header.number ?? number;
    if (bytes === undefined) continue;
    await file.write(size, bytes);
    if (batch?.header.snapshot !== true) for (const run of kept) index.add(run.header, size);
    size += bytes.length;
  }
  await file.sync();
  await disk.rename(path, segmentPath(segment.number));
  await disk.syncFolder("log");
  return { number: segment.number, file, size, index };
}

function batchOf(runs: readonly BatchRun[], number: number, integrity: Integrity): Uint8Array | undefined {
  if (runs.length === 0) return undefined;
  const entries = runs.map(({ bytes }) => ({ kind: entryKind.run, length: bytes.length }));
  const bytes = new Uint8Array(batchBytes(entries));
  let position = writeBatchHeader(bytes, new DataView(bytes.buffer), { number, snapshot: false, wallMs: 0, reach: 0, entries }, integrity);
  for (const run of runs) {
    bytes.set(run.bytes, position);
    position += run.bytes.length;
  }
  return bytes;
}

/** Cells and rolls of a sealed segment are stale: the snapshot of the next one holds what counts. */
function withoutGone(batch: ScannedBatch, isGone: (lane: string, last: number) => boolean, integrity: Integrity): Uint8Array | undefined {
  const kept = batch.header.entries.filter(({ kind, offset, length }) => {
    if (kind !== entryKind.run) return false;
    const header = parseRunHeader(batch.bytes.subarray(offset, offset + length), integrity);
    return header === undefined || !isGone(laneName(header), lastSequence(header));
  });
  if (kept.length === 0) return undefined;
  const bytes = new Uint8Array(batchBytes(kept));
  let position = writeBatchHeader(bytes, new DataView(bytes.buffer), { number: batch.header.number, snapshot: false, wallMs: batch.header.wallMs, reach: 0, entries: kept }, integrity);
  for (const { offset, length } of kept) {
    bytes.set(batch.bytes.subarray(offset, offset + length), position);
    position += length;
  }
  return bytes;
}
