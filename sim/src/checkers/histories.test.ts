import assert from "node:assert/strict";
import { test } from "node:test";
import type { SeenRecord } from "./accounting.ts";
import { checkHistories, type CloudLane, type HistoriesAccount, type Life } from "./histories.ts";

const records = (epoch: string, first: number, last: number, whose = epoch): SeenRecord[] =>
  Array.from({ length: last - first + 1 }, (_, index) => ({ epoch, sequence: first + index, digest: `${whose} ${first + index}` }));
const life = (name: string, epoch: string, first: number, last: number, whose = epoch): Life => ({ name, acknowledged: [{ epoch, first, last }], held: records(epoch, first, last, whose) });
const main = (...parts: SeenRecord[][]): CloudLane => ({ lane: "g/data", isBranch: false, records: parts.flat(), missing: [] });
const branch = (...parts: SeenRecord[][]): CloudLane => ({ lane: "g~abcdef/data", isBranch: true, records: parts.flat(), missing: [] });
const right: HistoriesAccount = {
  lane: "g/data",
  lives: [life("first", "e1", 1, 10), life("copy", "e2", 6, 8)],
  atCloud: [main(records("e1", 1, 10)), branch(records("e2", 6, 8))],
};
const said = (account: HistoriesAccount): string => checkHistories(account).violations.join("\n");

test("two histories, each whole, fulfil the identity", () => {
  assert.deepEqual(checkHistories(right), { acknowledged: 13, delivered: 13, expiredByRule: 0, damagedReported: 0, lost: 0, duplicated: 0, reordered: 0, violations: [] });
});

test("what one life lacks is lost, whatever the other has at that sequence", () => {
  assert.match(said({ ...right, atCloud: [main(records("e1", 1, 10))] }), /g\/data: lost 6-8 of copy/);
  assert.match(said({ ...right, atCloud: [main(records("e1", 1, 9)), branch(records("e2", 6, 8))] }), /lost 10 of first/);
});

test("of one running system that goes on twice, the content tells two records of one name apart", () => {
  const twice: HistoriesAccount = { ...right, lives: [life("first", "e1", 1, 10), life("copy", "e1", 6, 8, "copy")], atCloud: [main(records("e1", 1, 10)), branch(records("e1", 6, 8, "copy"))] };
  assert.deepEqual(said(twice), "");
  assert.match(said({ ...twice, atCloud: [main(records("e1", 1, 10))] }), /lost 6-8 of copy/);
});

test("a record in a lane and in a branch of it is doubled", () => {
  const result = checkHistories({ ...right, atCloud: [main(records("e1", 1, 10)), branch(records("e1", 5, 5), records("e2", 6, 8))] });
  assert.equal(result.duplicated, 1);
  assert.match(result.violations.join("\n"), /doubled at the cloud: e1\/5/);
});

test("only what had reached nobody goes with a disk", () => {
  const gone = { ...life("first", "e1", 1, 10), reached: 8 };
  assert.deepEqual(said({ ...right, lives: [gone, life("restored", "e2", 6, 8)], atCloud: [main(records("e1", 1, 8)), branch(records("e2", 6, 8))] }), "");
  assert.match(said({ ...right, lives: [gone], atCloud: [main(records("e1", 1, 7))] }), /lost 8 of first/);
});

test("a hole, a swap, a branch from nowhere and a record of nobody are seen", () => {
  assert.match(said({ ...right, atCloud: [main(records("e1", 1, 4), records("e1", 6, 10)), branch(records("e2", 6, 8))] }), /has holes at the cloud: only 1-4, 6-10/);
  assert.match(said({ ...right, atCloud: [main(records("e1", 1, 10).toReversed()), branch(records("e2", 6, 8))] }), /out of order/);
  assert.match(said({ ...right, atCloud: [branch(records("e1", 6, 10))] }), /begins at 6, and nothing at the cloud stands before it/);
  assert.match(said({ ...right, atCloud: [main(records("e1", 1, 10)), branch(records("e2", 6, 8), records("e3", 9, 9))] }), /e3\/9 is at the cloud and no life/);
});

test("a reported range is no loss", () => {
  const reported: CloudLane = { ...main(records("e1", 4, 10)), missing: [{ first: 1, last: 3, reason: "expired" }] };
  const result = checkHistories({ ...right, atCloud: [reported, branch(records("e2", 6, 8))] });
  assert.deepEqual([result.expiredByRule, result.lost, result.violations], [3, 0, []]);
});
