/** What a reduction was handed and what it made of it, counted in the same append: exact over restarts and power cuts. */
import { parseJson } from "@holon/core/link/frame.ts";
import type { CellChange, Log, NewRecord } from "@holon/core/log/log.ts";
import type { Reduction } from "@holon/core/schema/reduction.ts";
import { z } from "zod";

/** Since the reduction was first deployed under this name. */
export interface ReductionStatus {
  readonly kind: Reduction["kind"];
  /** Type of the events that it is for. */
  readonly on: string;
  /** Bytes of the records that it was for; of frames, of the readings cut out. */
  readonly bytesIn: number;
  /** Bytes of the records it made, wherever they went, and of those in streams that leave. Both before compression on the link. */
  readonly bytesMade: number;
  readonly bytesLeaving: number;
  readonly records: number;
}

export type Saved = Omit<ReductionStatus, "kind" | "on">;

const savedSchema = z.strictObject({ bytesIn: z.number(), bytesMade: z.number(), bytesLeaving: z.number(), records: z.number() });
const encoder = new TextEncoder();
const nothing: Saved = { bytesIn: 0, bytesMade: 0, bytesLeaving: 0, records: 0 };

const savedCell = (unit: string): string => `saved/${unit}`;

export function loadSaved(unit: string, log: Log): Saved {
  const kept = log.cell(savedCell(unit));
  return kept === undefined ? nothing : savedSchema.parse(parseJson(kept));
}

export function addSaved(saved: Saved, bytesIn: number, outputs: readonly NewRecord[]): Saved {
  const bytes = (records: readonly NewRecord[]): number => records.reduce((sum, record) => sum + record.bytes.length, 0);
  return {
    bytesIn: saved.bytesIn + bytesIn,
    bytesMade: saved.bytesMade + bytes(outputs),
    bytesLeaving: saved.bytesLeaving + bytes(outputs.filter(({ stream }) => stream !== "local")),
    records: saved.records + outputs.length,
  };
}

export const savedChange = (unit: string, saved: Saved): CellChange => ({ key: savedCell(unit), value: encoder.encode(JSON.stringify(saved)) });
