/** The last committed runs, in memory, for readers that are nearly up to date. Bounded in bytes and, while more comes, in time; the oldest batch is let go first. */
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { limits } from "@holon/core/limits.ts";
import { lastSequence, type RunHeader } from "@holon/core/log/run.ts";

export interface TailRun {
  readonly header: RunHeader;
  readonly bytes: Uint8Array;
}

export interface Tail {
  /** `bytes` is the whole batch. */
  push(runs: readonly TailRun[], bytes: Uint8Array): void;
  /** Runs of the lane from the one that holds `fromSequence`; `undefined` if that is no longer in memory. */
  from(lane: Lane, fromSequence: number): readonly TailRun[] | undefined;
}

interface HeldBatch {
  readonly lanes: readonly string[];
  readonly bytes: Uint8Array;
  readonly atMs: number;
  isLent: boolean;
}

interface HeldRun {
  readonly run: TailRun;
  readonly batch: HeldBatch;
}

export interface TailOptions {
  readonly maxBytes?: number;
  /** Handed each batch that is let go of and of which nobody was ever given a run. */
  unused?(bytes: Uint8Array): void;
  /** Monotonic. */
  nowMs?(): number;
}

export function createTail({ maxBytes = limits.tailBytesMax, unused = () => undefined, nowMs = () => 0 }: TailOptions = {}): Tail {
  const runsByLane = new Map<string, HeldRun[]>();
  const batches: HeldBatch[] = [];
  let held = 0;

  function letOldestGo(): void {
    const oldest = batches.shift();
    if (oldest === undefined) return;
    held -= oldest.bytes.buffer.byteLength;
    for (const lane of oldest.lanes) runsByLane.get(lane)?.shift();
    if (!oldest.isLent) unused(oldest.bytes);
  }

  return {
    push(runs, bytes) {
      if (runs.length === 0) return;
      const lanes = runs.map((run) => laneName(run.header));
      const batch: HeldBatch = { lanes, bytes, atMs: nowMs(), isLent: false };
      for (const [index, run] of runs.entries()) {
        const lane = lanes[index] ?? "";
        const known = runsByLane.get(lane);
        if (known === undefined) runsByLane.set(lane, [{ run, batch }]);
        else known.push({ run, batch });
      }
      batches.push(batch);
      held += bytes.buffer.byteLength;
      const boundBytes = maxBytes + Math.min(limits.tailBytesAllLanesMax, runsByLane.size * limits.tailBytesPerLane);
      while (batches.length > 1 && (held > boundBytes || (held > limits.tailBytesMin && (batches[0]?.atMs ?? 0) < batch.atMs - limits.tailMsMax))) letOldestGo();
    },
    from(lane, fromSequence) {
      const runs = runsByLane.get(laneName(lane));
      const first = runs?.[0];
      if (runs === undefined || first === undefined || first.run.header.firstSequence > fromSequence) return undefined;
      let index = runs.length - 1;
      while (index > 0 && (runs[index]?.run.header.firstSequence ?? 0) > fromSequence) index -= 1;
      const start = runs[index];
      if (start !== undefined && lastSequence(start.run.header) < fromSequence) return [];
      return runs.slice(index).map(({ run, batch }) => {
        batch.isLent = true;
        return run;
      });
    },
  };
}
