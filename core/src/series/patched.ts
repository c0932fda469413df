/**
 * A column as whole numbers and what they stand for; the doubles that do not come back as they must are patched in, bit for bit.
 * Each value is turned back and looked at before it is trusted, so a column is right whatever the arithmetic does.
 */
import { bad, type ByteReader, type ByteWriter } from "./bytes.ts";
import { decodeIntegers, encodeIntegers, integerMax } from "./integers.ts";
import { decodeXor, encodeXor } from "./xor.ts";

export interface Mapping {
  toInteger(value: number): number;
  toValue(integer: number): number;
  /** Whether what comes back is good enough. */
  accepts(value: number, back: number): boolean;
}

export function writePatched(writer: ByteWriter, values: Float64Array, { toInteger, toValue, accepts }: Mapping): void {
  const integers = new Float64Array(values.length);
  const patched: number[] = [];
  let before = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0;
    const integer = toInteger(value) + 0; // a whole number has no negative zero
    if (integer <= integerMax && integer >= -integerMax && accepts(value, toValue(integer))) before = integer;
    else patched.push(index);
    integers[index] = before;
  }
  // Values ahead of the first that fits stand for nothing: they are made equal to it.
  for (let index = 0; index < patched.length && patched[index] === index; index++) integers[index] = integers[patched.length] ?? 0;
  writer.count(patched.length);
  writer.piece(encodeIntegers(integers));
  if (patched.length === 0) return;
  writer.piece(encodeIntegers(Float64Array.from(patched)));
  writer.piece(encodeXor(pick(values, patched)));
}

export function readPatched(reader: ByteReader, count: number, toValue: Mapping["toValue"]): Float64Array {
  const patches = reader.count(count);
  const values = decodeIntegers(reader.piece(), count);
  for (let index = 0; index < count; index++) values[index] = toValue(values[index] ?? 0);
  if (patches === 0) return values;
  const places = decodeIntegers(reader.piece(), patches);
  const exact = bitsOf(decodeXor(reader.piece(), patches));
  const target = bitsOf(values);
  places.forEach((place, index) => {
    if (!(place >= 0 && place < count)) throw bad("a patch lies outside its column");
    target[place] = exact[index] ?? 0n;
  });
  return values;
}

/** Copied as bits: assigning a NaN as a number may change it. */
function pick(values: Float64Array, places: readonly number[]): Float64Array {
  const from = bitsOf(values);
  const picked = new BigUint64Array(places.length);
  places.forEach((place, index) => (picked[index] = from[place] ?? 0n));
  return new Float64Array(picked.buffer);
}

const bitsOf = (values: Float64Array): BigUint64Array => new BigUint64Array(values.buffer, values.byteOffset, values.length);
