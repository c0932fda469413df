import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createCodec } from "@holon/platform/codec.ts";
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import { isBlobHash, type BlobHash } from "../units.ts";
import { decodeFrame, encodeFrame, parseJson, type FrameInput } from "./frame.ts";

const codec = createCodec();
const sequence = fc.nat();
const lane = fc.constantFrom("gateway-1/alarm", "gateway-1/data", "edge-1/audit");
const node = fc.constantFrom("gateway-1", "edge-1", "a");
const hex = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 64, maxLength: 64 });
const hash = hex.filter((text): text is BlobHash => isBlobHash(text));
const payload = fc.uint8Array({ maxLength: 4000 });
const repetitive = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 20, max: 400 })).map(([piece, times]) => new Uint8Array(Buffer.concat(Array.from({ length: times }, () => piece))));
const bytes = fc.oneof(payload, repetitive);
const rows = <T>(row: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(row, { maxLength: 40 });

/** Every operation that there is. */
const frame: fc.Arbitrary<FrameInput> = fc.oneof(
  fc.record({ kind: fc.constant("stream"), payload: bytes, header: fc.oneof(
    fc.record({ op: fc.constant("offer"), protocol: fc.constant(1 as const), node, site: node, tier: fc.constantFrom("gateway", "edge", "cloud"), lanes: rows(fc.tuple(lane, sequence)), desired: rows(fc.tuple(node, sequence)) }),
    fc.record({ op: fc.constant("subscribe"), lanes: rows(fc.tuple(lane, sequence, hex)) }),
    fc.record({ op: fc.constant("records") }),
    fc.record({ op: fc.constant("mark"), lanes: rows(fc.tuple(lane, sequence, sequence)) }),
    fc.record({ op: fc.constant("refuse"), lane, code: fc.string(), message: fc.string() }),
  ) }),
  fc.record({ kind: fc.constant("desired"), payload: bytes, header: fc.record({ op: fc.constantFrom("document", "have"), node, version: sequence }) }),
  fc.record({ kind: fc.constant("blob"), payload: bytes, header: fc.oneof(
    fc.record({ op: fc.constant("want"), hash, offset: sequence }),
    fc.record({ op: fc.constant("chunk"), hash, offset: sequence, sizeBytes: sequence }),
    fc.record({ op: fc.constant("missing"), hash }),
  ) }),
  fc.record({ kind: fc.constant("call"), payload: bytes, header: fc.oneof(
    fc.record({ op: fc.constant("request"), id: sequence, to: node, method: fc.string({ maxLength: 64 }), deadlineMs: fc.integer({ min: 1, max: 1e6 }) }),
    fc.record({ op: fc.constant("answer"), id: sequence, ok: fc.boolean() }),
    fc.record({ op: fc.constant("cancel"), id: sequence }),
    fc.record({ op: fc.constantFrom("ping", "alive") }),
  ) }),
);

/** Decodes, or fails with the one code for it. */
function decodesOrRefuses(input: Uint8Array): void {
  try {
    decodeFrame(input, codec);
  } catch (error) {
    assert.ok(error instanceof HolonError && error.code === "HOLON_FRAME_BAD", String(error));
  }
}

test("every frame comes back as it was, compressed or not", () => {
  fc.assert(
    fc.property(frame, (sent) => {
      const got = decodeFrame(encodeFrame(sent, codec), codec);
      assert.deepEqual({ kind: got.kind, header: got.header }, JSON.parse(JSON.stringify({ kind: sent.kind, header: sent.header })));
      assert.deepEqual(Buffer.from(got.payload), Buffer.from(sent.payload ?? []));
    }),
  );
});

test("a frame is never larger for its compression, and a repetitive one is much smaller", () => {
  fc.assert(fc.property(frame, (sent) => encodeFrame(sent, codec).length <= 6 + JSON.stringify(sent.header).length * 3 + (sent.payload?.length ?? 0)));
  const text = new TextEncoder().encode('{"type":"pump.minute"}'.repeat(500));
  assert.ok(encodeFrame({ kind: "stream", header: { op: "records" }, payload: text }, codec).length < text.length / 20);
});

test("rubbish never crashes: whatever the bytes, a frame or HOLON_FRAME_BAD", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), decodesOrRefuses), { numRuns: 2000 });
});

test("a frame with bytes changed, cut off or added never crashes", () => {
  fc.assert(
    fc.property(frame, fc.nat(), fc.nat({ max: 255 }), fc.uint8Array({ maxLength: 9 }), (sent, at, value, more) => {
      const whole = encodeFrame(sent, codec);
      const changed = Uint8Array.from(whole);
      changed[at % whole.length] = value;
      decodesOrRefuses(changed);
      decodesOrRefuses(whole.subarray(0, at % whole.length));
      decodesOrRefuses(Buffer.concat([whole, more]));
    }),
    { numRuns: 500 },
  );
});

/** A frame as another program might write it: with any header. */
function written(kind: number, header: unknown, flags = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const content = Buffer.concat([Buffer.alloc(4), text]);
  content.writeUInt32LE(text.length, 0);
  return Buffer.concat([Uint8Array.of(kind, flags), flags === 0 ? content : codec.compress(content)]);
}

const refused: readonly (readonly [string, Uint8Array])[] = [
  ["a kind that there is not", written(4, { op: "ping" })],
  ["an operation that there is not", written(3, { op: "run" })],
  ["an operation of another kind", written(1, { op: "ping" })],
  ["a key that there is not", written(3, { op: "ping", extra: 1 })],
  ["another version of the protocol", written(0, { op: "offer", protocol: 2, node: "a", site: "a", tier: "edge", lanes: [], desired: [] })],
  ["a name that is none", written(1, { op: "have", node: "../etc", version: 1 })],
  ["a sequence below nothing", written(0, { op: "mark", lanes: [["gateway-1/data", -1, 0]] })],
  ["a header that is no JSON", written(3, "{")],
  ["a header longer than the frame", Uint8Array.of(3, 0, 255, 255, 255, 255, 1)],
  ["nothing", new Uint8Array(0)],
  ["more than the bound when it is unpacked", Buffer.concat([Uint8Array.of(3, 1), codec.compress(new Uint8Array(limits.frameBytesMax + 1))])],
];
for (const [what, input] of refused) {
  test(`refused: ${what}`, () => assert.throws(() => decodeFrame(input, codec), { code: "HOLON_FRAME_BAD" }));
}

test("a compressed header is read as any other", () => {
  assert.deepEqual(decodeFrame(written(3, { op: "alive" }, 1), codec).header, { op: "alive" });
});

test("text that is no UTF-8 is no JSON", () => assert.throws(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)), { code: "HOLON_FRAME_BAD" }));
