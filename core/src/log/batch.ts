/**
 * A batch: one group commit, all or nothing. A segment is a header and batches, end to end.
 *
 *     0  u32 magic   4  u32 CRC-32 of bytes 8 … 40   8  f64 number   16 u32 body length   20 u32 entries   24 u32 flags   32 f64 wall ms
 *     body: entries {u32 kind, u32 length, payload}
 *       1 run · 2 cell {u32 CRC of the rest, u32 key length, key, value} · 3 cell removed (as 2, no value) · 4 heads {u32 CRC, JSON}
 *
 * There is no checksum over the body: each part carries its own, so one damaged record costs one record.
 */
import type { Integrity } from "./run.ts";

export const batchHeaderBytes = 40;
export const entryHeaderBytes = 8;
export const entryKind = { run: 1, cell: 2, cellRemoved: 3, heads: 4 } as const;
export const batchFlag = { snapshot: 1 } as const;
const magic = 0x314c4f48; // "HOL1"

export interface BatchHeader {
  readonly number: number;
  readonly bodyBytes: number;
  readonly entries: number;
  readonly snapshot: boolean;
  readonly wallMs: number;
}

export interface Entry {
  readonly kind: number;
  /** Offset of the payload in the batch. */
  readonly offset: number;
  readonly length: number;
}

export function writeBatchHeader(target: Uint8Array, view: DataView, header: BatchHeader, integrity: Integrity): void {
  view.setUint32(0, magic, true);
  view.setFloat64(8, header.number, true);
  view.setUint32(16, header.bodyBytes, true);
  view.setUint32(20, header.entries, true);
  view.setUint32(24, header.snapshot ? batchFlag.snapshot : 0, true);
  view.setFloat64(32, header.wallMs, true);
  view.setUint32(4, integrity.crc32(target.subarray(8, batchHeaderBytes)), true);
}

/** `undefined` if no intact batch header stands at byte 0 of `bytes`. */
export function parseBatchHeader(bytes: Uint8Array, integrity: Integrity): BatchHeader | undefined {
  if (bytes.length < batchHeaderBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== magic) return undefined;
  if (integrity.crc32(bytes.subarray(8, batchHeaderBytes)) !== view.getUint32(4, true)) return undefined;
  return {
    number: view.getFloat64(8, true),
    bodyBytes: view.getUint32(16, true),
    entries: view.getUint32(20, true),
    snapshot: (view.getUint32(24, true) & batchFlag.snapshot) !== 0,
    wallMs: view.getFloat64(32, true),
  };
}

/** The entries of a batch that is whole in `bytes`; `undefined` if they do not fill the body exactly. */
export function parseEntries(bytes: Uint8Array, header: BatchHeader): readonly Entry[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = batchHeaderBytes + header.bodyBytes;
  const entries: Entry[] = [];
  let position = batchHeaderBytes;
  for (let index = 0; index < header.entries; index++) {
    if (position + entryHeaderBytes > end) return undefined;
    const length = view.getUint32(position + 4, true);
    const offset = position + entryHeaderBytes;
    if (offset + length > end) return undefined;
    entries.push({ kind: view.getUint32(position, true), offset, length });
    position = offset + length;
  }
  return position === end ? entries : undefined;
}

export function writeEntryHeader(view: DataView, offset: number, kind: number, length: number): number {
  view.setUint32(offset, kind, true);
  view.setUint32(offset + 4, length, true);
  return offset + entryHeaderBytes;
}
