/**
 * Reads a segment batch by batch, and says what of it is not as written. A batch that is not whole at the end of the file is a torn
 * tail: it was never acknowledged. The same before intact batches is damage: what of it can still be read is read.
 */
import { batchHeaderBytes, entryKind, parseBatchHeader, parseEntries, type BatchHeader, type Entry } from "@holon/core/log/batch.ts";
import { parseRunHeader, runRecords, type Integrity, type RunHeader } from "@holon/core/log/run.ts";
import type { DiskFile } from "@holon/core/ports.ts";

export interface ScannedBatch {
  readonly header: BatchHeader;
  readonly offset: number;
  readonly end: number;
  readonly bytes: Uint8Array;
  readonly entries: readonly Entry[];
}

const chunkBytes = 1 << 20;
const resyncChunkBytes = 1 << 20;

/** The batch that begins at `offset`: intact in its frame (its parts carry their own checksums), or `undefined`. */
export async function readBatch(file: DiskFile, offset: number, integrity: Integrity, hintBytes = chunkBytes): Promise<ScannedBatch | undefined> {
  let bytes = await file.read(offset, hintBytes);
  const header = parseBatchHeader(bytes, integrity);
  if (header === undefined) return undefined;
  const size = batchHeaderBytes + header.bodyBytes;
  if (size > bytes.length) bytes = await file.read(offset, size);
  if (size > bytes.length) return undefined;
  const entries = parseEntries(bytes, header);
  return entries && { header, offset, end: offset + size, bytes: bytes.subarray(0, size), entries };
}

/** Offset of the next intact batch header after `offset`; `undefined` if there is none. */
export async function findNextBatch(file: DiskFile, offset: number, integrity: Integrity): Promise<number | undefined> {
  for (let position = offset; position < file.size(); position += resyncChunkBytes) {
    const bytes = await file.read(position, resyncChunkBytes + batchHeaderBytes);
    for (let index = bytes.indexOf(0x48); index >= 0 && index < resyncChunkBytes; index = bytes.indexOf(0x48, index + 1)) {
      if (parseBatchHeader(bytes.subarray(index), integrity) !== undefined) return position + index;
    }
  }
  return undefined;
}

export interface BatchRun {
  readonly header: RunHeader;
  readonly bytes: Uint8Array;
}

/** The runs in a batch; one whose header is damaged is left out and counted. */
export function batchRuns(batch: ScannedBatch, integrity: Integrity): { readonly runs: readonly BatchRun[]; readonly damagedRuns: number } {
  const runs: BatchRun[] = [];
  let damagedRuns = 0;
  for (const entry of batch.entries) {
    if (entry.kind !== entryKind.run) continue;
    const bytes = batch.bytes.subarray(entry.offset, entry.offset + entry.length);
    const header = parseRunHeader(bytes, integrity);
    if (header === undefined) damagedRuns += 1;
    else runs.push({ header, bytes });
  }
  return { runs, damagedRuns };
}

/** Whether every record and every run header of the batch is as written. Cells are checked when they are applied. */
export function runsIntact(batch: ScannedBatch, integrity: Integrity): boolean {
  const { runs, damagedRuns } = batchRuns(batch, integrity);
  return damagedRuns === 0 && runs.every((run) => runRecords(run.bytes, run.header, integrity).damaged === 0);
}

const sectorBytes = 512;

/**
 * Whether what stands from `offset` to the end of the file is a write that the power cut short, not damage: the file ends before the
 * batch does, or a whole sector of it was never written and reads as zeros. A flipped bit leaves neither sign.
 */
export async function looksTorn(file: DiskFile, offset: number, integrity: Integrity): Promise<boolean> {
  const bytes = await file.read(offset, file.size() - offset);
  if (bytes.length < batchHeaderBytes) return true;
  const header = parseBatchHeader(bytes, integrity);
  if (header !== undefined && batchHeaderBytes + header.bodyBytes > bytes.length) return true;
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + sectorBytes - ((offset + start) % sectorBytes));
    if (bytes.subarray(start, end).every((byte) => byte === 0)) return true;
    start = end;
  }
  return false;
}
