/**
 * What still stands by itself in bytes that are no batch any more. Runs are found by their beginning; cells stand at a batch's end, so they are
 * found from there backwards; the roll stands right before what was found. Each part's own checksum decides.
 */
import { batchHeaderBytes, tableEntryBytes } from "@holon/core/log/batch.ts";
import { readCell } from "@holon/core/log/cell.ts";
import type { CellChange } from "@holon/core/log/log.ts";
import { decodeRoll, type RolledRun } from "@holon/core/log/roll.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import { strayRuns } from "./scan.ts";

export interface Salvaged {
  readonly runs: ReturnType<typeof strayRuns>;
  readonly cells: readonly CellChange[];
  /** Of the first batch in these bytes, where it stands. */
  readonly roll: readonly RolledRun[] | undefined;
  /** The parts fill one batch behind its header and table: nothing else was in it. */
  readonly isWhole: boolean;
}

export function salvage(bytes: Uint8Array, integrity: Integrity): Salvaged {
  const runs = strayRuns(bytes, integrity);
  const last = runs.at(-1);
  const cells = cellsBefore(bytes, last === undefined ? 0 : last.offset + last.bytes.length, bytes.length, integrity);
  const start = runs[0]?.offset ?? cells[0]?.offset ?? bytes.length;
  const roll = rollBefore(bytes, start, integrity);
  return { runs, cells: cells.map(({ cell }) => cell), roll: roll?.runs, isWhole: roll !== undefined && isWhole(roll.offset, [...runs.map(({ offset, bytes: { length } }) => ({ offset, length })), ...cells], start, bytes.length) };
}

/** End to end from behind the roll to the end, and before the roll as many bytes as a header with a table for all of them has. */
function isWhole(rollOffset: number, parts: readonly { readonly offset: number; readonly length: number }[], start: number, end: number): boolean {
  let at = start;
  for (const { offset, length } of parts) {
    if (offset !== at) return false;
    at = offset + length;
  }
  return at === end && rollOffset === batchHeaderBytes + tableEntryBytes * (parts.length + 1);
}

interface FoundCell {
  readonly cell: CellChange;
  readonly offset: number;
  readonly length: number;
}

/** Longest key that is looked for, and bytes that are looked through and summed up for all cells of one place. */
const keyBytesMax = 512;
const cellWorkMax = 64 << 20;

/** A removed cell looks like one without a value: whoever takes it must know that the key had none. */
function cellsBefore(bytes: Uint8Array, from: number, to: number, integrity: Integrity): readonly FoundCell[] {
  const found: FoundCell[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = to;
  let work = 0;
  for (let at = end - 9; at >= from && work < cellWorkMax; at--) {
    work += 1;
    const keyBytes = view.getUint32(at + 4, true);
    if (keyBytes === 0 || keyBytes > keyBytesMax || at + 8 + keyBytes > end) continue;
    work += end - at;
    if (integrity.crc32(bytes.subarray(at + 4, end)) !== view.getUint32(at, true)) continue;
    const cell = readCell(bytes.slice(at, end), false, integrity);
    if (cell === undefined) continue;
    found.unshift({ cell, offset: at, length: end - at });
    end = at;
    at = end - 8; // the loop steps once more
  }
  return found;
}

const rollBytesMax = 1 << 20;
const openBracket = 0x5b;
const closeBracket = 0x5d;

function rollBefore(bytes: Uint8Array, end: number, integrity: Integrity): { readonly offset: number; readonly runs: readonly RolledRun[] } | undefined {
  if (bytes[end - 1] !== closeBracket) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let work = 0;
  for (let at = end - 6; at >= Math.max(0, end - rollBytesMax) && work < cellWorkMax; at--) {
    work += 1;
    if (bytes[at + 4] !== openBracket) continue;
    work += end - at;
    if (integrity.crc32(bytes.subarray(at + 4, end)) !== view.getUint32(at, true)) continue;
    const runs = decodeRoll(bytes.slice(at, end), integrity);
    return runs && { offset: at, runs };
  }
  return undefined;
}
