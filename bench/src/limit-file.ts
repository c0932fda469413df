/** The physical limit of a durable append: nothing but `write` and `fdatasync` of the same bytes at the end of a growing file. */
import { closeSync, fdatasync, fdatasyncSync, openSync, rmSync, write, writeSync } from "node:fs";
import { promisify } from "node:util";
import { limits } from "@holon/core/limits.ts";

export interface LimitFile {
  /** On this thread: no hop, no queue, no promise. */
  append(bytes: Uint8Array): void;
  /** The same two calls through Node's thread pool, as the disk port makes them. */
  appendAsync(bytes: Uint8Array): Promise<void>;
  close(): void;
}

const writeLater = promisify(write);
const syncLater = promisify(fdatasync);

/** Begins anew where the log would begin its next segment, so that both meet files of the same sizes. */
export function openLimitFile(path: string): LimitFile {
  let handle = openSync(path, "w", 0o600);
  let size = 0;
  const place = (length: number): number => {
    if (size + length > limits.segmentBytesMax) {
      closeSync(handle);
      rmSync(path);
      handle = openSync(path, "w", 0o600);
      size = 0;
    }
    const position = size;
    size += length;
    return position;
  };
  return {
    append(bytes) {
      const position = place(bytes.length);
      if (writeSync(handle, bytes, 0, bytes.length, position) !== bytes.length) throw new Error(`${path} took only a part`);
      fdatasyncSync(handle);
    },
    async appendAsync(bytes) {
      const position = place(bytes.length);
      const { bytesWritten } = await writeLater(handle, bytes, 0, bytes.length, position);
      if (bytesWritten !== bytes.length) throw new Error(`${path} took only a part`);
      await syncLater(handle);
    },
    close: () => closeSync(handle),
  };
}
