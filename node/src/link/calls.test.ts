import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { FrameInput } from "@holon/core/link/frame.ts";
import { createClock, ClockHardware } from "@holon/sim/clock.ts";
import { Incarnation } from "@holon/sim/incarnation.ts";
import { World } from "@holon/sim/world.ts";
import { nodeName } from "../testing/sim-family.ts";
import { createCalls, type CallHandler, type Calls } from "./calls.ts";
import type { Peer } from "./peer.ts";

const self = nodeName("edge-1");
const other = nodeName("gateway-1");

/** Calls over one link whose other end is the test. */
function callsOf(handlers: ReadonlyMap<string, CallHandler> = new Map()): { readonly world: World; readonly calls: Calls; readonly peer: Peer; readonly sent: FrameInput[] } {
  const world = new World(1);
  const sent: FrameInput[] = [];
  const peer: Peer = { name: other, send: (frame) => void sent.push(frame), queuedBytes: () => 0, traffic: () => ({ sentBytes: 0, receivedBytes: 0 }), isReceiving: () => false, aliveMs: () => 0, probe: () => undefined, close: () => undefined };
  const clock = createClock(new Incarnation(world, { name: self, number: 1, calls: 0, hooks: {} }), new ClockHardware(world), 0);
  const calls = createCalls({ self, clock, handlers, route: (to, from) => (to === other && from === undefined ? peer : undefined), above: () => undefined });
  return { world, calls, peer, sent };
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

test("an answer that is no JSON fails the call with a code, and nothing else", async () => {
  const { world, calls, peer } = callsOf();
  for (const [id, ok] of [[1, true], [2, false]] as const) {
    const asked = calls.call(other, "any", null, 5_000);
    const settled = assert.rejects(asked, { code: "HOLON_FRAME_BAD", message: /gateway-1.*any/ });
    calls.receive({ kind: "call", header: { op: "answer", id, ok }, payload: encode("no JSON {") }, peer);
    await world.drive(settled);
  }
});

test("a call that is never answered ends at its deadline with a code, and what comes after that is nobody's", async () => {
  const { world, calls, peer, sent } = callsOf();
  await world.drive(assert.rejects(calls.call(other, "any", null, 5_000), { code: "HOLON_CALL_TIMEOUT", message: /gateway-1.*any.*5000 ms/ }));
  assert.equal(world.nowMs, 5_000);
  assert.deepEqual(sent.map(({ header }) => header.op), ["request", "cancel"]);
  calls.receive({ kind: "call", header: { op: "answer", id: 1, ok: true }, payload: encode("1") }, peer);
});

test("a handler's answer that cannot be sent is a coded failure at the caller", async () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const handlers = new Map<string, CallHandler>([["cyclic", () => Promise.resolve(cyclic)], ["large", () => Promise.resolve("x".repeat(limits.callBytesMax))]]);
  const { world, calls, peer, sent } = callsOf(handlers);
  for (const [id, method] of [[1, "cyclic"], [2, "large"]] as const) calls.receive({ kind: "call", header: { op: "request", id, to: self, method, deadlineMs: 1_000 }, payload: new Uint8Array(0) }, peer);
  await world.drive(world.sleep(10));
  const answers = sent.map(({ header, payload }) => [header, JSON.parse(new TextDecoder().decode(payload)).code as unknown]);
  assert.deepEqual(answers, [[{ op: "answer", id: 1, ok: false }, "HOLON_INTERNAL"], [{ op: "answer", id: 2, ok: false }, "HOLON_CALL_TOO_LARGE"]]);
});

test("a peer has so many calls served at a time, and is told with a code when it asks for more", async () => {
  const handlers = new Map<string, CallHandler>([["think", () => new Promise(() => undefined)]]);
  const { world, calls, peer, sent } = callsOf(handlers);
  const request = (id: number): void => calls.receive({ kind: "call", header: { op: "request", id, to: self, method: "think", deadlineMs: 1_000 }, payload: new Uint8Array(0) }, peer);
  for (let id = 1; id <= limits.callsPendingMax + 3; id++) request(id);
  await world.drive(world.sleep(10));
  assert.deepEqual(sent.map(({ header }) => ("id" in header ? header.id : 0)), [1, 2, 3].map((index) => limits.callsPendingMax + index));
  for (const { payload } of sent) assert.match(new TextDecoder().decode(payload), /HOLON_CALL_BUSY/);
  await world.drive(world.sleep(2_000)); // their deadlines pass: nobody waits for them any more
  sent.length = 0;
  request(9_999);
  await world.drive(world.sleep(10));
  assert.deepEqual(sent, [], "there is room again");
});

test("what is for neighbours is asked of nobody further on", async () => {
  const { world, calls, peer, sent } = callsOf();
  const methods = ["site.lease", "identity.renew", "shared.rows", "model.answer", "request.ask", "order.give"];
  for (const [index, method] of methods.entries()) calls.receive({ kind: "call", header: { op: "request", id: index + 1, to: nodeName("gateway-2"), method, deadlineMs: 1_000 }, payload: new Uint8Array(0) }, peer);
  await world.drive(world.sleep(10));
  assert.deepEqual(sent.map(({ payload }) => JSON.parse(new TextDecoder().decode(payload)).code as unknown), methods.map(() => "HOLON_CALL_DENIED"));
});
