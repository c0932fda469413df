/** Reads a segment batch by batch through a window, and mends single flipped bits on the way. */
import { batchHeaderBytes, batchPrefixBytes, entryKind, mendBatchHeader, parseBatchHeader, tableEntryBytes, type BatchHeader } from "@holon/core/log/batch.ts";
import { checkRun, parseRunHeader, runMagic, type Integrity, type MendedRun, type RunHeader } from "@holon/core/log/run.ts";
import { openBatch, openStrays, sealBatch, type Seal } from "@holon/core/log/seal.ts";
import type { DiskFile } from "@holon/core/ports.ts";

/** A part of a file in memory: what lies side by side is read once. */
export interface Window {
  readonly file: DiskFile;
  /** Up to `length` bytes from `offset`; shorter at the end of the file. */
  bytes(offset: number, length: number): Promise<Uint8Array>;
}

export interface ScannedBatch {
  readonly header: BatchHeader;
  readonly offset: number;
  readonly end: number;
  readonly bytes: Uint8Array;
  /** The header, its table or a seal was mended: the bytes are not what the disk holds. */
  readonly mended: boolean;
  /** Of a batch that is encrypted on the disk. */
  readonly seal?: Seal;
  /** The seal does not vouch for the bytes as they were read. */
  readonly isDoubtful?: boolean;
}

export interface BatchRun {
  readonly header: RunHeader;
  readonly bytes: Uint8Array;
}

const windowBytes = 1 << 20;

export function openWindow(file: DiskFile, windowSize = windowBytes): Window {
  let start = 0;
  let held: Uint8Array = new Uint8Array(0);
  return {
    file,
    async bytes(offset, length) {
      if (offset < start || offset + length > start + held.length) {
        held = await file.read(offset, Math.max(length, windowSize));
        start = offset;
      }
      return held.subarray(offset - start, offset - start + length);
    },
  };
}

/** The batch that begins at `offset`, its frame intact or mended; `undefined` if there is none or the file ends before it does. */
export async function readBatch(window: Window, offset: number, integrity: Integrity): Promise<ScannedBatch | undefined> {
  const header = await readBatchHeader(window, offset, integrity);
  if (header !== undefined) return wholeBatch(window, offset, header, integrity);
  return mendedBatch(window, offset, integrity);
}

/** Header and table of the batch that begins at `offset`, where they are intact. */
export async function readBatchHeader(window: Window, offset: number, integrity: Integrity): Promise<BatchHeader | undefined> {
  let prefix = await window.bytes(offset, batchHeaderBytes);
  const prefixBytes = batchPrefixBytes(prefix);
  if (prefixBytes !== undefined) prefix = await window.bytes(offset, prefixBytes);
  return parseBatchHeader(prefix, integrity);
}

/** `prefix`: header and table, where the disk does not hold them as they should be. */
async function wholeBatch(window: Window, offset: number, header: BatchHeader, integrity: Integrity, prefix?: Uint8Array): Promise<ScannedBatch | undefined> {
  let bytes = await window.bytes(offset, header.diskBytes);
  if (bytes.length < header.diskBytes) return undefined;
  if (prefix !== undefined) {
    bytes = bytes.slice();
    bytes.set(prefix);
  }
  const place = { header, offset, end: offset + header.diskBytes };
  const mended = prefix !== undefined;
  if (!header.sealed) return { ...place, bytes, mended };
  const opened = openBatch(bytes, header, integrity);
  return opened && { ...place, bytes: opened.bytes, mended: mended || opened.mended, seal: opened.seal, isDoubtful: !opened.isAuthentic };
}

/** What is written to the disk of a batch that was read, and mended since. */
export const diskForm = ({ seal }: ScannedBatch, bytes: Uint8Array, integrity: Integrity): Uint8Array => (seal === undefined ? bytes : sealBatch(bytes, seal.segment, integrity, seal));

/** How much is looked at to mend a header: enough for a table of a thousand entries. */
const mendBytes = batchHeaderBytes + 1024 * tableEntryBytes;

