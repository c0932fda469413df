/** Rewrites a sealed segment without the runs that were let go of; what stays keeps its bytes, its order and its batch numbers. */
import { batchBytes, entryKind, writeBatchHeader } from "@holon/core/log/batch.ts";
import { laneName } from "@holon/core/log/log.ts";
import { lastSequence, parseRunHeader, type Integrity } from "@holon/core/log/run.ts";
import { sealBatch } from "@holon/core/log/seal.ts";
import { encodeSegmentHeader, segmentHeaderBytes, segmentPath } from "@holon/core/log/segment.ts";
import type { Disk, DiskFile } from "@holon/core/ports.ts";
import { createLaneIndex } from "./lane-index.ts";
import { inspectBatch } from "./inspect.ts";
import { isSealedAs, type OpenSegment } from "./recover.ts";
import { batchRuns, diskForm, findNextBatch, openWindow, readBatch, readStrayRuns, type BatchRun, type ScannedBatch } from "./scan.ts";

export async function removeSegment(disk: Disk, { number }: OpenSegment): Promise<void> {
  await disk.remove(segmentPath(number));
  await disk.syncFolder("log");
}

/**
 * The segment without what was let go of, in place of the old. What was begun is taken back where it fails, so that all is as it was: a full disk lacks the
 * room, and who tries again and again runs out of handles.
 */
export async function cleanSegment(disk: Disk, segment: OpenSegment, isGone: (lane: string, last: number) => boolean, integrity: Integrity): Promise<OpenSegment> {
  const path = `${segmentPath(segment.number)}.new`;
  const file = await disk.open(path, { create: true });
  try {
    const kept = await copyLive(file, segment, isGone, integrity);
    await file.sync();
    await disk.rename(path, segmentPath(segment.number));
    await disk.syncFolder("log");
    return { number: segment.number, file, ...kept };
  } catch (error) {
    await file.close();
    await disk.remove(path);
    throw error;
  }
}

async function copyLive(file: DiskFile, segment: OpenSegment, isGone: (lane: string, last: number) => boolean, integrity: Integrity): Promise<Pick<OpenSegment, "size" | "index">> {
  await file.truncate(0);
  await file.write(0, encodeSegmentHeader(segment.number, integrity));
  const index = createLaneIndex();
  const window = openWindow(segment.file);
  let size = segmentHeaderBytes;
  /** Of the batch before: a batch whose frame is damaged does not say its own. */
  let number = 0;
  for (let offset = segmentHeaderBytes; offset < segment.size; ) {
    const found: ScannedBatch | undefined = await readBatch(window, offset, integrity);
    const end: number = found?.end ?? (await findNextBatch(window, offset + 1, integrity)) ?? segment.size;
    const batch = found?.isDoubtful === true ? asSealed(found, integrity) : found;
    const runs = found === undefined ? await readStrayRuns(segment.file, offset, end, integrity) : batchRuns(found, integrity);
    const kept = runs.filter(({ header }) => !isGone(laneName(header), lastSequence(header)));
    const bytes = batch === undefined ? await unvouched(segment, offset, end, kept, number, integrity) : rewritten(batch, segment.number, isGone, integrity);
    offset = end;
    number = found?.header.number ?? number;
    if (bytes === undefined) continue;
    await file.write(size, bytes);
    if (found?.header.snapshot !== true) for (const run of kept) index.add(run.header, size);
    size += bytes.length;
  }
  return { size, index };
}

/** A batch with single flipped bits is what it was once they are mended; what its seal does not vouch for then was changed by more than chance. */
function asSealed(batch: ScannedBatch, integrity: Integrity): ScannedBatch | undefined {
  const { bytes } = inspectBatch(batch, integrity);
  return isSealedAs(batch, diskForm(batch, bytes, integrity)) ? { ...batch, bytes } : undefined;
}

/**
 * What no frame and no seal vouches for. In a log that is not encrypted, runs that stand by themselves are put into a batch again; in one that is, the bytes stay
 * as they lie: a seal of ours would vouch for them from now on.
 */
async function unvouched(segment: OpenSegment, from: number, to: number, kept: readonly BatchRun[], number: number, integrity: Integrity): Promise<Uint8Array | undefined> {
  if (kept.length === 0) return undefined;
  return integrity.cipher === undefined ? batchOf(kept, number, integrity) : segment.file.read(from, to - from);
}

function rewritten(batch: ScannedBatch, segment: number, isGone: (lane: string, last: number) => boolean, integrity: Integrity): Uint8Array | undefined {
  if (batch.header.snapshot) return diskForm(batch, batch.bytes, integrity);
  const plain = withoutGone(batch, isGone, integrity);
  return plain && sealBatch(plain, segment, integrity);
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
