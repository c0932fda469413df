import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HolonError } from "../errors.ts";
import { decodeParameters, encodeParameters } from "./parameters.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

const tensors = { scale: { shape: [2], values: Float32Array.of(1, 1e30) }, mean: { shape: [1, 2], values: Float32Array.of(-0.5, Infinity) }, none: { shape: [0], values: new Float32Array(0) } };
const file = encodeSafetensors({ tensors, metadata: { b: "2", a: "ü" } });
const isBad = (error: unknown): boolean => error instanceof HolonError && error.code === "HOLON_BLOB_BAD" && error.message.includes("blob-1");

test("the bytes are those of the format: length, JSON header, values in the order of names", () => {
  const view = new DataView(file.buffer);
  const length = Number(view.getBigUint64(0, true));
  assert.equal((8 + length) % 8, 0);
  const header: unknown = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  assert.deepEqual(header, {
    __metadata__: { a: "ü", b: "2" },
    mean: { dtype: "F32", shape: [1, 2], data_offsets: [0, 8] },
    none: { dtype: "F32", shape: [0], data_offsets: [8, 8] },
    scale: { dtype: "F32", shape: [2], data_offsets: [8, 16] },
  });
  assert.equal(view.getFloat32(8 + length, true), -0.5);
  assert.equal(file.length, 8 + length + 16);
});

test("what is encoded is decoded, from any place in a buffer", () => {
  const shifted = new Uint8Array(file.length + 3);
  shifted.set(file, 3);
  assert.deepEqual(decodeSafetensors(shifted.subarray(3), "blob-1"), { tensors: { mean: tensors.mean, none: tensors.none, scale: tensors.scale }, metadata: { a: "ü", b: "2" } });
});

test("the order in which tensors and metadata are given does not show", () =>
  assert.deepEqual(encodeSafetensors({ tensors: { none: tensors.none, scale: tensors.scale, mean: tensors.mean }, metadata: { a: "ü", b: "2" } }), file));

const withHeader = (header: unknown, dataBytes: number): Uint8Array => {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
};
const entry = (from: number, to: number, shape = [(to - from) / 4], dtype = "F32") => ({ dtype, shape, data_offsets: [from, to] });
const damaged: readonly (readonly [string, Uint8Array])[] = [
  ["nothing", new Uint8Array(0)],
  ["a header that is cut off", file.subarray(0, 20)],
  ["a header longer than the limit", Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255)],
  ["a header that is no JSON", withHeader("{", 0)],
  ["a header that is a list", withHeader([], 0)],
  ["another element type", withHeader({ a: entry(0, 4, [2], "F16") }, 4)],
  ["a hole", withHeader({ a: entry(0, 4), b: entry(8, 12) }, 12)],
  ["an overlap", withHeader({ a: entry(0, 8), b: entry(4, 12) }, 12)],
  ["a shape that does not fit", withHeader({ a: entry(0, 8, [3]) }, 8)],
  ["values that are cut off", withHeader({ a: entry(0, 8) }, 4)],
  ["values too many", withHeader({ a: entry(0, 8) }, 12)],
  ["offsets that run back", withHeader({ a: entry(8, 0, [0]) }, 8)],
];
for (const [what, bytes] of damaged) test(`${what} is refused`, () => assert.throws(() => decodeSafetensors(bytes, "blob-1"), isBad));

test("whatever the bytes, decoding ends with a file or with a coded error", () =>
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.nat(255), (index, byte) => {
      const bytes = file.slice();
      bytes[index] = byte;
      try {
        decodeSafetensors(bytes, "blob-1");
      } catch (error) {
        assert.ok(isBad(error), String(error));
      }
    }),
  ));

test("parameters carry where they came from, and none are taken without it", () => {
  const fitted = { model: "pca", subject: "pump-7", parameters: { scale: tensors.scale }, note: "rows 400" };
  const blob = encodeParameters(fitted, { producer: "node", node: "gateway-1", unit: "pump-watch/judge", fittedFrom: "gateway-1/e/local/400" });
  assert.deepEqual(decodeParameters(blob, "blob-1"), {
    fitted,
    provenance: { producer: "node", node: "gateway-1", unit: "pump-watch/judge", model: "pca", subject: "pump-7", note: "rows 400", fittedFrom: "gateway-1/e/local/400" },
  });
  assert.throws(() => decodeParameters(file, "blob-1"), isBad);
});
