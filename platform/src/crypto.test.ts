import assert from "node:assert/strict";
import { test } from "node:test";
import { createCrypto } from "./crypto.ts";

test("SHA-256 has the values of FIPS 180-4's examples, as plain bytes", () => {
  const { sha256 } = createCrypto();
  const hex = (text: string): string => Buffer.from(sha256(new TextEncoder().encode(text))).toString("hex");
  assert.equal(hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(Object.getPrototypeOf(sha256(new Uint8Array(1))), Uint8Array.prototype);
  assert.equal(hex("b"), Buffer.from(sha256(new Uint8Array([97, 98, 99]).subarray(1, 2))).toString("hex"), "bytes inside a larger buffer");
});
