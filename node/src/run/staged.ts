/**
 * What is on its way to the disk, for units that have nothing else to do: they begin with it at once, and what they make of it is stored only when
 * it is on the disk itself. So the wait for the disk and the work pass at the same time, and nothing else changes: an append that fails is one that
 * was never handed over, and whoever was handed it starts again from what is there.
 */
import { limits } from "@holon/core/limits.ts";
import { laneOf, type Lane, type LogRecord } from "@holon/core/log/log.ts";
import { lastSequence, runRecords, type Integrity } from "@holon/core/log/run.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { TailRun } from "../log/tail.ts";

export interface Staged {
  readonly lane: Lane;
  /** Sequences of the first and the last record. */
  readonly first: number;
  readonly last: number;
  readonly records: readonly LogRecord[];
  /** Whether it came to be on the disk. */
  readonly settled: Promise<boolean>;
}

/** This node's own runs among them, unless they are so large that the disk is not what takes the time. */
export function stagedRuns(runs: readonly TailRun[], settled: Promise<boolean>, origin: NodeName, integrity: Integrity): readonly Staged[] {
  return runs.flatMap(({ header, bytes }) => {
    if (header.origin !== origin || header.form !== "whole" || bytes.length > limits.stagedBytesMax) return [];
    const records: LogRecord[] = [];
    for (const [index, record] of runRecords(bytes.slice(), header, integrity).records.entries()) {
      if (record !== undefined) records.push({ ...laneOf(header), epoch: header.epoch, sequence: header.firstSequence + index, bytes: record });
    }
    return [{ lane: laneOf(header), first: header.firstSequence, last: lastSequence(header), records, settled }];
  });
}
