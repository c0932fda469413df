import assert from "node:assert/strict";
import { test } from "node:test";
import { driftOf, type DriftFacts } from "./drift.ts";
import type { Condition } from "./schema/condition.ts";

const well: Condition = { version: 4, policy: "aa", config: "as started", clock: "synced", disk: "ok" };
const since = { version: "t1", policy: "t2", config: "t3", clock: "t4", disk: "t5" };
const drift = (condition: Partial<Condition>, desired: Partial<DriftFacts["desired"]> = {}) =>
  driftOf({ desired: { version: 4, behindSince: undefined, policy: "aa", ...desired }, condition: { ...well, ...condition }, since }).map(({ kind, since: from }) => `${kind} ${from}`);

test("a node that is what it is to be does not drift, and of one that never told nobody knows", () => {
  assert.deepEqual(drift({}), []);
  assert.deepEqual(driftOf({ desired: { version: 4, behindSince: "t0", policy: "aa" }, condition: undefined, since: {} }), []);
});

test("each of version, policy, configuration, clock and disk is told with since when", () => {
  assert.deepEqual(drift({ version: 3 }, { behindSince: "t0" }), ["version t0"]);
  assert.deepEqual(drift({ policy: null }), ["policy t2"]);
  assert.deepEqual(drift({ config: "changed" }), ["config t3"]);
  assert.deepEqual(drift({ clock: "coasting" }), ["clock t4"]);
  assert.deepEqual(drift({ disk: "full" }), ["disk t5"]);
  assert.deepEqual(drift({ version: 3, clock: "unknown", disk: "failed" }), ["version t1", "clock t4", "disk t5"]);
});

test("a node behind its document is not blamed for the policy that the newer one brings; one without a document lacks nothing", () => {
  assert.deepEqual(drift({ version: 3, policy: "old" }), ["version t1"]);
  assert.deepEqual(drift({ version: 0, policy: null }, { version: 0, policy: null }), []);
});

test("a clock that differs from the one here is said to, by how much and which way, whatever its node says of it", () => {
  const off = (clockOffMs: number, condition: Condition | undefined) => driftOf({ desired: { version: 4, behindSince: undefined, policy: "aa" }, condition, since, clockOffMs }).map(({ kind, text, offMs }) => [kind, text.split(":")[0], offMs]);
  assert.deepEqual(off(3_600_000, well), [["clock", "its clock is 60 min ahead", 3_600_000]]);
  assert.deepEqual(off(-30_000, { ...well, clock: "unknown" }), [["clock", "its clock is 30 s behind", -30_000]]);
  assert.deepEqual(off(-10 * 86_400_000, undefined), [["clock", "its clock is 10 days behind", -10 * 86_400_000]]);
});
