import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "./random.ts";

test("uniform numbers are in [0, 1), fill it evenly, and differ", () => {
  const random = createRandom();
  const numbers = Array.from({ length: 10_000 }, () => random.uniform());
  assert.ok(numbers.every((number) => number >= 0 && number < 1));
  assert.equal(new Set(numbers).size, numbers.length);
  for (let tenth = 0; tenth < 10; tenth++) {
    const count = numbers.filter((number) => Math.floor(number * 10) === tenth).length;
    // 1000 are expected; this is ten standard deviations.
    assert.ok(Math.abs(count - 1000) < 300, `${count} in tenth ${tenth}`);
  }
});

test("bytes are as many as asked and differ each time", () => {
  const random = createRandom();
  assert.equal(random.bytes(0).length, 0);
  assert.equal(random.bytes(13).length, 13);
  assert.notDeepEqual(random.bytes(32), random.bytes(32));
  assert.equal(Object.getPrototypeOf(random.bytes(4)), Uint8Array.prototype);
});
