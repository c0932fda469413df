/**
 * One column of doubles as bytes: the shortest of a few schemes, tried on the column itself.
 *
 *     0 plain      eight bytes each            2 stepped    whole numbers of a step, within an absolute bound
 *     1 decimal    whole numbers of a digit    3 rounded    fewer bits of the significand, within a relative bound
 *                                              4 xor        any bits
 *
 * Without a bound every bit comes back: signed zeros, infinities, subnormals, NaN payloads.
 */
import { significandBits, roundedMapping, stepOf, steppedMapping, type ErrorBound } from "./bound.ts";
import { bad, ByteReader, ByteWriter } from "./bytes.ts";
import { decimalMapping, digitsMax, digitsOf } from "./decimals.ts";
import { readPatched, writePatched, type Mapping } from "./patched.ts";
import { decodeXor, encodeXor } from "./xor.ts";

const schemes = { plain: 0, decimal: 1, stepped: 2, rounded: 3, xor: 4 } as const;

/** Over so many bytes a value, decimals may be none: xor is tried as well. */
const decimalBytesMax = 3;
/** More bits of a significand than this do not fit a whole number together with the exponent. */
const roundedBitsMax = 37;

/** The bound is positive and finite. */
export function encodeColumn(values: Float64Array, bound?: ErrorBound): Uint8Array {
  const lossless = encodeLossless(values);
  const bounded = bound === undefined ? undefined : encodeBounded(values, bound);
  return bounded !== undefined && bounded.length < lossless.length ? bounded : lossless;
}

/** `HOLON_SERIES_BAD`. Allocates for `count` values and no more, whatever the bytes say. */
export function decodeColumn(bytes: Uint8Array, count: number): Float64Array {
  const reader = new ByteReader(bytes);
  const values = readColumn(reader, count);
  reader.end();
  return values;
}

function readColumn(reader: ByteReader, count: number): Float64Array {
  switch (reader.byte()) {
    case schemes.plain:
      return plainValues(reader.bytes(8 * count));
    case schemes.decimal:
      return readPatched(reader, count, decimalMapping(reader.count(digitsMax)).toValue);
    case schemes.stepped:
      return readPatched(reader, count, steppedMapping(reader.double(), 0).toValue);
    case schemes.rounded:
      return readPatched(reader, count, roundedMapping(reader.count(roundedBitsMax), 0).toValue);
    case schemes.xor:
      return decodeXor(reader.piece(), count);
    default:
      throw bad("a column has an unknown scheme");
  }
}

function encodeLossless(values: Float64Array): Uint8Array {
  let best = written(schemes.plain, (writer) => writer.bytes(plainBytes(values)));
  const digits = digitsOf(values);
  if (digits !== undefined) best = shorter(best, patched(schemes.decimal, (writer) => writer.count(digits), values, decimalMapping(digits)));
  if (best.length > decimalBytesMax * values.length) best = shorter(best, written(schemes.xor, (writer) => writer.piece(encodeXor(values))));
  return best;
}

function encodeBounded(values: Float64Array, bound: ErrorBound): Uint8Array | undefined {
  if ("absolute" in bound) {
    const step = stepOf(bound.absolute);
    return patched(schemes.stepped, (writer) => writer.double(step), values, steppedMapping(step, bound.absolute));
  }
  const bits = significandBits(bound.relative);
  return bits > roundedBitsMax ? undefined : patched(schemes.rounded, (writer) => writer.count(bits), values, roundedMapping(bits, bound.relative));
}

const patched = (scheme: number, head: (writer: ByteWriter) => void, values: Float64Array, mapping: Mapping): Uint8Array =>
  written(scheme, (writer) => {
    head(writer);
    writePatched(writer, values, mapping);
  });

function written(scheme: number, write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(scheme);
  write(writer);
  return writer.finish();
}

const shorter = (one: Uint8Array, other: Uint8Array): Uint8Array => (other.length < one.length ? other : one);

/** Little-endian, whatever this machine is: bytes are moved and no value is read. */
function plainBytes(values: Float64Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
  return littleEndian ? bytes : swapped(bytes);
}

function plainValues(bytes: Uint8Array): Float64Array {
  const copy = bytes.slice();
  return new Float64Array((littleEndian ? copy : swapped(copy)).buffer);
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function swapped(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at < bytes.length; at += 8) bytes.subarray(at, at + 8).reverse();
  return bytes;
}
