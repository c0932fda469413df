/**
 * A batch: one group commit, all or nothing. A segment is a header and batches, end to end.
 *
 *     0  u32 magic   4  u32 CRC-32 of bytes 8 to the end of the table   8  f64 number   16 u32 body length   20 u32 entries
 *     24 u32 flags   28 u32 reach of the roll + 1   32 f64 wall ms   40 table: {u32 kind, u32 length} of each entry   then the entries' payloads, end to end
 *       1 run · 2 cell {u32 CRC of the rest, u32 key length, key, value} · 3 cell removed (as 2, no value) · 4 heads {u32 CRC, JSON}
 *       5 roll {u32 CRC, JSON}: what the batches before held, so that no loss of batches goes uncounted. Its reach is how many of them, by number,
 *         it speaks for: every lane that one of them had records of is in it. 0 in the header: the batch before, as written of old.
 *
 * The table stands under the header's CRC, so that a damaged payload does not hide the ones behind it. There is no checksum over the
 * payloads together: each carries its own, so one damaged record costs one record.
 */
import { findFlippedBit, flipBit } from "./repair.ts";
import type { Integrity } from "./run.ts";

export const batchHeaderBytes = 40;
export const tableEntryBytes = 8;
export const entryKind = { run: 1, cell: 2, cellRemoved: 3, heads: 4, roll: 5 } as const;
/** `sealed`: on the disk the payloads are encrypted, see `seal.ts`. */
export const batchFlag = { snapshot: 1, sealed: 2 } as const;
export const batchMagic = 0x314c4f48; // "HOL1"
/** Two seals. */
export const sealedMoreBytes = 104;
const entriesMax = 1 << 20;
const reachMax = 2 ** 32 - 2;

export interface BatchHeader {
  readonly number: number;
  /** Bytes of all payloads. */
  readonly bodyBytes: number;
  readonly entries: readonly Entry[];
  readonly snapshot: boolean;
  readonly wallMs: number;
  /** Of so many numbers before its own its roll names every lane. */
  readonly reach: number;
  /** Whole batch. */
  readonly sizeBytes: number;
  readonly sealed: boolean;
  /** What it takes on the disk: more than its size where it is sealed. */
  readonly diskBytes: number;
}

export interface Entry {
  readonly kind: number;
  /** Offset of the payload in the batch. */
  readonly offset: number;
  readonly length: number;
}

export interface NewEntry {
  readonly kind: number;
  readonly length: number;
}

export const batchBytes = (entries: readonly NewEntry[]): number => entries.reduce((sum, entry) => sum + entry.length, batchHeaderBytes + tableEntryBytes * entries.length);

/** Writes header and table; returns the offset of the first payload. */
export function writeBatchHeader(
  target: Uint8Array,
  view: DataView,
  header: { readonly number: number; readonly snapshot: boolean; readonly wallMs: number; readonly reach: number; readonly entries: readonly NewEntry[] },
  integrity: Integrity,
): number {
  const tableEnd = batchHeaderBytes + tableEntryBytes * header.entries.length;
  target.fill(0, 0, batchHeaderBytes);
  view.setUint32(0, batchMagic, true);
  view.setFloat64(8, header.number, true);
  view.setUint32(16, target.length - tableEnd, true);
  view.setUint32(20, header.entries.length, true);
  view.setUint32(24, (header.snapshot ? batchFlag.snapshot : 0) | (integrity.cipher?.generation === undefined ? 0 : batchFlag.sealed), true);
  view.setUint32(28, Math.min(header.reach, reachMax) + 1, true);
  view.setFloat64(32, header.wallMs, true);
  for (const [index, entry] of header.entries.entries()) {
    view.setUint32(batchHeaderBytes + tableEntryBytes * index, entry.kind, true);
    view.setUint32(batchHeaderBytes + tableEntryBytes * index + 4, entry.length, true);
  }
  view.setUint32(4, integrity.crc32(target.subarray(8, tableEnd)), true);
  return tableEnd;
}

/** Bytes that hold header and table, as the header says; `undefined` if no header can stand here. */
export function batchPrefixBytes(bytes: Uint8Array): number | undefined {
  if (bytes.length < batchHeaderBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = view.getUint32(20, true);
  return view.getUint32(0, true) === batchMagic && entries <= entriesMax ? batchHeaderBytes + tableEntryBytes * entries : undefined;
}

/** `undefined` if no intact header with its table stands at byte 0 of `bytes`. The payloads need not be in `bytes`. */
export function parseBatchHeader(bytes: Uint8Array, integrity: Integrity): BatchHeader | undefined {
  const prefix = batchPrefixBytes(bytes);
  if (prefix === undefined || prefix > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (integrity.crc32(bytes.subarray(8, prefix)) !== view.getUint32(4, true)) return undefined;
  const entries: Entry[] = [];
  let offset = prefix;
  for (let position = batchHeaderBytes; position < prefix; position += tableEntryBytes) {
    const length = view.getUint32(position + 4, true);
    entries.push({ kind: view.getUint32(position, true), offset, length });
    offset += length;
  }
  const bodyBytes = view.getUint32(16, true);
  if (offset - prefix !== bodyBytes) return undefined;
  const flags = view.getUint32(24, true);
  const sealed = (flags & batchFlag.sealed) !== 0;
  return { number: view.getFloat64(8, true), bodyBytes, entries, sealed, diskBytes: offset + (sealed ? sealedMoreBytes : 0), snapshot: (flags & batchFlag.snapshot) !== 0, wallMs: view.getFloat64(32, true), reach: reachOf(view.getUint32(28, true), view.getFloat64(8, true)), sizeBytes: offset };
}

/** These bytes were of no meaning once: what reaches behind the first batch was not meant. */
const reachOf = (stored: number, number: number): number => (stored === 0 || stored > number ? 1 : stored - 1);

/** Mends a header in place in which one bit is wrong; says whether it could. `bytes` should reach to the end of the table. */
export function mendBatchHeader(bytes: Uint8Array, integrity: Integrity): boolean {
  if (bytes.length < batchHeaderBytes) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magicDifference = (view.getUint32(0, true) ^ batchMagic) >>> 0;
  if (magicDifference !== 0 && (magicDifference & (magicDifference - 1)) !== 0) return false;
  view.setUint32(0, batchMagic, true);
  if (parseBatchHeader(bytes, integrity) !== undefined) return true;
  const count = view.getUint32(20, true);
  // The count of entries says how far the checksum reaches, so each of its bits is tried by itself.
  for (let bit = -1; bit < 32; bit++) {
    view.setUint32(20, bit < 0 ? count : (count ^ (1 << bit)) >>> 0, true);
    if (mendPrefix(bytes, view, bit < 0, integrity)) return true;
  }
  view.setUint32(20, count, true);
  return false;
}

function mendPrefix(bytes: Uint8Array, view: DataView, maySearch: boolean, integrity: Integrity): boolean {
  const prefix = batchPrefixBytes(bytes);
  if (prefix === undefined || prefix > bytes.length) return false;
  if (parseBatchHeader(bytes, integrity) !== undefined) return true;
  if (!maySearch) return false;
  const stored = view.getUint32(4, true);
  const found = integrity.crc32(bytes.subarray(8, prefix));
  const difference = (stored ^ found) >>> 0;
  if (difference !== 0 && (difference & (difference - 1)) === 0) view.setUint32(4, found, true);
  else {
    const bit = findFlippedBit(prefix - 8, difference);
    if (bit === undefined) return false;
    flipBit(bytes.subarray(8, prefix), bit);
  }
  return parseBatchHeader(bytes, integrity) !== undefined;
}
