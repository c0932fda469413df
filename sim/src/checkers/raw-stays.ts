/** Raw data stays on its site: no record of class `raw` at the cloud, and no planted marker there or in any frame on the wire. */
import { zstdDecompressSync } from "node:zlib";
import { linkDictionary } from "@holon/core/link/dictionary.ts";
import { rememberedContent } from "../codec.ts";

/** Every planted marker begins with this; nothing else in the world does. */
export const markerPrefix = "HOLON-PLANTED-";

/** First four bytes of a Zstandard frame (RFC 8878, section 3.1.1). */
const zstandardMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** A record of the cloud's log. */
export interface CloudRecord {
  /** For the message: `origin/epoch/stream/sequence`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Frames are looked through as they pass, because nobody keeps them all. */
export class WireWatch {
  readonly #violations: string[] = [];
  readonly #violationsMax: number;
  readonly #looksInside: boolean;
  #frames = 0;

  /** `looksInside`: not where nobody plants a marker, as that is half of the work of a large fleet. */
  constructor({ violationsMax = 20, looksInside = true } = {}) {
    this.#violationsMax = violationsMax;
    this.#looksInside = looksInside;
  }

  get frames(): number {
    return this.#frames;
  }

  get violations(): readonly string[] {
    return this.#violations;
  }

  see({ from, to, frame }: { readonly from: string; readonly to: string; readonly frame: Uint8Array }): void {
    this.#frames += 1;
    if (!this.#looksInside || !holdsMarker(frame) || this.#violations.length >= this.#violationsMax) return;
    this.#violations.push(`a planted marker is in frame ${this.#frames}, from ${from} to ${to}`);
  }
}

/** Looks through the cloud's records. */
export function checkRawStays(records: Iterable<CloudRecord>): readonly string[] {
  const violations: string[] = [];
  for (const { name, bytes } of records) {
    if (holdsMarker(bytes)) violations.push(`a planted marker is in the cloud's log: ${name}`);
    if (classOf(bytes) === "raw") violations.push(`a record of class raw is in the cloud's log: ${name}`);
  }
  return violations;
}

/** Whether the bytes, or anything compressed in them, hold a planted marker. */
export function holdsMarker(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.includes(markerPrefix)) return true;
  for (let at = buffer.indexOf(zstandardMagic); at !== -1; at = buffer.indexOf(zstandardMagic, at + 1)) {
    const packed = buffer.subarray(at);
    const inner = rememberedContent(packed) ?? tryDecompress(packed);
    if (inner !== undefined && holdsMarker(inner)) return true;
  }
  return false;
}

/** The magic number may stand there by chance: what does not decode is no compressed part. */
function tryDecompress(bytes: Uint8Array): Uint8Array | undefined {
  // With the dictionary first: what was compressed without it decodes with it too.
  for (const known of [{ dictionary: linkDictionary }, {}]) {
    try {
      return zstdDecompressSync(bytes, { maxOutputLength: 64 << 20, ...known });
    } catch {
      // Not compressed, or not in this way: the next is tried.
    }
  }
  return undefined;
}

function classOf(bytes: Uint8Array): unknown {
  let event: unknown;
  try {
    event = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    // Not an event, so it has no class; the marker search has seen its bytes.
    return undefined;
  }
  return typeof event === "object" && event !== null && "class" in event ? event.class : undefined;
}
