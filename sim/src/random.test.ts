import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "./random.ts";

test("xoshiro128** gives the words worked out by hand from its definition", () => {
  const random = new SeededRandom("", [1, 2, 3, 4]);
  assert.deepEqual([random.word(), random.word(), random.word()], [11520, 0, 5927040]);
});

test("a path gives its own stream, and forking draws nothing", () => {
  const draws = (random: SeededRandom): readonly number[] => Array.from({ length: 5 }, () => random.uniform());
  assert.deepEqual(draws(new SeededRandom("a").fork("x")), draws(new SeededRandom("a").fork("x")));
  assert.notDeepEqual(draws(new SeededRandom("a").fork("x")), draws(new SeededRandom("a").fork("y")));
  const random = new SeededRandom("a");
  random.fork("x");
  assert.deepEqual(draws(random), draws(new SeededRandom("a")));
});

test("the distributions have their means and bounds", () => {
  const random = new SeededRandom("means");
  const mean = (draw: () => number): number => Array.from({ length: 20_000 }, draw).reduce((sum, value) => sum + value, 0) / 20_000;
  const isNear = (value: number, expected: number): void => assert.ok(Math.abs(value - expected) < expected * 0.03, `${value} for ${expected}`);
  isNear(mean(() => random.uniform()), 0.5);
  isNear(mean(() => random.exponential(40)), 40);
  isNear(mean(() => random.integer(1, 6)), 3.5);
  isNear(mean(() => random.between(10, 30)), 20);
  isNear(mean(() => (random.chance(0.25) ? 1 : 0)), 0.25);
  const faces = new Set(Array.from({ length: 200 }, () => random.integer(1, 6)));
  assert.deepEqual([...faces].sort(), [1, 2, 3, 4, 5, 6]);
  assert.equal(new Set(random.bytes(4096)).size, 256);
});
