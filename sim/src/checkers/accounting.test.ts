import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAccounting, checkLane, checkSource, type LaneAccount, type SeenRecord } from "./accounting.ts";
import { RangeSet } from "./ranges.ts";

const record = (sequence: number, epoch = "e1", digest = `content ${sequence}`): SeenRecord => ({ epoch, sequence, digest });
const records = (first: number, last: number): SeenRecord[] => Array.from({ length: last - first + 1 }, (_, index) => record(first + index));
const right: LaneAccount = {
  lane: "gateway-1/data",
  acknowledged: [{ epoch: "e1", first: 1, last: 10 }],
  atOrigin: records(1, 10),
  atCloud: records(1, 10),
  expired: [],
  damaged: [],
};
const source = (acknowledged: readonly (readonly [number, number])[], present: readonly number[], exactlyOnce = true) => {
  const set = new RangeSet();
  for (const [first, last] of acknowledged) set.add(first, last);
  return checkSource({ source: "gateway-1/pump", acknowledged: set, present, exactlyOnce });
};

test("a right lane fulfils the identity", () => {
  assert.deepEqual(checkLane(right), { acknowledged: 10, delivered: 10, expiredByRule: 0, damagedReported: 0, lost: 0, duplicated: 0, reordered: 0, violations: [] });
});

test("missing records are lost, in exact ranges", () => {
  const result = checkLane({ ...right, atCloud: [...records(1, 3), ...records(6, 9)] });
  assert.deepEqual([result.delivered, result.lost], [7, 3]);
  assert.deepEqual(result.violations, ["gateway-1/data: lost 4-5, 10 of epoch e1"]);
});

test("missing records that were reported as expired or damaged are no loss; the rest is", () => {
  const result = checkLane({
    ...right,
    atCloud: records(7, 10),
    expired: [{ first: 1, last: 3 }],
    damaged: [{ first: 3, last: 5 }],
  });
  assert.deepEqual([result.delivered, result.expiredByRule, result.damagedReported, result.lost], [4, 3, 2, 1]);
  assert.deepEqual(result.violations, ["gateway-1/data: lost 6 of epoch e1"]);
});

test("a report of what nobody lacks is no excuse", () => {
  const result = checkLane({
    ...right,
    atCloud: records(7, 10),
    expired: [{ first: 1, last: 3 }],
    damaged: [{ first: 4, last: 7 }],
    lacked: { expired: [{ first: 1, last: 2 }], any: [{ first: 1, last: 5 }] },
  });
  assert.deepEqual(result.violations, [
    "gateway-1/data: 3 were reported as expired and no node on the way let go of them",
    "gateway-1/data: 6-7 were reported as damaged and every node on the way has them",
    "gateway-1/data: 7 were reported as missing and are there",
  ]);
});

test("an alarm that was let go of before it was delivered is seen", () => {
  const result = checkLane({ ...right, atCloud: records(3, 10), expired: [{ first: 1, last: 2 }], neverUnsafe: true });
  assert.deepEqual([result.expiredByRule, result.lost], [2, 0]);
  assert.deepEqual(result.violations, ["gateway-1/data: 1-2 were let go of before they were safe"]);
});

test("a number that another epoch used does not stand for the lost one", () => {
  const result = checkLane({ ...right, atCloud: [...records(1, 9), record(10, "e2")], atOrigin: [...records(1, 9), record(10, "e2")] });
  assert.deepEqual(result.violations, ["gateway-1/data: lost 10 of epoch e1"]);
});

test("doubled records are counted, and do not hide a loss", () => {
  const result = checkLane({ ...right, atCloud: [...records(1, 5), record(5), record(5), ...records(7, 10)] });
  assert.deepEqual([result.duplicated, result.lost, result.reordered], [2, 1, 0]);
  assert.match(result.violations.join("\n"), /doubled at the cloud: e1\/5, e1\/5/);
});

test("swapped records are out of order", () => {
  const result = checkLane({ ...right, atCloud: [...records(1, 4), record(6), record(5), ...records(7, 10)] });
  assert.deepEqual([result.reordered, result.lost, result.duplicated], [1, 0, 0]);
  assert.deepEqual(result.violations, ["gateway-1/data: out of order at the cloud: e1/5"]);
});

test("a record that changed on the way, or came from nowhere, is seen", () => {
  const result = checkLane({ ...right, atCloud: [...records(1, 9), record(10, "e1", "other"), record(11)] });
  assert.match(result.violations.join("\n"), /e1\/10 differs from what its origin holds/);
  assert.match(result.violations.join("\n"), /e1\/11 is at the cloud and its origin never had it/);
});

test("a delivered record that nobody acknowledged is right, if its origin has it", () => {
  const result = checkLane({ ...right, acknowledged: [{ epoch: "e1", first: 1, last: 9 }] });
  assert.deepEqual([result.acknowledged, result.delivered, result.violations], [9, 9, []]);
});

test("a source: missing, doubled and swapped readings", () => {
  assert.deepEqual(source([[0, 4]], [0, 1, 2, 3, 4]).violations, []);
  assert.deepEqual(source([[0, 4]], [0, 1, 2, 3, 4, 5]).violations, [], "present and not confirmed is right");
  assert.equal(source([[0, 4]], [0, 1, 4]).lost, 2);
  assert.equal(source([[0, 2]], [0, 1, 1, 2]).duplicated, 1);
  assert.equal(source([[0, 2]], [0, 1, 1, 2], false).duplicated, 0);
  assert.equal(source([[0, 2]], [0, 2, 1]).reordered, 1);
  assert.match(source([[0, 9]], [0, 1]).violations.join(), /readings 2-9 were confirmed and are not in the log/);
});

test("readings whose records were reported as expired are no loss", () => {
  const [acknowledged, reported] = [new RangeSet(), new RangeSet()];
  acknowledged.add(0, 4);
  reported.add(0, 1);
  const result = checkSource({ source: "s", acknowledged, present: [3, 4], exactlyOnce: true, reported });
  assert.deepEqual(result.violations, ["s: readings 2 were confirmed and are not in the log"]);
});

test("lanes and sources add up", () => {
  const acknowledged = new RangeSet();
  acknowledged.add(0, 1);
  const result = checkAccounting([right, { ...right, atCloud: records(1, 8) }], [{ source: "s", acknowledged, present: [0], exactlyOnce: true }]);
  assert.deepEqual([result.acknowledged, result.delivered, result.lost, result.violations.length], [20, 18, 3, 2]);
});

test("a range set keeps what was added, in any order", () => {
  const set = new RangeSet();
  for (const [first, last] of [[5, 6], [1, 2], [9, 9], [3, 3], [8, 8], [6, 7], [20, 30], [15, 25]] as const) set.add(first, last);
  assert.deepEqual(set.ranges, [{ first: 1, last: 3 }, { first: 5, last: 9 }, { first: 15, last: 30 }]);
  assert.deepEqual([set.count, set.has(4), set.has(15), set.has(31), set.print(2)], [24, false, true, false, "1-3, 5-9, …"]);
});
