/**
 * Any doubles, bit for bit: each exclusive-or with the one before, without the zeros at its ends.
 * (Liakos, Papakonstantinopoulou, Kotidis, "Chimp: efficient lossless floating point compression for time series databases", VLDB 2022.)
 *
 *     00  the same            01  class of leading zeros, length, the bits in between (many zeros at the end)
 *     10  leading zeros as before, the rest      11  class of leading zeros, the rest
 */
import { BitReader, BitWriter } from "./bits.ts";
import { bad } from "./bytes.ts";
import { wordsOf } from "./words.ts";

/** Leading zeros are rounded down to one of these, 3 bits. */
const classes = [0, 8, 12, 16, 18, 20, 22, 24] as const;
/** Below this, trailing zeros are not worth their length. */
const trailingMin = 7;

export function encodeXor(values: Float64Array): Uint8Array {
  const writer = new BitWriter();
  const words = wordsOf(values);
  let [beforeHigh, beforeLow, beforeClass] = [0, 0, -1];
  for (let index = 0; index < values.length; index++) {
    const high = (words.high(index) ^ beforeHigh) >>> 0;
    const low = (words.low(index) ^ beforeLow) >>> 0;
    [beforeHigh, beforeLow] = [words.high(index), words.low(index)];
    if (high === 0 && low === 0) {
      writer.write(0, 2);
      beforeClass = -1;
      continue;
    }
    const leadingClass = classOf(high === 0 ? 32 + Math.clz32(low) : Math.clz32(high));
    const leading = classes[leadingClass] ?? 0;
    const trailing = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low);
    if (trailing >= trailingMin) {
      writer.write(1, 2);
      writer.write(leadingClass, 3);
      writer.write(64 - leading - trailing, 6);
      writeLow(writer, shiftedHigh(high, trailing), shiftedLow(high, low, trailing), 64 - leading - trailing);
      beforeClass = -1;
    } else {
      writer.write(leadingClass === beforeClass ? 2 : 3, 2);
      if (leadingClass !== beforeClass) writer.write(leadingClass, 3);
      writeLow(writer, high, low, 64 - leading);
      beforeClass = leadingClass;
    }
  }
  return writer.finish();
}

export function decodeXor(bytes: Uint8Array, count: number): Float64Array {
  const values = new Float64Array(count);
  const words = wordsOf(values);
  const reader = new BitReader(bytes);
  let [high, low, beforeClass] = [0, 0, -1];
  for (let index = 0; index < count; index++) {
    const flag = reader.read(2);
    if (flag === 1) {
      const leading = classes[reader.read(3)] ?? 0;
      const length = reader.read(6);
      const trailing = 64 - leading - length;
      if (trailing < 0) throw bad("a value is longer than 64 bits");
      const [partHigh, partLow] = readLow(reader, length);
      high ^= trailing >= 32 ? (trailing === 64 ? 0 : partLow << (trailing - 32)) : trailing === 0 ? partHigh : (partHigh << trailing) | (partLow >>> (32 - trailing));
      low ^= trailing >= 32 ? 0 : partLow << trailing;
      beforeClass = -1;
    } else if (flag > 1) {
      if (flag === 3) beforeClass = reader.read(3);
      if (beforeClass < 0) throw bad("a value refers to zeros that no value before it told");
      const [partHigh, partLow] = readLow(reader, 64 - (classes[beforeClass] ?? 0));
      high ^= partHigh;
      low ^= partLow;
    } else beforeClass = -1;
    words.set(index, high >>> 0, low >>> 0);
  }
  return values;
}

function classOf(leading: number): number {
  let found = 0;
  while (found < 7 && (classes[found + 1] ?? 65) <= leading) found += 1;
  return found;
}

/** The low `width` bits of a pair of words; `width` is below 64 or the value fills both. */
function writeLow(writer: BitWriter, high: number, low: number, width: number): void {
  if (width > 32) writer.write(high, width - 32);
  writer.write(low, Math.min(32, width));
}

function readLow(reader: BitReader, width: number): readonly [number, number] {
  const high = width > 32 ? reader.read(width - 32) : 0;
  return [high, reader.read(Math.min(32, width))];
}

const shiftedHigh = (high: number, by: number): number => (by >= 32 ? 0 : high >>> by);
const shiftedLow = (high: number, low: number, by: number): number => (by >= 32 ? high >>> (by - 32) : by === 0 ? low : ((low >>> by) | (high << (32 - by))) >>> 0);
const trailingZeros = (word: number): number => 31 - Math.clz32(word & -word);
