/** Checks and mends every part of a batch whose frame is intact. */
import { entryKind } from "@holon/core/log/batch.ts";
import { readCell } from "@holon/core/log/cell.ts";
import type { CellChange, Lane, Mark } from "@holon/core/log/log.ts";
import { decodeRoll, type RolledRun } from "@holon/core/log/roll.ts";
import { checkRun, type Integrity, type RunHeader } from "@holon/core/log/run.ts";
import type { ScannedBatch } from "./scan.ts";
import { decodeHeads } from "./snapshot.ts";

export interface InspectedRun {
  readonly header: RunHeader;
  readonly bytes: Uint8Array;
  readonly damaged: number;
}

export interface Inspected {
  /** The batch with everything mended that could be. */
  readonly bytes: Uint8Array;
  readonly mended: boolean;
  /** Parts that are lost. */
  readonly damaged: number;
  /** Of them runs, of which not even the lane is known, and cells. */
  readonly lostRuns: number;
  readonly lostCells: number;
  readonly runs: readonly InspectedRun[];
  readonly cells: readonly CellChange[];
  readonly heads: ReadonlyMap<string, { readonly lane: Lane; readonly mark: Mark }> | undefined;
  /** Undefined where there is none, or none that can be read. */
  readonly roll: readonly RolledRun[] | undefined;
}

export function inspectBatch(batch: ScannedBatch, integrity: Integrity): Inspected {
  const bytes = batch.bytes.slice();
  const runs: InspectedRun[] = [];
  const cells: CellChange[] = [];
  let heads: Inspected["heads"];
  let roll: Inspected["roll"];
  const lost = { parts: 0, runs: 0, cells: 0 };
  for (const { kind, offset, length } of batch.header.entries) {
    const payload = bytes.subarray(offset, offset + length);
    if (kind === entryKind.run) {
      const checked = checkRun(payload, integrity);
      if (checked === undefined) lost.runs += 1;
      else {
        if (checked.mended) payload.set(checked.bytes);
        lost.parts += checked.damaged;
        runs.push({ header: checked.header, bytes: payload, damaged: checked.damaged });
      }
    } else if (kind === entryKind.heads) {
      heads = decodeHeads(payload, integrity);
      if (heads === undefined) lost.parts += 1;
    } else if (kind === entryKind.roll) {
      roll = decodeRoll(payload, integrity);
      if (roll === undefined) lost.parts += 1;
    } else {
      const cell = readCell(payload, kind === entryKind.cellRemoved, integrity);
      if (cell === undefined) lost.cells += 1;
      else cells.push(cell);
    }
  }
  return { bytes, mended: !isSame(bytes, batch.bytes), damaged: lost.parts + lost.runs + lost.cells, lostRuns: lost.runs, lostCells: lost.cells, runs, cells, heads, roll };
}

/** A plain loop: a callback for each byte took more time than all the rest of an opening. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return one.length === other.length;
}
