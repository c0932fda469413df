import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { RevocationList } from "@holon/core/identity/messages.ts";
import { createFleetView, type Now } from "@holon/core/telemetry/fleet-view.ts";
import { windowSchema } from "@holon/core/telemetry/window.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createLeftBelow } from "./left-below.ts";
import { childCell, missedAfter } from "./link-news.ts";

const now: Now = { wallMs: 1_800_000_000_000, monotonicMs: 10_000_000 };
const agoMs = now.wallMs - 3_600_000;

/** An edge with two children: one was lost an hour ago, the other is there. */
async function edge(context: TestContext, isRoot = false) {
  const log = await openTempLog(tempFolder(context), { name: "edge-1" });
  context.after(() => log.close());
  let list: RevocationList | undefined;
  const identity = { revocationsVersion: () => list?.version ?? 0, revocations: () => (list === undefined ? undefined : { list: JSON.stringify(list), proof: "", chain: [] }) };
  await log.append({ cells: [childCell({ node: "gateway-1", up: true, atMs: agoMs }), childCell({ node: "gateway-2", up: true, atMs: agoMs })] });
  function start() {
    const view = createFleetView("edge-1");
    for (const name of ["edge-1", "gateway-1", "gateway-2"]) {
      view.started(name, { site: "plant", tier: "gateway", jurisdiction: "EU/DE" }, agoMs - 1_000);
      view.heard(name, now, name === "gateway-1" ? agoMs : now.wallMs);
      view.told(name, windowSchema.parse({ startMs: agoMs - 60_000, endMs: name === "gateway-1" ? agoMs : now.wallMs, everyMs: 60_000, merged: 1, sums: {}, gauges: {}, durations: {} }), now, false);
    }
    for (const { node, atMs } of missedAfter(log, agoMs)) view.link("edge-1", node, false, atMs);
    const pending: Promise<unknown>[] = [];
    const left = createLeftBelow({ isRoot, log, view, identity, clock: { wall: () => ({ ms: now.wallMs, state: "synced" }) }, append: (cells) => void pending.push(log.append({ cells })) });
    left.look();
    const account = () => {
      const { completeness: { unknown, excused } } = view.completeness(now);
      return { unknown, excused };
    };
    const connected = async (...nodes: string[]) => {
      for (const node of nodes) view.link("edge-1", node, true, now.wallMs);
      await log.append({ cells: nodes.map((node) => childCell({ node, up: true, atMs: now.wallMs })) });
      left.connected(nodes);
    };
    return { view, left, account, connected, settled: () => Promise.all(pending) };
  }
  const lost = () => log.append({ cells: [childCell({ node: "gateway-1", up: false, atMs: agoMs })] });
  return { log, start, lost, revoke: (nodes: readonly string[]) => void (list = { version: (list?.version ?? 0) + 1, revoked: nodes.map((node) => ({ node, through: 1 })) }) };
}

test("a child that was revoked is waited for no more, nor after a start; who is invited anew is a node again", async (context) => {
  const { start, lost, revoke, log } = await edge(context);
  const one = start();
  await one.connected("gateway-2");
  await lost();
  assert.deepEqual(one.account(), { unknown: 1, excused: 0 });
  revoke(["gateway-1"]);
  one.left.look();
  await one.settled();
  assert.deepEqual([one.view.stateOf("gateway-1", now)?.state, one.account()], ["revoked", { unknown: 0, excused: 1 }]);
  assert.equal(log.cell("telemetry/child/gateway-1"), undefined);
  const two = start();
  assert.deepEqual(two.account(), { unknown: 0, excused: 1 });
  await two.connected("gateway-1", "gateway-2");
  assert.notEqual(two.view.stateOf("gateway-1", now)?.state, "revoked");
  await lost();
  const three = start();
  assert.equal(three.view.stateOf("gateway-1", now)?.state, "silent", "it was connected after it had been revoked: under another certificate");
});

test("a child that is connected to another node now is not missed here after a start", async (context) => {
  const { start, lost, log } = await edge(context);
  await lost();
  const one = start();
  one.left.linked("gateway-1", true, agoMs - 1);
  await one.settled();
  assert.notEqual(log.cell("telemetry/child/gateway-1"), undefined, "that was before it was lost here");
  one.left.linked("gateway-1", true, now.wallMs);
  await one.settled();
  assert.equal(log.cell("telemetry/child/gateway-1"), undefined);
  assert.deepEqual(missedAfter(log, agoMs).map(({ node }) => node), ["gateway-2"]);
});
