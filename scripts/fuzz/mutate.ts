/** Makes another input of one: a few small changes, or one large. */
import type { SeededRandom } from "@holon/sim/random.ts";
import { bytesOf } from "./target.ts";

export const inputBytesMax = 64 << 10;

const numbers = [0, 1, 127, 128, 255, 256, 32_767, 65_535, 65_536, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const texts = ["", "0", "-1", "1e999", "9007199254740993", "null", "true", "[]", "{}", '""', '"__proto__"', "[[[[[[[[", "{\"a\":".repeat(40), "\u0000", "\ud7ff", "é", "..", "/", "%00", "%", "*", "\n", "\r\n", "\t", " ".repeat(100), "a".repeat(1_000), "&a [*a,*a]"];

export function mutate(input: Uint8Array, others: readonly Uint8Array[], words: readonly string[], random: SeededRandom): Uint8Array {
  let bytes = input;
  for (let left = 1 + Math.floor(random.exponential(2)); left > 0; left--) bytes = once(bytes, others, words, random).subarray(0, inputBytesMax);
  return bytes.slice();
}

function once(bytes: Uint8Array, others: readonly Uint8Array[], words: readonly string[], random: SeededRandom): Uint8Array {
  const at = random.integer(0, bytes.length);
  const to = Math.min(bytes.length, at + 1 + Math.floor(random.exponential(12)));
  const replace = (by: Uint8Array): Uint8Array => joined(bytes.subarray(0, at), by, bytes.subarray(to));
  switch (random.integer(0, 11)) {
    case 0:
    case 1:
      return changed(bytes, at, (byte) => byte ^ (1 << random.integer(0, 7)));
    case 2:
      return changed(bytes, at, () => random.integer(0, 255));
    case 3:
    case 4:
      return withNumber(bytes, at, random);
    case 5:
      return replace(new Uint8Array(0));
    case 6:
      return replace(joined(bytes.subarray(at, to), bytes.subarray(at, to)));
    case 7:
      return joined(bytes.subarray(0, at), bytesOf(texts[random.integer(0, texts.length - 1)] ?? ""), bytes.subarray(random.chance(0.5) ? at : to));
    case 8:
      return joined(bytes.subarray(0, at), bytesOf(words[random.integer(0, words.length - 1)] ?? ""), bytes.subarray(random.chance(0.5) ? at : to));
    case 9:
      return bytes.subarray(0, at);
    case 10: {
      const other = others[random.integer(0, others.length - 1)] ?? bytes;
      return joined(bytes.subarray(0, at), other.subarray(random.integer(0, other.length)));
    }
    default: {
      const piece = bytes.subarray(at, to);
      return joined(bytes.subarray(0, at), ...Array.from({ length: random.integer(1, 200) }, () => piece), bytes.subarray(at));
    }
  }
}

function changed(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const copy = bytes.slice();
  if (at < copy.length) copy[at] = change(copy[at] ?? 0);
  return copy;
}

/** A number that somebody may have forgotten, where perhaps a length stands. */
function withNumber(bytes: Uint8Array, at: number, random: SeededRandom): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const value = (numbers[random.integer(0, numbers.length - 1)] ?? 0) + random.integer(-1, 1);
  const isLittle = random.chance(0.5);
  const room = copy.length - at;
  if (room >= 8 && random.chance(0.2)) view.setFloat64(at, random.chance(0.5) ? value * 2 ** random.integer(0, 40) : [NaN, Infinity, -1, 8.64e15 + 1][random.integer(0, 3)] ?? 0, isLittle);
  else if (room >= 4 && random.chance(0.6)) view.setUint32(at, value >>> 0, isLittle);
  else if (room >= 2) view.setUint16(at, value & 0xffff, isLittle);
  return copy;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
