import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { Codec } from "@holon/core/ports.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const isFrameBad = (error: unknown): boolean => error instanceof HolonError && error.code === "HOLON_FRAME_BAD";
/** Text that shrinks, as batches of JSON do. */
const batch = text(JSON.stringify(Array.from({ length: 500 }, (_, index) => ({ type: "pump.reading", subject: `pump-${index % 8}`, value: index / 7 }))));

/** What every codec promises. */
export function codecContract(name: string, create: () => Codec): void {
  describe(`codec contract: ${name}`, () => {
    const codec = create();

    it("has the check value of CRC-32", () => assert.equal(codec.crc32(text("123456789")), 0xcbf43926));

    it("gives back what it compressed, as plain bytes", () => {
      for (const bytes of [new Uint8Array(0), text("x"), batch, new Uint8Array(300_000).fill(7)]) {
        const content = codec.decompress(codec.compress(bytes), bytes.length);
        assert.deepEqual(content, bytes);
        assert.equal(Object.getPrototypeOf(content), Uint8Array.prototype);
      }
    });

    it("makes batches at least four times smaller", () => assert.ok(codec.compress(batch).length * 4 < batch.length));

    it("makes a Zstandard frame with a content checksum", () => {
      const [first, second, third, fourth, descriptor = 0] = codec.compress(batch);
      assert.deepEqual([first, second, third, fourth], [0x28, 0xb5, 0x2f, 0xfd]);
      // RFC 8878, section 3.1.1.1.1: bit 2 of the descriptor.
      assert.equal(descriptor & 4, 4);
    });

    it("compresses bytes inside a larger buffer", () => {
      const inside = new Uint8Array([9, ...batch, 9]).subarray(1, -1);
      assert.deepEqual(codec.decompress(codec.compress(inside), batch.length), batch);
    });

    it("refuses content over the bound", () => {
      const bomb = codec.compress(new Uint8Array(1 << 20));
      assert.throws(() => codec.decompress(bomb, (1 << 20) - 1), isFrameBad);
      assert.throws(() => codec.decompress(codec.compress(text("x")), 0), isFrameBad);
    });

    it("refuses what is not compressed, cut short or changed", () => {
      const whole = codec.compress(batch);
      const changed = whole.slice();
      const middle = whole.length >> 1;
      changed[middle] = (changed[middle] ?? 0) ^ 1;
      for (const bytes of [text("no frame at all"), whole.subarray(0, -1), whole.subarray(0, 3), new Uint8Array(0), changed]) {
        assert.throws(() => codec.decompress(bytes, batch.length), isFrameBad);
      }
    });
  });
}
