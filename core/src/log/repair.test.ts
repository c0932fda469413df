import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { flipBit, mendByCrc } from "./repair.ts";

test("any single flipped bit of the data is found and mended", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.nat(), (bytes, chance) => {
      const stored = crc32(bytes);
      const damaged = bytes.slice();
      flipBit(damaged, chance % (bytes.length * 8));
      assert.equal(mendByCrc(damaged, stored, crc32(damaged)), "mended");
      assert.deepEqual(damaged, bytes);
    }),
  );
});

test("a flipped bit of the checksum leaves the data as they are", () => {
  const bytes = new TextEncoder().encode("what was written");
  for (let bit = 0; bit < 32; bit++) {
    const copy = bytes.slice();
    assert.equal(mendByCrc(copy, (crc32(bytes) ^ (1 << bit)) >>> 0, crc32(copy)), "mended");
    assert.deepEqual(copy, bytes);
  }
});

test("a burst of damage is not taken for a flipped bit", () => {
  const bytes = new TextEncoder().encode("what was written, and then some more of it");
  const damaged = bytes.slice();
  damaged.fill(0xaa, 5, 20);
  assert.equal(mendByCrc(damaged, crc32(bytes), crc32(damaged)), "damaged");
});
