import assert from "node:assert/strict";
import { test } from "node:test";
import { checkFairShare, type StormWait } from "./fair-share.ts";

const bounds = { factorMax: 3, floorMs: 100 };
/** A hundred nodes of 1,000 bytes, one every 10 ms; the parent does one in 20 ms. `place` says when each has its turn. */
const storm = (place: (index: number) => number): StormWait[] =>
  Array.from({ length: 100 }, (_, index) => ({ node: `node-${index}`, arrivedMs: index * 10, servedMs: 1_000 + (place(index) + 1) * 20, bytes: 1_000 }));

test("served in the order of coming, every wait is about its share", () => {
  const waits = storm((index) => index).map((wait, index) => ({ ...wait, servedMs: (index + 1) * 20 }));
  const { violations, factorHigh, waitMsHigh } = checkFairShare(waits, bounds);
  assert.deepEqual(violations, []);
  assert.ok(factorHigh <= 1.01 && waitMsHigh === 1_010);
});

test("who came first and is served last waited too long", () => {
  const { violations } = checkFairShare(storm((index) => 99 - index), bounds);
  assert.match(violations[0] ?? "", /node-0 waited 3000 ms, \d+\.\d times its fair share/);
});

test("one that is forgotten while the others are served is seen", () => {
  const waits = storm((index) => index).map((wait, index) => ({ ...wait, servedMs: index === 7 ? 90_000 : (index + 1) * 20 }));
  const { violations } = checkFairShare(waits, bounds);
  assert.equal(violations.length, 1);
  assert.match(violations[0] ?? "", /^node-7 waited/);
});

test("one that is never served is named", () => {
  const waits = storm((index) => index).map((wait, index) => ({ ...wait, servedMs: index === 99 ? undefined : (index + 1) * 20 }));
  assert.deepEqual(checkFairShare(waits, bounds).violations, ["node-99 was never served"]);
});

test("who brings much may wait as long as equal shares make it", () => {
  const big: StormWait = { node: "big", arrivedMs: 0, servedMs: 3_000, bytes: 50_000 };
  const small = Array.from({ length: 100 }, (_, index): StormWait => ({ node: `node-${index}`, arrivedMs: index * 10, servedMs: index * 10 + 200, bytes: 1_000 }));
  assert.deepEqual(checkFairShare([big, ...small], bounds).violations, []);
});
