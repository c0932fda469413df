/** A log in a real temporary folder, for tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Mark, NewRecord } from "@holon/core/log/log.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import type { Cipher, Clock, Disk } from "@holon/core/ports.ts";
import { isNodeName } from "@holon/core/units.ts";
import { createCipher } from "@holon/platform/cipher.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { createRandom } from "@holon/platform/random.ts";
import { openLog, type SegmentLog } from "../log/segment-log.ts";

/** With `HOLON_LOG_ENCRYPTED` every test of the log is one of an encrypted log. */
const isEncrypted = process.env["HOLON_LOG_ENCRYPTED"] !== undefined;
export const testCipher = createCipher(new Map([[1, new Uint8Array(32).fill(7)]]), 1);
export const integrity: Integrity = { sha256: createCrypto().sha256, crc32: createCodec().crc32, ...(isEncrypted ? { cipher: testCipher } : {}) };

export function tempFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "holon-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface TempLogOptions {
  readonly name?: string;
  readonly segmentBytesMax?: number;
  readonly full?: () => void;
  readonly freed?: () => void;
  readonly disk?: Disk;
  readonly clock?: Clock;
  readonly cipher?: Cipher;
}

export async function openTempLog(folder: string, options: TempLogOptions = {}): Promise<SegmentLog> {
  const name = options.name ?? "gateway-1";
  if (!isNodeName(name)) throw new Error(`${name} is no node name`);
  return openLog({
    origin: name,
    disk: options.disk ?? createDisk(folder),
    clock: options.clock ?? createClock(),
    random: createRandom(),
    integrity: options.cipher === undefined ? integrity : { ...integrity, cipher: options.cipher },
    opened: (stream, predecessor) => record(stream, `opened after ${printMark(predecessor)}`),
    ...(options.segmentBytesMax === undefined ? {} : { segmentBytesMax: options.segmentBytesMax }),
    ...(options.full === undefined ? {} : { full: options.full }),
    ...(options.freed === undefined ? {} : { freed: options.freed }),
  });
}

const printMark = (mark: Mark | undefined): string => (mark === undefined ? "nothing" : `${mark.epoch} ${mark.sequence} ${mark.hash}`);

export const record = (stream: NewRecord["stream"], text: string): NewRecord => ({ stream, class: "derived", bytes: new TextEncoder().encode(text) });
