/**
 * The way of children's runs into the log: only so much is handed over at a time, and alarms go first. What waits here is bounded
 * by the children's credit.
 */
import { limits } from "@holon/core/limits.ts";
import type { Merge } from "@holon/core/log/merge.ts";
import type { CreditKind } from "@holon/core/link/admission.ts";
import type { ForeignRun } from "../log/commit.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export interface Intake {
  /** Resolves, when the runs are on disk or refused, with how each met what is held. In order for one urgency. */
  append(runs: readonly ForeignRun[], urgency: CreditKind): Promise<readonly Merge[]>;
}

interface Waiting {
  readonly runs: readonly ForeignRun[];
  readonly bytes: number;
  resolve(merges: readonly Merge[]): void;
  reject(error: unknown): void;
}

export function createIntake(log: Pick<SegmentLog, "appendRuns">): Intake {
  const waiting: Readonly<Record<CreditKind, Waiting[]>> = { alarm: [], data: [] };
  let handedOver = 0;

  function next(): Waiting | undefined {
    // Alarms do not ask how much is under way: their own credit bounds them.
    const alarm = waiting.alarm.shift();
    if (alarm !== undefined) return alarm;
    return handedOver < limits.linkIntakeBytesMax ? waiting.data.shift() : undefined;
  }

  function handOver(): void {
    for (let item = next(); item !== undefined; item = next()) {
      const { runs, bytes, resolve, reject } = item;
      handedOver += bytes;
      log.appendRuns(runs).then(resolve, reject).finally(() => {
        handedOver -= bytes;
        handOver();
      });
    }
  }

  return {
    append(runs, urgency) {
      if (runs.length === 0) return Promise.resolve([]);
      const bytes = runs.reduce((sum, run) => sum + run.bytes.length, 0);
      return new Promise((resolve, reject) => {
        waiting[urgency].push({ runs, bytes, resolve, reject });
        handOver();
      });
    },
  };
}