async function mendedBatch(window: Window, offset: number, integrity: Integrity): Promise<ScannedBatch | undefined> {
  const head = (await window.bytes(offset, mendBytes)).slice();
  if (!mendBatchHeader(head, integrity)) return undefined;
  const header = parseBatchHeader(head, integrity);
  return header && wholeBatch(window, offset, header, integrity, head.subarray(0, header.sizeBytes - header.bodyBytes));
}

/** Offset of the next intact batch header after `offset`; `undefined` if there is none. */
export async function findNextBatch(window: Window, offset: number, integrity: Integrity): Promise<number | undefined> {
  const { file } = window;
  for (let position = offset; position < file.size(); position += windowBytes) {
    const bytes = await file.read(position, windowBytes + mendBytes);
    for (let index = bytes.indexOf(0x48); index >= 0 && index < windowBytes; index = bytes.indexOf(0x48, index + 1)) {
      if (parseBatchHeader(bytes.subarray(index), integrity) !== undefined) return position + index;
    }
  }
  return undefined;
}

/** The runs of a batch by their headers alone; the records are not checked. */
export function batchRuns(batch: ScannedBatch, integrity: Integrity): readonly BatchRun[] {
  const runs: BatchRun[] = [];
  for (const entry of batch.header.entries) {
    if (entry.kind !== entryKind.run) continue;
    const bytes = batch.bytes.subarray(entry.offset, entry.offset + entry.length);
    const header = parseRunHeader(bytes, integrity) ?? checkRun(bytes, integrity)?.header;
    if (header !== undefined) runs.push({ header, bytes });
  }
  return runs;
}

/** Runs that can still be found where there is no batch any more. */
export async function readStrayRuns(file: DiskFile, from: number, to: number, integrity: Integrity): Promise<ReturnType<typeof strayRuns>> {
  return strayRuns(openStrays(await file.read(from, to - from), integrity), integrity);
}

/** Runs that can still be found in bytes that are no batch any more. */
export function strayRuns(bytes: Uint8Array, integrity: Integrity): readonly (MendedRun & { readonly offset: number })[] {
  const found: (MendedRun & { offset: number })[] = [];
  const first = runMagic & 0xff;
  for (let index = bytes.indexOf(first); index >= 0; index = bytes.indexOf(first, index + 1)) {
    const header = parseRunHeader(bytes.subarray(index), integrity);
    if (header === undefined) continue;
    const checked = checkRun(bytes.subarray(index, index + header.lengthBytes), integrity);
    if (checked !== undefined) found.push({ ...checked, offset: index });
    index += header.lengthBytes - 1;
  }
  return found;
}

const sectorBytes = 512;

/** Whether nothing was ever written from `offset` to the end of the file: zeros, of which damage at rest may have flipped one bit. */
export async function isBlank(file: DiskFile, offset: number): Promise<boolean> {
  let bits = 0;
  for (let position = offset; position < file.size(); position += windowBytes) {
    for (const byte of await file.read(position, windowBytes)) {
      if (byte === 0) continue;
      if ((byte & (byte - 1)) !== 0 || (bits += 1) > 1) return false;
    }
  }
  return true;
}

/**
 * Whether what stands from `offset` on is a write that the power cut short, not damage: the file ends before the batch does, or a
 * whole sector of it was never written and reads as zeros. A flipped bit leaves neither sign. Zeros behind the last byte that was
 * written are room ahead, and no sign unless the batch should reach into them.
 */
export async function looksTorn(file: DiskFile, offset: number, integrity: Integrity): Promise<boolean> {
  const bytes = await file.read(offset, file.size() - offset);
  if (bytes.length < (batchPrefixBytes(bytes) ?? batchHeaderBytes)) return true;
  const header = parseBatchHeader(bytes, integrity);
  if (header !== undefined && header.diskBytes > bytes.length) return true;
  const batchEnd = header?.diskBytes ?? writtenBytes(bytes);
  for (let start = 0; start < batchEnd; ) {
    const end = Math.min(bytes.length, start + sectorBytes - ((offset + start) % sectorBytes));
    if (bytes.subarray(start, Math.min(end, batchEnd)).every((byte) => byte === 0)) return true;
    start = end;
  }
  return false;
}

/** Up to the last byte that is not zero. */
function writtenBytes(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end;
}
