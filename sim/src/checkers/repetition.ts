/** Two ends of a connection that ask each other the same again and again get nowhere: a frame that asks or refuses is not repeated without end. */
import { crc32 } from "node:zlib";
import { linkDictionary } from "@holon/core/link/dictionary.ts";
import { decodeFrame, type FrameCodec } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import type { TappedFrame } from "../net.ts";

const asking: ReadonlySet<string> = new Set(["offer", "subscribe", "history", "refuse"]);
/** Stands in every frame that asks. */
const askingWord = new RegExp(`"(${[...asking].join("|")})"`);
const flagCompressed = 1;
const windowMs = 60_000;
/** Above what a lane that grows while it is compared comes to. */
const repeatedMax = 25;
/** Larger ones are records or blobs. */
const lookedAtBytesMax = 16 << 10;
const violationsMax = 20;

export class RepetitionWatch {
  readonly #codec: FrameCodec;
  /** By connection, so that what is closed is forgotten, and by a checksum of the question. */
  readonly #seen = new WeakMap<object, Map<number, { sinceMs: number; count: number }>>();
  readonly #violations: string[] = [];

  constructor(codec: FrameCodec) {
    this.#codec = codec;
  }

  get violations(): readonly string[] {
    return this.#violations;
  }

  see({ from, to, frame, end }: TappedFrame, nowMs: number): void {
    if (frame[0] !== 0 || frame.length > lookedAtBytesMax) return;
    const text = this.#question(frame);
    if (text === undefined) return;
    const ofConnection = this.#seen.get(end) ?? new Map<number, { sinceMs: number; count: number }>();
    this.#seen.set(end, ofConnection);
    const key = crc32(text);
    const seen = ofConnection.get(key);
    if (seen === undefined || nowMs - seen.sinceMs > windowMs) {
      ofConnection.set(key, { sinceMs: nowMs, count: 1 });
      return;
    }
    seen.count += 1;
    if (seen.count === repeatedMax + 1 && this.#violations.length < violationsMax) this.#violations.push(`${from} says to ${to} more than ${repeatedMax} times within a minute: ${text.slice(0, 120)}`);
  }

  /** Taking a header apart by its schema is most of the work, and most frames ask nothing. */
  #mayAsk(frame: Uint8Array): boolean {
    const body = ((frame[1] ?? 0) & flagCompressed) === 0 ? frame.subarray(2) : this.#codec.decompress(frame.subarray(2), limits.frameBytesMax, linkDictionary);
    return askingWord.test(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1"));
  }

  #question(frame: Uint8Array): string | undefined {
    try {
      if (!this.#mayAsk(frame)) return undefined;
      const { header } = decodeFrame(frame, this.#codec);
      if (!("op" in header) || !asking.has(header.op)) return undefined;
      // Credit grows from one to the next, whether or not anything else does.
      return JSON.stringify("credit" in header ? { ...header, credit: undefined } : header);
    } catch {
      return undefined; // rubbish: somebody lies
    }
  }
}
