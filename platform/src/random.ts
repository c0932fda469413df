import { randomFillSync } from "node:crypto";
import type { Random } from "@holon/core/ports.ts";

/** Chance from the system's generator, for `uniform` too: jitter that can be predicted is no jitter. */
export function createRandom(): Random {
  const words = new Uint32Array(128);
  let used = words.length;
  const word = (): number => {
    if (used === words.length) {
      randomFillSync(words);
      used = 0;
    }
    return words[used++] ?? 0;
  };
  return {
    uniform: () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53,
    bytes: (length) => randomFillSync(new Uint8Array(length)),
  };
}
