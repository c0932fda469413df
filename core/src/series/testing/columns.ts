/** Columns for property tests: every kind of double, and the shapes that the schemes look for. */
import fc from "fast-check";

export const fromBits = (bits: readonly bigint[]): Float64Array => new Float64Array(BigUint64Array.from(bits).buffer);
export const toBits = (values: Float64Array): BigUint64Array => new BigUint64Array(values.buffer, values.byteOffset, values.length);

/** Zeros, infinities, extremes, subnormals, quiet and signalling NaNs with payloads and signs. */
export const specialBits: readonly bigint[] = [
  0x0n, 0x8000000000000000n, 0x7ff0000000000000n, 0xfff0000000000000n, 0x1n, 0x8000000000000001n, 0x000fffffffffffffn, 0x0010000000000000n, 0x7fefffffffffffffn, 0xffefffffffffffffn,
  0x7ff8000000000000n, 0x7ff8000000000001n, 0x7ff0000000000001n, 0xfff8dead_beef0000n, 0x7ff4000012345678n, 0xffffffffffffffffn, 0x3ff0000000000001n, 0x4340000000000000n, 0xc340000000000000n,
];

const anyBits = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
const special = fc.constantFrom(...specialBits);
const columnOf = (bits: fc.Arbitrary<bigint>): fc.Arbitrary<Float64Array> => fc.array(bits, { maxLength: 300, size: "max" }).map(fromBits);
const decimal = fc.tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.integer({ min: 0, max: 9 })).map(([whole, digits]) => whole / 10 ** digits);
const numbers = fc.array(fc.oneof(decimal, fc.double()), { maxLength: 300, size: "max" }).map((values) => Float64Array.from(values));
const ramp = fc
  .tuple(fc.integer({ min: -1e9, max: 2e12 }), fc.integer({ min: 1, max: 60_000 }), fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 300, size: "max" }))
  .map(([start, step, jitter]) => Float64Array.from(jitter, (off, index) => start + index * step + off));
/** A column of decimals with a few of anything in it. */
const patchy = fc
  .tuple(fc.array(decimal, { maxLength: 300, size: "max" }), fc.array(fc.tuple(fc.nat(299), fc.oneof(special, anyBits)), { maxLength: 10 }))
  .map(([values, patches]) => {
    const column = Float64Array.from(values);
    const bits = toBits(column);
    for (const [place, value] of patches) if (place < bits.length) bits[place] = value;
    return column;
  });
const nearby = fc.array(fc.tuple(anyBits, fc.nat(63)), { maxLength: 300, size: "max" }).map((steps) => {
  let before = 0x4045000000000000n;
  return fromBits(steps.map(([bits, shift]) => (before ^= bits >> BigInt(shift))));
});

export const columns: fc.Arbitrary<Float64Array> = fc.oneof(columnOf(anyBits), columnOf(special), numbers, ramp, patchy, nearby);
