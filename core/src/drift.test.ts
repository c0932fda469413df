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

test("a difference of policy is as old as the later of what is wanted and what is told, and is none while the node has told of the document before", () => {
  const at = (told: string, wanted: string | undefined, policyTold?: number): readonly string[] =>
    driftOf({ desired: { version: 4, behindSince: undefined, policy: "bb", policySince: wanted }, condition: well, policyTold, since: { ...since, policy: told } }).map(({ kind, since: from }) => `${kind} ${from}`);
  const [first, second] = ["2026-11-22T09:58:00.000Z", "2026-11-22T09:58:15.000Z"];
  assert.deepEqual(at(first, second), [`policy ${second}`], "the policy that was told was the right one until then");
  assert.deepEqual(at(second, first), [`policy ${second}`]);
  assert.deepEqual(at(first, undefined), [`policy ${first}`]);
  assert.deepEqual(at(first, second, 3), [], "it has settled on document 4, and told its policy when it ran 3");
});

test("since when a clock is off that its node calls set, nobody knows", () => {
  const off = (clock: Condition["clock"]): readonly string[] => driftOf({ desired: { version: 4, behindSince: undefined, policy: "aa" }, condition: { ...well, clock }, since, clockOffMs: 60_000 }).map((one) => one.since);
  assert.deepEqual([off("synced"), off("unknown")], [[""], ["t4"]]);
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
