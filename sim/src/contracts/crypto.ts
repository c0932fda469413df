import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Cipher, Crypto } from "@holon/core/ports.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What every Crypto port promises. */
export function cryptoContract(name: string, create: () => Crypto): void {
  describe(`crypto contract: ${name}`, () => {
    it("SHA-256 has the values of FIPS 180-4's examples, as plain bytes", () => {
      const { sha256 } = create();
      const hex = (bytes: Uint8Array): string => Buffer.from(sha256(bytes)).toString("hex");
      assert.equal(hex(bytesOf("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
      assert.equal(hex(new Uint8Array(0)), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
      assert.equal(hex(bytesOf("xabcx").subarray(1, 4)), hex(bytesOf("abc")), "bytes inside a larger buffer");
      assert.equal(Object.getPrototypeOf(sha256(new Uint8Array(1))), Uint8Array.prototype);
    });
  });
}

/** What every Cipher port promises. */
export function cipherContract(name: string, create: () => Cipher): void {
  describe(`cipher contract: ${name}`, () => {
    const place = { generation: 1, segment: 7 };
    const associated = bytesOf("header");
    const plain = bytesOf("what nobody is to read, and some more of it");

    it("gives back what it hid, under the same key, nonce and company", () => {
      const cipher = create();
      const nonce = cipher.nonce();
      const { bytes, tag } = cipher.encrypt(place, nonce, plain, associated);
      assert.deepEqual([bytes.length, tag.length, nonce.length], [plain.length, 16, 12]);
      assert.ok(!Buffer.from(bytes).includes("nobody"));
      assert.deepEqual(cipher.decrypt(place, nonce, bytes, associated, tag), { bytes: plain, isAuthentic: true });
    });

    it("says of whatever was changed that nobody vouches for it, and reads the same bits of the others", () => {
      const cipher = create();
      const nonce = cipher.nonce();
      const { bytes, tag } = cipher.encrypt(place, nonce, plain, associated);
      const flipped = bytes.slice();
      flipped[5] = (flipped[5] ?? 0) ^ 4;
      const read = cipher.decrypt(place, nonce, flipped, associated, tag);
      assert.equal(read.isAuthentic, false);
      assert.deepEqual([...read.bytes].flatMap((byte, index) => (byte === plain[index] ? [] : [[index, byte ^ (plain[index] ?? 0)]])), [[5, 4]]);
      assert.equal(cipher.decrypt(place, nonce, bytes, bytesOf("other"), tag).isAuthentic, false);
      assert.equal(cipher.decrypt({ ...place, segment: 8 }, nonce, bytes, associated, tag).isAuthentic, false);
      assert.equal(cipher.decrypt(place, nonce, bytes, associated, tag.map((byte) => byte ^ 1)).isAuthentic, false);
    });

    it("gives no nonce twice, and holds the generation that it writes under and no other", () => {
      const cipher = create();
      assert.equal(new Set(Array.from({ length: 1_000 }, () => Buffer.from(cipher.nonce()).toString("hex"))).size, 1_000);
      assert.deepEqual([cipher.holds(cipher.generation ?? 0), cipher.holds(99)], [true, false]);
    });
  });
}
