/** Rewrites a sealed segment without the runs that were let go of; what stays keeps its bytes, its order and its batch numbers. */
import { batchBytes, entryKind, writeBatchHeader } from "@holon/core/log/batch.ts";
import { laneName } from "@holon/core/log/log.ts";
import { lastSequence, parseRunHeader, type Integrity } from "@holon/core/log/run.ts";
import { encodeSegmentHeader, segmentHeaderBytes, segmentPath } from "@holon/core/log/segment.ts";
import type { Disk } from "@holon/core/ports.ts";
import { createLaneIndex } from "./lane-index.ts";
import type { OpenSegment } from "./recover.ts";
import { batchRuns, findNextBatch, openWindow, readBatch, type ScannedBatch } from "./scan.ts";

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
  for (let offset = segmentHeaderBytes; offset < segment.size; ) {
    const batch: ScannedBatch | undefined = await readBatch(window, offset, integrity);
    if (batch === undefined) {
      offset = (await findNextBatch(window, offset + 1, integrity)) ?? segment.size;
      continue;
    }
    offset = batch.end;
    const bytes = batch.header.snapshot ? batch.bytes : withoutGone(batch, isGone, integrity);
    if (bytes === undefined) continue;
    await file.write(size, bytes);
    if (!batch.header.snapshot) for (const run of batchRuns(batch, integrity)) if (!isGone(laneName(run.header), lastSequence(run.header))) index.add(run.header, size);
    size += bytes.length;
  }
  await file.sync();
  await disk.rename(path, segmentPath(segment.number));
  await disk.syncFolder("log");
  return { number: segment.number, file, size, index };
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
  let position = writeBatchHeader(bytes, new DataView(bytes.buffer), { number: batch.header.number, snapshot: false, wallMs: batch.header.wallMs, entries: kept }, integrity);
  for (const { offset, length } of kept) {
    bytes.set(batch.bytes.subarray(offset, offset + length), position);
    position += length;
  }
  return bytes;
}
