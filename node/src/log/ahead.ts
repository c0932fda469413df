/**
 * Room ahead of the log's end: zeros that are on the disk before a batch comes to take their place. A batch that is written over
 * them changes neither the file's length nor its blocks, so that its sync has no file system journal to wait for (ext4 and XFS: about
 * a third of the sync, and as much less wear where batches are small).
 *
 * Zeros are no batch: whatever ends a scan at zeros ends it at the log's end (`isBlank`).
 */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { DiskFile } from "@holon/core/ports.ts";

export interface Ahead {
  /** Resolves when a batch may be written there: nothing that is still being written ahead lies in its way. */
  clear(end: number): Promise<void>;
  /** A batch was written that ends at `end`: sees to it that the next ones find room, up to `sizeMax` of the file. */
  follow(file: DiskFile, end: number, batchBytes: number, sizeMax: number): void;
  /** Resolves when nothing is being written ahead. */
  idle(): Promise<void>;
}

/** So many batches of the recent size find room. */
const batchesAhead = 16;
/** Larger batches are not worth it: their own bytes weigh more than the journal's, and would be written twice. */
const batchBytesMax = 32 * 1024;
const zeros = new Uint8Array(batchesAhead * batchBytesMax);

/** `bytesMax` 0: writes nothing ahead. */
export function createAhead(bytesMax: number = limits.segmentAheadBytesMax): Ahead {
  let recentBytes = 0;
  let working: { readonly from: number; readonly done: Promise<void> } | undefined;

  async function write(file: DiskFile, from: number, to: number): Promise<void> {
    try {
      await file.write(from, zeros.subarray(0, to - from));
      await file.sync();
    } catch (error) {
      // No promise hangs on it: where it matters, the next batch meets the same failure and tells it.
      if (!(error instanceof HolonError)) throw error;
    } finally {
      working = undefined;
    }
  }

  return {
    async clear(end) {
      while (working !== undefined && end > working.from) await working.done;
    },
    follow(file, end, batchBytes, sizeMax) {
      recentBytes = Math.max(batchBytes, recentBytes - recentBytes / batchesAhead);
      if (working !== undefined || recentBytes > batchBytesMax) return;
      const wanted = Math.min(bytesMax, Math.max(limits.segmentAheadBytesMin, batchesAhead * recentBytes));
      const from = Math.max(end, file.size());
      const to = Math.min(sizeMax, end + Math.ceil(wanted));
      if (from - end >= wanted / 2 || to <= from) return;
      working = { from, done: write(file, from, to) };
    },
    async idle() {
      await working?.done;
    },
  };
}
