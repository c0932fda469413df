import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { encodeParameters } from "@holon/core/model/parameters.ts";
import { createCipher } from "@holon/platform/cipher.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { integrity, tempFolder } from "../testing/temp-log.ts";
import { openBlobStore } from "./store.ts";

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const fittedBy = (producer: "node" | "publisher", note = ""): Uint8Array => encodeParameters({ model: "pca", subject: "jane-doe", note, parameters: { mean: { shape: [2], values: Float32Array.of(71.5, 3) } } }, { producer, node: "gateway-1", unit: "a/f" });

test("what was fitted is read by its name and by no other way, and is sealed where the log is", async (context) => {
  const folder = tempFolder(context);
  const sealed = { ...integrity, cipher: createCipher(new Map([[1, new Uint8Array(32)]]), 1) };
  const blobs = await openBlobStore(createDisk(folder), sealed);
  const hash = await blobs.own.put(fittedBy("node"));
  for (const store of [blobs, await openBlobStore(createDisk(folder), sealed)]) {
    assert.deepEqual(await store.own.read(hash), fittedBy("node"));
    assert.deepEqual([await store.has(hash), await store.piece(hash, 0, 100)], [false, undefined]);
    await assert.rejects(store.read(hash), { code: "HOLON_BLOB_MISSING" });
  }
  const lying = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  assert.ok(lying.length > 0 && lying.every((bytes) => !bytes.includes("jane-doe")));
  await blobs.own.remove(hash);
  await assert.rejects(blobs.own.read(hash), { code: "HOLON_BLOB_MISSING" });
  assert.deepEqual(readdirSync(join(folder, "fitted")), []);
});

for (const isSealed of [false, true]) {
  test(`one flipped bit is mended, more is told and gone${isSealed ? ", sealed too" : ""}`, async (context) => {
    const folder = tempFolder(context);
    const kept = isSealed ? { ...integrity, cipher: createCipher(new Map([[1, new Uint8Array(32)]]), 1) } : integrity;
    const { own } = await openBlobStore(createDisk(folder), kept);
    const hash = await own.put(fittedBy("node"));
    const path = join(folder, "fitted", hash);
    const flip = (...places: readonly number[]): void => {
      const bytes = readFileSync(path);
      for (const place of places) bytes[bytes.length - place] = (bytes[bytes.length - place] ?? 0) ^ 4;
      writeFileSync(path, bytes);
    };
    flip(9);
    assert.deepEqual(await own.read(hash), fittedBy("node"));
    flip(20, 30);
    await assert.rejects(own.read(hash), { code: "HOLON_BLOB_BAD" });
    await assert.rejects(own.read(hash), { code: "HOLON_BLOB_MISSING" });
    assert.equal(await own.put(fittedBy("node")), hash);
    assert.deepEqual(await own.read(hash), fittedBy("node"));
  });
}

test("what a node of before kept among its blobs is set apart, and what a publisher shipped stays", async (context) => {
  const folder = tempFolder(context);
  const before = await openBlobStore(createDisk(folder), integrity);
  const shared = [await before.put(text("export default 1;")), await before.put(fittedBy("publisher", '"producer":"node"')), await before.put(text(""))];
  const fitted = [await before.put(fittedBy("node")), await before.put(fittedBy("node", "with a } in its note"))];
  for (let life = 1; life <= 2; life++) {
    const blobs = await openBlobStore(createDisk(folder), integrity);
    for (const hash of shared) assert.deepEqual([await blobs.has(hash), await blobs.own.has(hash)], [true, false]);
    for (const hash of fitted) assert.deepEqual([await blobs.has(hash), (await blobs.own.read(hash)).length > 0], [false, true]);
  }
});
