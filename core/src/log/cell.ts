/** A cell entry's payload: CRC, key, value. */
import { writeEntryHeader, entryHeaderBytes, entryKind } from "./batch.ts";
import type { CellChange } from "./log.ts";
import type { Integrity } from "./run.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface EncodedCell {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

export const encodeCell = (cell: CellChange): EncodedCell => ({ key: encoder.encode(cell.key), value: cell.value });

export const cellEntryBytes = (cell: EncodedCell): number => entryHeaderBytes + 8 + cell.key.length + (cell.value?.length ?? 0);

/** Writes the whole entry at `offset`; returns the end. */
export function writeCell(target: Uint8Array, view: DataView, offset: number, cell: EncodedCell, integrity: Integrity): number {
  const kind = cell.value === null ? entryKind.cellRemoved : entryKind.cell;
  const payload = writeEntryHeader(view, offset, kind, cellEntryBytes(cell) - entryHeaderBytes);
  view.setUint32(payload + 4, cell.key.length, true);
  target.set(cell.key, payload + 8);
  if (cell.value !== null) target.set(cell.value, payload + 8 + cell.key.length);
  const end = payload + 8 + cell.key.length + (cell.value?.length ?? 0);
  view.setUint32(payload, integrity.crc32(target.subarray(payload + 4, end)), true);
  return end;
}

/** `undefined` if the checksum does not hold. The value is a copy: it outlives the buffer it was read from. */
export function readCell(payload: Uint8Array, removed: boolean, integrity: Integrity): CellChange | undefined {
  if (payload.length < 8) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const keyEnd = 8 + view.getUint32(4, true);
  if (keyEnd > payload.length || integrity.crc32(payload.subarray(4)) !== view.getUint32(0, true)) return undefined;
  return { key: decoder.decode(payload.subarray(8, keyEnd)), value: removed ? null : payload.slice(keyEnd) };
}
