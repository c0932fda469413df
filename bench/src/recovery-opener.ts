/** Opens the log of suite `recovery` once, and then reads again what the opening read, with nothing around it. Says both times and ends. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Disk } from "@holon/core/ports.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { openBenchLog } from "./bench-log.ts";
import type { Opened } from "./recovery.ts";

interface Read {
  readonly path: string;
  readonly position: number;
  readonly length: number;
}

const [folder] = process.argv.slice(2);
if (folder === undefined || process.send === undefined) throw new Error("this is started by suite recovery, with a folder");
const reads: Read[] = [];
const startMs = performance.now();
const log = await openBenchLog(folder, "gateway-1", notingReads(createDisk(folder), reads));
const openMs = performance.now() - startMs;
const residentBytes = process.memoryUsage.rss();
const records = log.head({ origin: log.origin, stream: "data" })?.sequence ?? 0;
const sizeBytes = log.sizeBytes();
await log.close();
const opened: Opened = { openMs, readBytes: reads.reduce((sum, { length }) => sum + length, 0), reads: reads.length, limitMs: readAgain(folder, reads), sizeBytes, records, residentBytes };
process.send(opened, () => process.exit());

/** The same disk; each read is noted. */
function notingReads(disk: Disk, noted: Read[]): Disk {
  return {
    ...disk,
    async open(path, options) {
      const file = await disk.open(path, options);
      return {
        size: () => file.size(),
        write: (position, bytes) => file.write(position, bytes),
        writeThrough: (position, bytes) => file.writeThrough(position, bytes),
        sync: () => file.sync(),
        truncate: (size) => file.truncate(size),
        close: () => file.close(),
        async read(position, length) {
          const bytes = await file.read(position, length);
          noted.push({ path, position, length: bytes.length });
          return bytes;
        },
      };
    },
  };
}

/** Milliseconds. On this thread, each file opened once: no hop, no queue, no promise. */
function readAgain(root: string, noted: readonly Read[]): number {
  const handles = new Map<string, number>();
  const beginMs = performance.now();
  for (const { path, position, length } of noted) {
    const handle = handles.get(path) ?? openSync(join(root, path), "r");
    handles.set(path, handle);
    const bytes = new Uint8Array(length); // as a reader needs it: its own
    const read = readSync(handle, bytes, 0, length, position);
    // The first opening cuts off what the kill left torn at the end, and room that was not used: what it read there is not there any more.
    if (read !== length && position + read < fstatSync(handle).size) throw new Error(`${path} changed meanwhile`);
  }
  const tookMs = performance.now() - beginMs;
  for (const handle of handles.values()) closeSync(handle);
  return tookMs;
}
