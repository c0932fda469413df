import assert from "node:assert/strict";
import { test } from "node:test";
import type { Trace } from "@holon/core/telemetry/trace.ts";
import { printTrace } from "./trace.ts";

const at = "2026-11-21T18:21:18.390Z";
const whole: Trace = {
  asOf: at,
  completeness: { nodes: 2, reported: 2, excused: 0, unknown: 0, through: at, states: { present: 2, slow: 0, silent: 0, crashed: 0, gone: 0, awaited: 0, revoked: 0 }, missing: [] },
  id: "a".repeat(32), startAt: at, tookMs: 5, isWhole: true, waiting: 0, missing: [], dropped: 0, since: "2026-11-20T18:21:18.390Z", left: 0,
  spans: [{ spanId: "b".repeat(16), parentSpanId: null, depth: 0, kind: "door", name: "door pumps/devices", node: "gateway-1", site: "plant", startAt: at, fromMs: 0, tookMs: 5, waited: null, status: "ok", error: null, event: null, eventType: null, attributes: {} }],
};

test("a trace says how far back was looked, and of one that may not be whole why", () => {
  assert.match(printTrace(whole), /^looked at what was recorded since 2026-11-20T18:21:18\.390Z$/m);
  assert.doesNotMatch(printTrace(whole), /no room|wait here|more steps/);
  const torn = printTrace({ ...whole, isWhole: false, dropped: 12, waiting: 3, left: 7, missing: [{ spanId: "c".repeat(16), namedBy: "edge-1" }] });
  for (const line of ["12 steps of that time found no room, of this trace or others", "3 of its events wait here for the link to the node above", "7 more steps", `what led to a step is not here: span ${"c".repeat(16)}, named by edge-1`]) assert.ok(torn.split("\n").includes(line), `${line}\n${torn}`);
  assert.match(torn, /it may not be whole\n$/);
});
