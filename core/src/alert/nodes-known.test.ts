import assert from "node:assert/strict";
import { test } from "node:test";
import type { Completeness } from "../telemetry/completeness.ts";
import { nodesKnown, reportsLacked } from "./nodes-known.ts";

const none = { present: 0, slow: 0, silent: 0, crashed: 0, gone: 0, awaited: 0, revoked: 0 };
const of = (nodes: number, unknown: number, silent: number, excused = 0): Completeness => ({ nodes, reported: nodes - excused - unknown, excused, unknown, through: "2026-01-01T00:00:00.000Z", states: { ...none, silent, gone: excused, present: nodes - silent - excused }, missing: [] });

test("who told all and has fallen silent is said to be silent: not all that is to be known is known", () => {
  assert.deepEqual([nodesKnown(of(2, 0, 0)), nodesKnown(of(2, 0, 1)), nodesKnown(of(3, 1, 1, 1))], ["2 of 2", "2 of 2, 1 silent now", "1 of 2, 1 silent now"]);
  assert.deepEqual([reportsLacked(of(2, 0, 1)), reportsLacked(of(3, 0, 2)), reportsLacked(of(2, 1, 1))], ["1 node is silent now", "2 nodes are silent now", "not all nodes have told"]);
});
