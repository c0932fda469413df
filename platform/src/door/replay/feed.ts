/**
 * Rows on their way to the log: gathered into batches, one batch in flight.
 *
 * The next batch is gathered while the log syncs the last one, but handed over only when that one is on disk. So rows are in
 * order, and a failed append can leave no hole behind: the offset of a later batch would have stepped over it.
 */
import type { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { DoorSink, Reading } from "@holon/core/ports.ts";

export interface Feed {
  /** `offset` is the source's position after this row. */
  add(entry: Reading | { readonly problem: HolonError; readonly position: string }, offset: () => string): void;
  isFull(): boolean;
  /** Hands over what was gathered, once the batch before is on disk; nothing more once the source is stopped. */
  flush(): Promise<void>;
  /** Returns when all that was handed over is on disk. */
  settle(): Promise<void>;
}

export function createFeed(sink: DoorSink, isStopped: () => boolean): Feed {
  let readings: Reading[] = [];
  let rejects: { readonly code: string; readonly message: string; readonly position: string }[] = [];
  let offset: (() => string) | undefined;
  let inFlight: Promise<void> = Promise.resolve();

  /** Bad rows first: a power cut in between records them twice, the other way round they would be lost. */
  async function hand(batch: { readings: typeof readings; rejects: typeof rejects; offset: string }): Promise<void> {
    if (batch.rejects.length > 0) await Promise.all(batch.rejects.map((problem) => sink.reject(problem)));
    await sink.accept(batch.readings, batch.offset);
  }

  return {
    add(entry, after) {
      if ("problem" in entry) rejects.push({ code: entry.problem.code, message: entry.problem.message, position: entry.position });
      else readings.push(entry);
      offset = after;
    },
    isFull: () => readings.length + rejects.length >= limits.replayBatchRows,
    async flush() {
      await inFlight;
      if (offset === undefined || isStopped()) return;
      inFlight = hand({ readings, rejects, offset: offset() });
      inFlight.catch(() => {}); // the next flush or settle throws it
      readings = [];
      rejects = [];
      offset = undefined;
    },
    settle: () => inFlight,
  };
}
