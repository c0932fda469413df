/** Rows of a subject into blocks: all of them, or one in so many. */
import type { KeepReduction, SampleReduction } from "../schema/reduction.ts";
import { inPieces, toBlock, type Bounds } from "./block.ts";
import { numbersOf, rowBytes, type Row } from "./row.ts";
import type { Emit, OpenSubject, SubjectKind } from "./subjects.ts";

/** Whether the reading is taken, by how many came before it. */
export type Take = (seen: number) => boolean;

interface Head {
  seen: number;
}

export function gathering(reduction: KeepReduction | SampleReduction, takes: Take): SubjectKind<Head> {
  return {
    fresh: () => ({ seen: 0 }),
    restore: (kept) => ({ seen: (kept as Head).seen }), // as `fresh` made it
    take(event, subject, emit) {
      const values = numbersOf(event.data, reduction.fields);
      if (values === undefined) return;
      if (takes(subject.head.seen++)) addRow({ timeMs: event.timeMs, values }, subject, reduction, emit);
    },
    close: (subject, emit) => emitBlock(subject, reduction.within, emit),
    size: () => 0,
  };
}

/** Adds a row; a block that is full, or that it does not belong to any more, goes out. */
export function addRow(row: Row, subject: OpenSubject<unknown>, { rows, everyMs, within }: { readonly rows: number; readonly everyMs: number; readonly within: Bounds }, emit: Emit): void {
  const first = subject.rows[0];
  if (first !== undefined && Math.abs(row.timeMs - first.timeMs) >= everyMs) emitBlock(subject, within, emit);
  subject.rows.push(row);
  subject.rowsBytes += rowBytes(row);
  if (subject.rows.length >= rows) emitBlock(subject, within, emit);
}

export function emitBlock(subject: OpenSubject<unknown>, within: Bounds, emit: Emit): void {
  for (const piece of inPieces(subject.rows)) emit(piece[0]?.timeMs ?? 0, toBlock(piece, within));
  subject.rows = [];
  subject.rowsBytes = 0;
}
