/** One parser that faces outside, and what is right of what it does with rubbish. */
import type { SeededRandom } from "@holon/sim/random.ts";

export interface Target {
  readonly name: string;
  /** Valid inputs, from which others are made. */
  samples(): Promise<readonly Uint8Array[]> | readonly Uint8Array[];
  /** Words of its language, put in here and there. */
  readonly words?: readonly string[];
  /** Makes checksums and lengths hold again, so that what stands behind them is reached too. */
  mend?(input: Uint8Array, random: SeededRandom): Uint8Array;
  /** Throws what a caller would see. A text that it gives is the way it went: inputs that go new ways are kept and changed further. */
  run(input: Uint8Array): unknown;
  /** Errors that its callers know beside `HolonError`. */
  expects?(error: unknown): boolean;
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
/** As far as it is text. */
export const textOf = (bytes: Uint8Array): string => new TextDecoder("utf-8").decode(bytes);
