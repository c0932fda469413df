import assert from "node:assert/strict";
import { test } from "node:test";
import type { KnownNode } from "../store/fold.ts";
import { createNodesHere } from "./nodes-here.ts";
import { createTimesHere } from "./times-here.ts";

const hourMs = 3_600_000;
const nowMs = Date.parse("2026-03-01T12:00:00.000Z");
const clock = { wall: () => ({ ms: nowMs, state: "synced" as const }) };
/** `off` by run; "" is the newest. */
const timesOf = (off: Readonly<Record<string, number>>) => createTimesHere({ clock, here: (node, atMs, epoch = "") => atMs - (node === "gw" ? (off[epoch] ?? 0) : 0) });
const iso = (ms: number): string => new Date(ms).toISOString();

test("of a node at 1970 all is told as it was here: when it started, what it measured when, since when it holds something back", () => {
  const offMs = 60_000 - nowMs; // it has been up for a minute of 1970
  const times = timesOf({ "": offMs, now: offMs });
  const node: KnownNode = { name: "gw", site: "plant", tier: "gateway", jurisdiction: "EU", parent: "edge", api: null, startedAt: iso(10_000), inventory: { capacity: { asOfMs: 20_000 }, load: { processors: { value: 1, asOfMs: 50_000, source: "measured" } }, providers: ["cpu"], prices: {}, power: {} }, reported: { version: 3, outcome: "settled", at: iso(30_000) } };
  const held = { since: iso(40_000), found: "f" };
  const condition = { now: { version: 3, policy: null, config: null, clock: "unknown", disk: "ok", held } as const, since: { measured: iso(45_000), clock: iso(nowMs - hourMs) } };
  const here = createNodesHere({ conditions: new Map([["gw", condition]]), toldIn: new Map([["gw", { started: "now", inventory: "now", reported: "now", since: { measured: "now", clock: "before" }, held: "now" }]]) }, times);
  const { startedAt, reported, inventory } = here.node(node);
  assert.deepEqual([startedAt, reported?.at, inventory?.capacity.asOfMs, inventory?.load.processors?.asOfMs], [iso(nowMs - 50_000), iso(nowMs - 30_000), nowMs - 40_000, nowMs - 10_000]);
  const told = here.condition("gw");
  assert.deepEqual([told?.now.held?.since, told?.since.measured, told?.since.clock], [iso(nowMs - 20_000), iso(nowMs - 15_000), iso(nowMs - hourMs)], "what it told in the run before is by the clock of that");
  assert.equal(here.node(node), here.node(node), "who compares sees no news");
  const right = { ...node, name: "right" };
  assert.equal(here.node(right), right);
});

test("what a node says of itself at this moment is told as it was here; what it kept of a run before stays as it is, and nothing that was is to come", () => {
  const status = (aheadMs: number, keptMs: number) => ({
    node: "gw", upMs: 600_000, wallMs: nowMs + aheadMs,
    uplink: { sinceMs: 1_000 }, children: [{ sinceMs: 5 }],
    known: [{ what: "load", asOfMs: nowMs + aheadMs - 60_000 }, { what: "disk", asOfMs: null }],
    measured: { asOfMs: nowMs + aheadMs - 1_000, adopted: { atMs: keptMs }, held: { sinceMs: nowMs + aheadMs - 30_000 } },
    agent: { units: [{ job: { windows: [{ fromMs: nowMs + aheadMs + hourMs, toMs: nowMs + aheadMs + 2 * hourMs }] } }] },
    export: { problem: { since: iso(nowMs + aheadMs - 10_000) } },
  });
  const expected = (keptMs: number) => status(0, keptMs);
  assert.deepEqual(timesOf({ "": 3 * hourMs }).status("gw", status(3 * hourMs, nowMs - hourMs)), expected(nowMs - hourMs), "ahead");
  assert.deepEqual(timesOf({ "": 60_000 - nowMs }).status("gw", { ...status(60_000 - nowMs, nowMs - hourMs), upMs: 55_000 }), { ...expected(nowMs - hourMs), upMs: 55_000 }, "at 1970");
  assert.deepEqual(timesOf({ "": -hourMs }).status("gw", status(-hourMs, nowMs + hourMs)), expected(nowMs), "it was ahead when it kept that");
  const right = status(0, nowMs);
  assert.equal(timesOf({}).status("gw", right), right);
});
