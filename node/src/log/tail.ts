/** The last committed runs, in memory, for readers that are nearly up to date. Bounded; the oldest batch is let go first. */
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { limits } from "@holon/core/limits.ts";
import { lastSequence, type RunHeader } from "@holon/core/log/run.ts";

export interface TailRun {
  readonly header: RunHeader;
  readonly bytes: Uint8Array;
}

export interface Tail {
  push(runs: readonly TailRun[], batchBytes: number): void;
  /** Runs of the lane from the one that holds `fromSequence`; `undefined` if that is no longer in memory. */
  from(lane: Lane, fromSequence: number): readonly TailRun[] | undefined;
}

export function createTail(maxBytes: number = limits.tailBytesMax): Tail {
  const runsByLane = new Map<string, TailRun[]>();
  const batches: { readonly lanes: readonly string[]; readonly bytes: number }[] = [];
  let held = 0;

  function letOldestGo(): void {
    const oldest = batches.shift();
    if (oldest === undefined) return;
    held -= oldest.bytes;
    for (const lane of oldest.lanes) runsByLane.get(lane)?.shift();
  }

  return {
    push(runs, batchBytes) {
      if (runs.length === 0) return;
      const lanes = runs.map((run) => laneName(run.header));
      for (const [index, run] of runs.entries()) {
        const lane = lanes[index] ?? "";
        const known = runsByLane.get(lane);
        if (known === undefined) runsByLane.set(lane, [run]);
        else known.push(run);
      }
      batches.push({ lanes, bytes: batchBytes });
      held += batchBytes;
      while (held > maxBytes && batches.length > 1) letOldestGo();
    },
    from(lane, fromSequence) {
      const runs = runsByLane.get(laneName(lane));
      const first = runs?.[0];
      if (runs === undefined || first === undefined || first.header.firstSequence > fromSequence) return undefined;
      let index = runs.length - 1;
      while (index > 0 && (runs[index]?.header.firstSequence ?? 0) > fromSequence) index -= 1;
      const start = runs[index];
      return start !== undefined && lastSequence(start.header) < fromSequence ? [] : runs.slice(index);
    },
  };
}
