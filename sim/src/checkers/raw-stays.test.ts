import assert from "node:assert/strict";
import { test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { checkRawStays, markerPrefix, WireWatch } from "./raw-stays.ts";

const marker = Buffer.from(`{"marker":"${markerPrefix}12"}`);
const harmless = Buffer.from(JSON.stringify({ class: "derived", data: { score: 1 } }));

test("a marker is found in a frame, plain, compressed, or compressed twice, wherever it stands", () => {
  const inner = zstdCompressSync(marker);
  const frames = [marker, inner, Buffer.concat([Buffer.from("head"), inner, Buffer.from("tail")]), zstdCompressSync(Buffer.concat([harmless, inner]))];
  for (const frame of frames) {
    const watch = new WireWatch();
    watch.see({ from: "gateway-1", to: "edge-1", frame: harmless });
    watch.see({ from: "gateway-1", to: "edge-1", frame });
    assert.deepEqual(watch.violations, ["a planted marker is in frame 2, from gateway-1 to edge-1"]);
  }
});

test("frames without one pass, even with the magic number of a compressed part that is none", () => {
  const watch = new WireWatch();
  for (const frame of [harmless, zstdCompressSync(harmless), Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]), Buffer.alloc(0)]) watch.see({ from: "a", to: "b", frame });
  assert.deepEqual([watch.frames, watch.violations], [4, []]);
});

test("a record of class raw and a marker at the cloud are named", () => {
  const raw = Buffer.from(JSON.stringify({ class: "raw", data: {} }));
  assert.deepEqual(checkRawStays([{ name: "gateway-1/data/e/1", bytes: harmless }]), []);
  assert.deepEqual(checkRawStays([{ name: "gateway-1/data/e/2", bytes: raw }]), ["a record of class raw is in the cloud's log: gateway-1/data/e/2"]);
  assert.deepEqual(checkRawStays([{ name: "gateway-1/data/e/3", bytes: marker }]), ["a planted marker is in the cloud's log: gateway-1/data/e/3"]);
});
