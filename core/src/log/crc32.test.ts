import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { crc32OfRange } from "./crc32.ts";

test("is the CRC-32 of zlib, over every range", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), fc.nat(40), fc.nat(40), (bytes, before, after) => {
      const start = Math.min(before, bytes.length);
      const end = Math.max(start, bytes.length - after);
      assert.equal(crc32OfRange(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start, end), crc32(bytes.subarray(start, end)));
    }),
    { numRuns: 2000 },
  );
});

test("gives the check value of the CRC catalogue", () => {
  const bytes = new TextEncoder().encode("123456789");
  assert.equal(crc32OfRange(new DataView(bytes.buffer), 0, 9), 0xcbf43926);
});
