/** Watches what senders have queued on their connections: it is bounded by the protocol, however narrow the line is. */
import { limits } from "@holon/core/limits.ts";
import type { Fleet } from "./fleet.ts";

/** Signs of life, marks, documents and calls beside records and blobs. */
const besideBytes = 256 << 10;

export class QueueWatch {
  bytesMax = 0;
  readonly boundBytes: number;
  readonly #over = new Map<string, number>();

  constructor(fleet: Fleet, boundBytes = limits.linkInFlightBytesMax + limits.batchBytesMax + limits.blobQueuedBytesMax + limits.blobChunkBytes + besideBytes) {
    this.boundBytes = boundBytes;
    fleet.net.queued = (from, to, bytes) => {
      if (bytes <= this.bytesMax && bytes <= this.boundBytes) return;
      this.bytesMax = Math.max(this.bytesMax, bytes);
      if (bytes > this.boundBytes) this.#over.set(`${from} to ${to}`, Math.max(bytes, this.#over.get(`${from} to ${to}`) ?? 0));
    };
  }

  violations(): readonly string[] {
    return [...this.#over].map(([way, bytes]) => `${bytes} bytes were queued from ${way}; the bound is ${this.boundBytes}`);
  }
}
