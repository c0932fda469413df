/** The records of a run, as they are read. */
import { laneOf, type LogRecord } from "@holon/core/log/log.ts";
import { runRecords, type Integrity } from "@holon/core/log/run.ts";
import type { BatchRun } from "./scan.ts";

/** Adds the run's records from `fromSequence` on, until there are `maxRecords`. What is lost is left out. */
export function collectRecords({ header, bytes }: BatchRun, fromSequence: number, maxRecords: number, records: LogRecord[], integrity: Integrity): void {
  if (records.length >= maxRecords) return;
  for (const [index, record] of runRecords(bytes, header, integrity).records.entries()) {
    const sequence = header.firstSequence + index;
    if (sequence < fromSequence || record === undefined || records.length >= maxRecords) continue;
    records.push({ ...laneOf(header), epoch: header.epoch, sequence, bytes: record });
  }
}
