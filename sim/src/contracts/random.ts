import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Random } from "@holon/core/ports.ts";

/** What every Random port promises. */
export function randomContract(name: string, create: () => Random): void {
  describe(`random contract: ${name}`, () => {
    it("gives uniform numbers in [0, 1), which fill it evenly and differ", () => {
      const random = create();
      const numbers = Array.from({ length: 10_000 }, () => random.uniform());
      assert.ok(numbers.every((number) => number >= 0 && number < 1));
      assert.ok(new Set(numbers).size > 9_990);
      for (let tenth = 0; tenth < 10; tenth++) {
        const count = numbers.filter((number) => Math.floor(number * 10) === tenth).length;
        // 1000 are expected; this is ten standard deviations.
        assert.ok(Math.abs(count - 1000) < 300, `${count} in tenth ${tenth}`);
      }
    });

    it("gives as many bytes as are asked for, others each time, of every value", () => {
      const random = create();
      assert.equal(random.bytes(0).length, 0);
      assert.equal(random.bytes(13).length, 13);
      assert.notDeepEqual(random.bytes(32), random.bytes(32));
      assert.equal(Object.getPrototypeOf(random.bytes(4)), Uint8Array.prototype);
      assert.equal(new Set(random.bytes(8_192)).size, 256);
    });
  });
}
