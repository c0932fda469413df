/** A cell entry's payload: CRC, key, value. */
import { entryKind } from "./batch.ts";
import type { CellChange } from "./log.ts";
import { mendByCrc } from "./repair.ts";
import type { Integrity } from "./run.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface EncodedCell {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

export const encodeCell = (cell: CellChange): EncodedCell => ({ key: encoder.encode(cell.key), value: cell.value });
export const cellKind = (cell: EncodedCell): number => (cell.value === null ? entryKind.cellRemoved : entryKind.cell);
export const cellBytes = (cell: EncodedCell): number => 8 + cell.key.length + (cell.value?.length ?? 0);

/** Writes the payload at `offset`; returns its end. */
export function writeCell(target: Uint8Array, view: DataView, offset: number, cell: EncodedCell, integrity: Integrity): number {
  view.setUint32(offset + 4, cell.key.length, true);
  target.set(cell.key, offset + 8);
  if (cell.value !== null) target.set(cell.value, offset + 8 + cell.key.length);
  const end = offset + cellBytes(cell);
  view.setUint32(offset, integrity.crc32(target.subarray(offset + 4, end)), true);
  return end;
}

/** `undefined` if it is damaged by more than one bit; a single flipped bit is mended in place. The value is a copy. */
export function readCell(payload: Uint8Array, removed: boolean, integrity: Integrity): CellChange | undefined {
  if (payload.length < 8 || !mendChecked(payload, integrity)) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const keyEnd = 8 + view.getUint32(4, true);
  if (keyEnd > payload.length) return undefined;
  return { key: decoder.decode(payload.subarray(8, keyEnd)), value: removed ? null : payload.slice(keyEnd) };
}

/** For payloads that begin with the CRC-32 of their rest: intact, or mended in place. */
export function mendChecked(payload: Uint8Array, integrity: Integrity): boolean {
  if (payload.length < 4) return false;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const rest = payload.subarray(4);
  if (mendByCrc(rest, view.getUint32(0, true), integrity.crc32(rest)) === "damaged") return false;
  view.setUint32(0, integrity.crc32(rest), true);
  return true;
}
