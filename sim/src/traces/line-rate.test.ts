import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "../random.ts";
import { LineRate } from "./line-rate.ts";

test("bytes leave as the recording carried them: through a stretch of nothing, and round its end", () => {
  const rate = new LineRate("test", [{ atMs: 0, bytesPerMs: 2 }, { atMs: 100, bytesPerMs: 0 }, { atMs: 300, bytesPerMs: 1 }], 400);
  assert.equal(rate.leavesMs(0, 100), 50);
  assert.equal(rate.leavesMs(0, 200), 100);
  assert.equal(rate.leavesMs(100, 1), 301);
  assert.equal(rate.leavesMs(50, 110), 310);
  assert.equal(rate.leavesMs(150, 10), 310);
  assert.equal(rate.leavesMs(350, 60), 405);
  assert.equal(rate.leavesMs(0, 3_000 + 40), 4_020);
  assert.equal(rate.meanBytesPerMs, 0.75);
});

test("what leaves one after the other takes as long as all of it together, wherever the recording began", () => {
  const random = new SeededRandom("rates");
  for (let round = 0; round < 50; round++) {
    const points = Array.from({ length: random.integer(1, 30) }, (_, index) => ({ atMs: index * 500, bytesPerMs: random.chance(0.3) ? 0 : random.between(0.1, 50) }));
    const rate = new LineRate("test", [{ atMs: 0, bytesPerMs: 1 }, ...points.slice(1)], points.length * 500).from(random);
    const startMs = random.between(0, 100_000);
    let atMs = startMs;
    let bytes = 0;
    for (let frame = 0; frame < 20; frame++) {
      const size = random.integer(1, 20_000);
      const before = atMs;
      atMs = rate.leavesMs(atMs, size);
      bytes += size;
      assert.ok(atMs >= before);
    }
    assert.ok(Math.abs(rate.leavesMs(startMs, bytes) - atMs) < 1, `${rate.leavesMs(startMs, bytes)} and ${atMs}`);
  }
});
