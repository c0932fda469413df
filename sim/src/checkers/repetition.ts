/** Two ends of a link that ask each other the same again and again get nowhere: a frame that asks or refuses is not repeated without end. */
import { decodeFrame, type FrameCodec } from "@holon/core/link/frame.ts";

const asking: ReadonlySet<string> = new Set(["offer", "subscribe", "history", "refuse"]);
const windowMs = 60_000;
/** Above what a link that breaks all the time, and is made anew each time, comes to. */
const repeatedMax = 25;
/** Larger ones are records or blobs. */
const lookedAtBytesMax = 16 << 10;
const violationsMax = 20;

export class RepetitionWatch {
  readonly #codec: FrameCodec;
  readonly #seen = new Map<string, { sinceMs: number; count: number }>();
  readonly #violations: string[] = [];

  constructor(codec: FrameCodec) {
    this.#codec = codec;
  }

  get violations(): readonly string[] {
    return this.#violations;
  }

  see({ from, to, frame }: { readonly from: string; readonly to: string; readonly frame: Uint8Array }, nowMs: number): void {
    if (frame[0] !== 0 || frame.length > lookedAtBytesMax) return;
    const text = this.#question(frame);
    if (text === undefined) return;
    const key = `${from} ${to} ${text}`;
    const seen = this.#seen.get(key);
    if (seen === undefined || nowMs - seen.sinceMs > windowMs) {
      this.#seen.set(key, { sinceMs: nowMs, count: 1 });
      return;
    }
    seen.count += 1;
    if (seen.count === repeatedMax + 1 && this.#violations.length < violationsMax) this.#violations.push(`${from} says to ${to} more than ${repeatedMax} times within a minute: ${text.slice(0, 120)}`);
  }

  #question(frame: Uint8Array): string | undefined {
    try {
      const { header } = decodeFrame(frame, this.#codec);
      if (!("op" in header) || !asking.has(header.op)) return undefined;
      // Credit grows from one to the next, whether or not anything else does.
      return JSON.stringify("credit" in header ? { ...header, credit: undefined } : header);
    } catch {
      return undefined; // rubbish: somebody lies
    }
  }
}
