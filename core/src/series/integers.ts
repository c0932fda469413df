/**
 * Whole numbers, made small and then written in as few bits as they need.
 *
 *     order 0: value - least      order 1: difference from the one before      order 2: difference of differences
 *     blocks of 64:  0, width  →  each in `width` bits       1, shift  →  Rice code: quotient in ones and a zero, rest in `shift` bits
 *
 * The order and each block's form are those that come out shortest. Differences of differences: Pelkonen et al., "Gorilla", VLDB 2015.
 * Rice, "Some practical universal noiseless coding techniques", JPL 79-22.
 */
import { BitReader, BitWriter } from "./bits.ts";
import { bad } from "./bytes.ts";

/** Two differences of numbers up to this stay exact in a double, with a bit for the sign. */
export const integerMax = 2 ** 49;

const blockSize = 64;
const shiftMax = 52;
const quotientMax = 20;
const rawBits = 53;
/** Of the least value or the first: room for `integerMax` and a sign. */
const baseBits = 51;

type Order = 0 | 1 | 2;

/** Each from -`integerMax` to `integerMax`. */
export function encodeIntegers(values: Float64Array): Uint8Array {
  const writer = new BitWriter();
  if (values.length === 0) return writer.finish();
  let best = residuals(values, 0);
  for (const order of [1, 2] as const) {
    const other = residuals(values, order);
    if (other.bits < best.bits) best = other;
  }
  writer.write(best.order, 2);
  writer.write(zigzag(best.base), baseBits);
  for (const { form, from, to } of best.blocks) writeBlock(writer, best.values, from, to, form);
  return writer.finish();
}

export function decodeIntegers(bytes: Uint8Array, count: number): Float64Array {
  const values = new Float64Array(count);
  if (count === 0) return values;
  const reader = new BitReader(bytes);
  const order = reader.read(2);
  if (order > 2) throw bad("a column of whole numbers has an unknown order");
  const base = unzigzag(reader.read(baseBits));
  for (let from = 0; from < count; from += blockSize) readBlock(reader, values, from, Math.min(count, from + blockSize));
  let before = base;
  let slope = 0;
  for (let index = 0; index < count; index++) {
    const residual = values[index] ?? 0;
    if (order === 0) before = base + residual;
    else if (order === 1) before += unzigzag(residual);
    else {
      slope += unzigzag(residual);
      before += slope;
    }
    if (before > integerMax || before < -integerMax) throw bad("a whole number is out of range");
    values[index] = before;
  }
  return values;
}

interface Form {
  readonly rice: boolean;
  /** Of a whole value, or of the rest. */
  readonly width: number;
  readonly bits: number;
}

interface Residuals {
  readonly order: Order;
  readonly base: number;
  readonly values: Float64Array;
  readonly blocks: readonly { readonly form: Form; readonly from: number; readonly to: number }[];
  readonly bits: number;
}

function residuals(values: Float64Array, order: Order): Residuals {
  const made = new Float64Array(values.length);
  let base = values[0] ?? 0;
  if (order === 0) {
    for (const value of values) if (value < base) base = value;
    for (let index = 0; index < values.length; index++) made[index] = (values[index] ?? 0) - base;
  } else {
    let before = base;
    let slope = 0;
    for (let index = 0; index < values.length; index++) {
      const value = values[index] ?? 0;
      const difference = value - before;
      made[index] = zigzag(order === 1 ? difference : difference - slope);
      slope = difference;
      before = value;
    }
  }
  const blocks = [];
  let bits = 0;
  for (let from = 0; from < made.length; from += blockSize) {
    const to = Math.min(made.length, from + blockSize);
    const form = shortestForm(made, from, to);
    blocks.push({ form, from, to });
    bits += form.bits;
  }
  return { order, base, values: made, blocks, bits };
}

function shortestForm(values: Float64Array, from: number, to: number): Form {
  let largest = 0;
  let sum = 0;
  for (let index = from; index < to; index++) {
    const value = values[index] ?? 0;
    sum += value;
    if (value > largest) largest = value;
  }
  const width = bitsOf(largest);
  let best: Form = { rice: false, width, bits: (to - from) * width };
  const near = bitsOf(Math.floor(sum / (to - from)));
  for (let shift = Math.max(0, near - 2); shift <= Math.min(shiftMax, near + 1); shift++) {
    const bits = riceBits(values, from, to, shift);
    if (bits < best.bits) best = { rice: true, width: shift, bits };
  }
  return best;
}

function riceBits(values: Float64Array, from: number, to: number, shift: number): number {
  const divisor = 2 ** shift;
  let bits = (to - from) * (shift + 1);
  for (let index = from; index < to; index++) {
    const quotient = Math.floor((values[index] ?? 0) / divisor);
    bits += quotient < quotientMax ? quotient : quotientMax + rawBits - shift - 1;
  }
  return bits;
}

function writeBlock(writer: BitWriter, values: Float64Array, from: number, to: number, { rice, width }: Form): void {
  writer.write(rice ? 1 : 0, 1);
  writer.write(width, 6);
  const divisor = 2 ** width;
  for (let index = from; index < to; index++) {
    const value = values[index] ?? 0;
    const quotient = Math.floor(value / divisor);
    if (!rice) writer.write(value, width);
    else if (quotient < quotientMax) {
      writer.write(2 ** (quotient + 1) - 2, quotient + 1);
      writer.write(value - quotient * divisor, width);
    } else {
      writer.write(2 ** quotientMax - 1, quotientMax);
      writer.write(value, rawBits);
    }
  }
}

function readBlock(reader: BitReader, values: Float64Array, from: number, to: number): void {
  const rice = reader.read(1) === 1;
  const width = reader.read(6);
  if (width > rawBits) throw bad("a value is wider than a double is exact");
  const divisor = 2 ** width;
  for (let index = from; index < to; index++) values[index] = rice ? readRice(reader, width, divisor) : reader.read(width);
}

function readRice(reader: BitReader, width: number, divisor: number): number {
  let quotient = 0;
  while (quotient < quotientMax && reader.read(1) === 1) quotient += 1;
  return quotient === quotientMax ? reader.read(rawBits) : quotient * divisor + reader.read(width);
}

const zigzag = (value: number): number => (value >= 0 ? 2 * value : -2 * value - 1);
const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

/** How many bits a whole number takes; 0 for 0. */
function bitsOf(value: number): number {
  if (value < 2 ** 31) return 32 - Math.clz32(value);
  return 63 - Math.clz32(Math.floor(value / 2 ** 31));
}
