import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { decodeSeries, encodeSeries } from "./series.ts";
import { columns, toBits } from "./testing/columns.ts";

const coded = { code: "HOLON_SERIES_BAD" };
const zeros = (count: number): Float64Array => new Float64Array(count);

describe("a block of columns", () => {
  it("comes back with its names, its times and every bit", () => {
    fc.assert(
      fc.property(columns, fc.array(fc.string({ unit: "grapheme", maxLength: 20 }), { maxLength: 5 }), (values, names) => {
        const series = { times: values, columns: names.map((name) => ({ name, values })) };
        const back = decodeSeries(fromBase64(toBase64(encodeSeries(series))));
        assert.deepEqual(toBits(back.times), toBits(values));
        assert.deepEqual(back.columns.map(({ name }) => name), names);
        for (const column of back.columns) assert.deepEqual(toBits(column.values), toBits(values));
      }),
      { numRuns: 200 },
    );
  });

  it("has its bound by name, and no other column has it", () => {
    const values = Float64Array.from({ length: 500 }, (_, index) => Math.sin(index));
    const back = decodeSeries(encodeSeries({ times: values, columns: [{ name: "rough", values }, { name: "exact", values }] }, { rough: { absolute: 0.01 } }));
    const [rough, exact] = back.columns;
    assert.deepEqual(exact?.values, values);
    assert.notDeepEqual(rough?.values, values);
    assert.ok(rough?.values.every((value, index) => Math.abs(value - (values[index] ?? 0)) <= 0.01));
  });

  it("is not made over the bounds", () => {
    const many = Array.from({ length: limits.seriesColumnsMax + 1 }, (_, index) => ({ name: String(index), values: zeros(1) }));
    for (const series of [
      { times: zeros(limits.seriesRowsMax + 1), columns: [] },
      { times: zeros(1), columns: many },
      { times: zeros(limits.seriesRowsMax), columns: Array.from({ length: 17 }, (_, index) => ({ name: String(index), values: zeros(limits.seriesRowsMax) })) },
      { times: zeros(2), columns: [{ name: "short", values: zeros(1) }] },
      { times: zeros(1), columns: [{ name: "x".repeat(limits.seriesNameBytesMax + 1), values: zeros(1) }] },
    ]) {
      assert.throws(() => encodeSeries(series), coded);
    }
  });

  it("that claims more than the bounds is refused before anything is allocated for it", () => {
    // version, 2^28 rows, one column
    assert.throws(() => decodeSeries(Uint8Array.of(1, 0x80, 0x80, 0x80, 0x80, 1, 1)), coded);
    // the most rows times the most columns
    assert.throws(() => decodeSeries(Uint8Array.of(1, 0x80, 0x80, 4, 0x80, 2)), /values, the limit is/);
    assert.throws(() => decodeSeries(Uint8Array.of(2, 0, 0, 0)), /version 2/);
  });

  it("of arbitrary or damaged bytes is a coded error or a block", () => {
    const some = encodeSeries({ times: zeros(50), columns: [{ name: "a", values: Float64Array.from({ length: 50 }, (_, index) => index / 7) }] });
    const damaged = fc.tuple(fc.nat(some.length - 1), fc.nat(255)).map(([at, byte]) => some.map((old, index) => (index === at ? byte : old)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300, size: "max" }), damaged), (bytes) => {
        try {
          const { times, columns: found } = decodeSeries(bytes);
          for (const { values } of found) assert.equal(values.length, times.length);
        } catch (error) {
          assert.ok(error instanceof HolonError && error.code === "HOLON_SERIES_BAD", String(error));
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("base 64", () => {
  it("is that of others, and back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100, size: "max" }), (bytes) => {
        assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"));
        assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
      }),
    );
  });

  it("of other characters or lengths is refused", () => {
    for (const text of ["A", "AAA", "AAAAA", "A===", "AA=A", "AA A", "====", "ÄÄÄÄ"]) assert.throws(() => fromBase64(text), coded);
  });
});
