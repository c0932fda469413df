import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { HolonError } from "../errors.ts";
import type { ErrorBound } from "./bound.ts";
import { decodeColumn, encodeColumn } from "./column.ts";
import { columns, fromBits, specialBits, toBits } from "./testing/columns.ts";

const coded = (error: unknown): boolean => error instanceof HolonError && error.code === "HOLON_SERIES_BAD";

describe("a column without a bound", () => {
  it("comes back bit for bit, whatever the doubles", () => {
    fc.assert(
      fc.property(columns, (values) => {
        const before = toBits(values).slice();
        assert.deepEqual(toBits(decodeColumn(encodeColumn(values), values.length)), before);
        assert.deepEqual(toBits(values), before, "the column itself is left alone");
      }),
      { numRuns: 1_500 },
    );
  });

  it("keeps each special double alone, and between decimals", () => {
    for (const bits of specialBits) {
      for (const column of [[bits], [bits, bits, bits], [0x3ff8000000000000n, bits, 0x4002000000000000n, bits], [bits, ...Array.from({ length: 200 }, () => 0x4059000000000000n)]]) {
        assert.deepEqual([...toBits(decodeColumn(encodeColumn(fromBits(column)), column.length))], column);
      }
    }
  });

  it("is never longer than the plain doubles and a byte", () => {
    fc.assert(fc.property(columns, (values) => assert.ok(encodeColumn(values).length <= 1 + 8 * values.length)));
  });
});

describe("a column with a bound", () => {
  const sizes = fc.oneof(fc.double({ min: 1e-12, max: 1e6, noNaN: true }), fc.constantFrom(0.5, 0.005, 1e-300, 5e-324, 1e300, 2 ** -20));

  /** In whole numbers of 2^-1074, where every double is one: no rounding can hide an error. */
  const exact = (value: number): bigint => {
    const [bits = 0n] = toBits(Float64Array.of(value));
    const exponent = (bits >> 52n) & 0x7ffn;
    const magnitude = exponent === 0n ? bits & 0xfffffffffffffn : ((bits & 0xfffffffffffffn) | 0x10000000000000n) << (exponent - 1n);
    return bits >> 63n === 1n ? -magnitude : magnitude;
  };
  const size = (value: bigint): bigint => (value < 0n ? -value : value);

  const holds = (values: Float64Array, bound: ErrorBound): void => {
    const back = decodeColumn(encodeColumn(values, bound), values.length);
    const [wanted, found] = [toBits(values), toBits(back)];
    values.forEach((value, index) => {
      if (!Number.isFinite(value)) return assert.equal(found[index], wanted[index], "what is not finite has no error to be bounded");
      const error = size(exact(back[index] ?? Number.NaN) - exact(value));
      if ("absolute" in bound) assert.ok(error <= exact(bound.absolute), `${value} came back as ${back[index]}, over ${bound.absolute}`);
      else assert.ok(error << 1074n <= exact(bound.relative) * size(exact(value)), `${value} came back as ${back[index]}, over ${bound.relative} of it`);
    });
  };

  it("is nowhere farther off than the absolute bound", () => fc.assert(fc.property(columns, sizes, (values, absolute) => holds(values, { absolute })), { numRuns: 600 }));

  it("nor where the bound is so small that steps of it are rounded themselves", () => {
    const fine = fc.tuple(fc.array(fc.double({ min: 512, max: 1_024, noNaN: true }), { minLength: 20, maxLength: 100, size: "max" }), fc.integer({ min: 34, max: 46 }));
    fc.assert(fc.property(fine, ([values, bits]) => holds(Float64Array.from(values), { absolute: 1.1 * 2 ** -bits })), { numRuns: 600 });
  });

  it("is nowhere farther off than its part of each value", () => {
    const parts = fc.oneof(fc.double({ min: 1e-14, max: 0.9, noNaN: true }), fc.constantFrom(0.5, 0.01, 1e-3, 2 ** -10, 2 ** -52));
    fc.assert(fc.property(columns, parts, (values, relative) => holds(values, { relative })), { numRuns: 600 });
  });

  it("is shorter for it, where doubles are no decimals", () => {
    const values = Float64Array.from({ length: 2_000 }, (_, index) => 20 + Math.sin(index / 50) + 0.1 * Math.sin(index * 1.7));
    const lossless = encodeColumn(values).length;
    const [absolute, relative] = [encodeColumn(values, { absolute: 0.01 }).length, encodeColumn(values, { relative: 0.001 }).length];
    assert.ok(lossless > 6 * values.length && absolute < lossless / 6 && relative < lossless / 6, `${lossless}, ${absolute}, ${relative}`);
  });
});

test("times that are evenly apart cost next to nothing, with jitter two or three bits", () => {
  const even = Float64Array.from({ length: 4_096 }, (_, index) => 1_583_749_473_000 + 1_000 * index);
  assert.ok(encodeColumn(even).length < 128, `${encodeColumn(even).length}`);
  const jittered = even.map((time, index) => time + ((index * 7) % 3) - 1);
  assert.ok(encodeColumn(jittered).length < (4_096 * 4) / 8);
});

test("decimals cost what their digits do: a tenth of a percent of noise on a level takes about ten bits", () => {
  let seed = 1;
  const values = Float64Array.from({ length: 4_096 }, () => Math.round(230_000 + ((seed = (seed * 1_664_525 + 1_013_904_223) >>> 0) % 230)) / 1_000);
  assert.ok(encodeColumn(values).length < (4_096 * 9) / 8);
});

describe("bytes that nobody encoded", () => {
  it("are a coded error or some column of the count, and end soon", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200, size: "max" }), fc.nat(5_000), (bytes, count) => {
        try {
          assert.equal(decodeColumn(bytes, count).length, count);
        } catch (error) {
          assert.ok(coded(error), String(error));
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it("or that were damaged, cut short or made longer", () => {
    fc.assert(
      fc.property(columns, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.constantFrom("flip", "cut", "more"), (values, place, change, how) => {
        const whole = encodeColumn(values);
        const at = place % whole.length;
        const bytes = how === "cut" ? whole.slice(0, at) : how === "more" ? Uint8Array.of(...whole, change) : whole.map((byte, index) => (index === at ? byte ^ change : byte));
        try {
          assert.equal(decodeColumn(bytes, values.length).length, values.length);
          assert.equal(how, "flip", "a wrong length is always seen");
        } catch (error) {
          assert.ok(coded(error), String(error));
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
