import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createSketch, type Sketch } from "./sketch.ts";

const values = fc.array(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 300 });
const quantiles = fc.double({ min: 0, max: 1, noNaN: true });

function sketchOf(numbers: readonly number[]): Sketch {
  const sketch = createSketch();
  for (const value of numbers) sketch.add(value);
  return sketch;
}

/** The value that the sketch stands for: of rank floor(q (n - 1)), as in the paper. */
const exact = (numbers: readonly number[], q: number): number => numbers.toSorted((a, b) => a - b)[Math.floor(q * (numbers.length - 1))] ?? NaN;

/** The guarantee of DDSketch (VLDB 2019, proposition 4), with room for floating-point steps at the edge of a bin. */
const within = (found: number | undefined, wanted: number): boolean => found !== undefined && Math.abs(found - wanted) <= wanted * 0.01 * (1 + 1e-9);

test("every quantile is within 1 % of the value of its rank", () => {
  fc.assert(fc.property(values, quantiles, (numbers, q) => within(sketchOf(numbers).quantile(q), exact(numbers, q))));
});

test("merging loses nothing: it is the sketch of both together", () => {
  fc.assert(
    fc.property(values, values, (a, b) => {
      const merged = sketchOf(a);
      merged.merge(sketchOf(b));
      const whole = sketchOf([...a, ...b]);
      assert.equal(merged.count(), a.length + b.length);
      for (const q of [0, 0.25, 0.5, 0.9, 0.99, 1]) assert.equal(merged.quantile(q), whole.quantile(q));
    }),
  );
});

test("an empty sketch knows nothing, and what is nothing or less counts as the smallest", () => {
  assert.deepEqual([createSketch().quantile(0.5), createSketch().count()], [undefined, 0]);
  const sketch = sketchOf([0, -5, 10]);
  assert.equal(sketch.count(), 3);
  assert.ok((sketch.quantile(0) ?? 1) < 1.1e-9);
  assert.ok(within(sketch.quantile(1), 10));
});

test("memory is bounded over any range, and the upper quantiles stay good", () => {
  const sketch = createSketch();
  const numbers = Array.from({ length: 5000 }, (_, index) => 1.02 ** (index - 1000));
  for (const value of numbers) sketch.add(value);
  assert.ok(sketch.bins().size <= 2048);
  assert.equal(sketch.count(), 5000);
  for (const q of [0.7, 0.9, 0.99, 1]) assert.ok(within(sketch.quantile(q), exact(numbers, q)), `${q}`);
});
