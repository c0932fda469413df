import assert from "node:assert/strict";
import { test } from "node:test";
import { differences, SharedLedger, type Dots } from "./shared-equal.ts";

const by = (node: string, isSure = true) => ({ node, atMs: 0, isSure });
const dots = (...all: [string, number][]): Dots => new Map(all);

test("a counter is the sum of what was acknowledged, and of some of what nobody knows", () => {
  const ledger = new SharedLedger();
  for (const amount of [3, -1, 10]) ledger.note("made", { kind: "count", amount, ...by("a") });
  assert.deepEqual(ledger.checkCounter("made", 12), []);
  assert.match(ledger.checkCounter("made", 11).join(), /is 11, and 12 was acknowledged/);
  assert.equal(ledger.checkCounter("made", 22).length, 1);
  ledger.note("made", { kind: "count", amount: 5, ...by("b", false) });
  ledger.note("made", { kind: "count", amount: -7, ...by("b", false) });
  for (const value of [12, 17, 5, 10]) assert.deepEqual(ledger.checkCounter("made", value), []);
  for (const value of [13, 22, 0]) assert.equal(ledger.checkCounter("made", value).length, 1);
});

test("an addition to a set is gone only where somebody removed it who saw it", () => {
  const ledger = new SharedLedger();
  ledger.note("open", { kind: "include", element: "x", seen: dots(), dots: dots(["a", 1]), ...by("a") });
  assert.match(ledger.checkSet("open", new Set()).join(), /x was added/);
  ledger.note("open", { kind: "include", element: "x", seen: dots(), dots: dots(["b", 1]), ...by("b") });
  ledger.note("open", { kind: "exclude", element: "x", seen: dots(["a", 1]), ...by("b") });
  assert.match(ledger.checkSet("open", new Set()).join(), /x was added/);
  assert.deepEqual(ledger.checkSet("open", new Set(["x"])), []);
  ledger.note("open", { kind: "exclude", element: "x", seen: dots(["b", 1]), ...by("a") });
  assert.deepEqual(ledger.checkSet("open", new Set()), []);
  assert.match(ledger.checkSet("open", new Set(["x"])).join(), /removed it/);
  assert.match(ledger.checkSet("open", new Set(["y"])).join(), /y is in open/);
});

test("a disk that is gone makes what it took in since uncertain", () => {
  const ledger = new SharedLedger();
  ledger.note("made", { kind: "count", amount: 3, node: "a", atMs: 5, isSure: true });
  ledger.note("made", { kind: "count", amount: 4, node: "a", atMs: 15, isSure: true });
  ledger.lost("a", 10);
  for (const value of [3, 7]) assert.deepEqual(ledger.checkCounter("made", value), []);
  assert.equal(ledger.checkCounter("made", 0).length, 1);
});

test("a register holds what was written last by those who saw it", () => {
  const ledger = new SharedLedger();
  ledger.note("mode", { kind: "write", value: "1", seen: undefined, ...by("a") });
  ledger.note("mode", { kind: "write", value: "2", seen: "1", ...by("b") });
  ledger.note("mode", { kind: "write", value: "3", seen: "1", ...by("c") });
  for (const value of ["2", "3"]) assert.deepEqual(ledger.checkRegister("mode", value), []);
  assert.match(ledger.checkRegister("mode", "1").join(), /which b saw/);
  assert.match(ledger.checkRegister("mode", "4").join(), /nobody wrote/);
  assert.match(ledger.checkRegister("mode", undefined).join(), /is empty/);
});

test("nodes that differ are named", () => {
  const sighting = (node: string, ...texts: [string, string][]) => ({ node, texts: new Map(texts) });
  assert.deepEqual(differences([sighting("a", ["k", "1"]), sighting("b", ["k", "1"])]), []);
  assert.deepEqual(differences([sighting("a", ["k", "1"]), sighting("b", ["k", "2"]), sighting("c")]), ["b holds k otherwise than a", "c holds k otherwise than a"]);
});
