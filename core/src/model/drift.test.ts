import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { driftReference, measureDrift } from "./drift.ts";

function draws(start: number): () => number {
  let seed = start;
  return () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
}
/** Twelve draws less their mean are near enough to normal. */
const normal = (uniform: () => number): number => Array.from({ length: 12 }, uniform).reduce((sum, value) => sum + value, -6);
const rowsOf = (rows: number, seed: number, row: (uniform: () => number) => readonly number[]): Float32Array => {
  const uniform = draws(seed);
  return Float32Array.from(Array.from({ length: rows }, () => row(uniform)).flat());
};
const usual = (uniform: () => number): readonly number[] => [normal(uniform), 0, uniform() < 0.3 ? 1 : 0];

test("windows of the same source do not drift: not one of 300, over values, constants and flags", () => {
  const reference = driftReference(rowsOf(500, 1, usual), 3);
  for (let seed = 2; seed < 302; seed++) assert.deepEqual(measureDrift(reference, rowsOf(500, seed * 7_919, usual)).filter(({ drifted }) => drifted), []);
});

test("a shift, a wider spread, a constant that moves either way and a rarer flag are each seen, in their column alone", () => {
  const reference = driftReference(rowsOf(500, 1, usual), 3);
  const changes: readonly (readonly [number, (uniform: () => number) => readonly number[]])[] = [
    [0, (uniform) => [normal(uniform) + 0.8, 0, uniform() < 0.3 ? 1 : 0]],
    [0, (uniform) => [normal(uniform) * 2.5, 0, uniform() < 0.3 ? 1 : 0]],
    [1, (uniform) => [normal(uniform), 0.5, uniform() < 0.3 ? 1 : 0]],
    [1, (uniform) => [normal(uniform), -0.5, uniform() < 0.3 ? 1 : 0]],
    [2, (uniform) => [normal(uniform), 0, uniform() < 0.65 ? 1 : 0]],
  ];
  for (const [column, row] of changes) {
    const drifted = measureDrift(reference, rowsOf(500, 5, row)).filter((one) => one.drifted);
    assert.deepEqual(drifted.map((one) => one.column), [column]);
  }
});

test("both figures are 0 against itself, never negative, and KS is at most 1, whatever the values", () =>
  fc.assert(
    fc.property(fc.array(fc.float({ noNaN: true }), { minLength: 4, maxLength: 60 }), fc.array(fc.float({ noNaN: true }), { minLength: 4, maxLength: 60 }), (then, now) => {
      const reference = driftReference(Float32Array.from(then), 1);
      const [same] = measureDrift(reference, Float32Array.from(then));
      assert.deepEqual([same?.psi, same?.ks], [0, 0]);
      const [other] = measureDrift(reference, Float32Array.from(now));
      assert.ok(other !== undefined && other.psi >= -1e-12 && Number.isFinite(other.psi) && other.ks >= 0 && other.ks <= 1);
    }),
  ));

test("of wide rows as many columns as the limit are followed, from the first on", () => {
  const { columns } = driftReference(new Float32Array(784 * 3), 784);
  assert.deepEqual([columns.length, columns[0]?.column, columns[1]?.column], [64, 0, 12]);
});
