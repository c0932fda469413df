import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { mergeRegisters, writeRegister, type RegisterState } from "./register.ts";
import { compareStamps, nextStamp, type Stamp } from "./stamp.ts";

const nowMs = 1_767_225_600_000;
const tenYearsMs = 315_576_000_000;
const [a, b, c] = ["node-1/0000000000000", "node-2/0000000000000", "node-3/0000000000000"] as const;
const write = (seen: RegisterState | undefined, value: string, slot: string, ms: number | undefined): RegisterState => writeRegister(seen, JSON.stringify(value), slot, ms);

test("with clocks that are right, the later of two writes that did not see each other wins", () => {
  const first = write(undefined, "first", b, nowMs);
  const second = write(undefined, "second", a, nowMs + 1);
  assert.equal(mergeRegisters(first, second).text, `"second"`);
  assert.equal(mergeRegisters(second, first).text, `"second"`);
});

test("a node that does not know the time counts on from what it saw, and loses against those who did not see it and know the time", () => {
  const seen = write(undefined, "seen", a, nowMs);
  const blind = write(seen, "blind", b, undefined);
  assert.ok(compareStamps(blind.stamp, seen.stamp) > 0);
  assert.equal(blind.stamp.ms, nowMs);
  assert.equal(mergeRegisters(blind, write(seen, "timed", c, nowMs + 1)).text, `"timed"`);
  assert.equal(write(undefined, "alone", b, undefined).stamp.ms, 0);
});

test("a node ten years ahead wins over what did not see it once, and then no more", () => {
  const wild = write(undefined, "wild", a, nowMs + tenYearsMs);
  const concurrent = write(undefined, "concurrent", b, nowMs);
  assert.equal(mergeRegisters(wild, concurrent).text, `"wild"`);
  const next = write(mergeRegisters(wild, concurrent), "next", b, nowMs + 1_000);
  assert.equal(mergeRegisters(wild, next).text, `"next"`);
  assert.deepEqual([next.stamp.era, next.stamp.ms], [1, nowMs + 1_000]);
  // In the new era time counts again between those who know it.
  const third = write(next, "third", c, nowMs + 2_000);
  const fourth = write(next, "fourth", b, nowMs + 3_000);
  assert.equal(mergeRegisters(third, fourth).text, `"fourth"`);
  assert.equal(fourth.stamp.era, 1);
});

test("a clock that is a little behind begins no era", () => {
  const ahead = write(undefined, "ahead", a, nowMs + limits.sharedAheadMsMax);
  const next = write(ahead, "next", b, nowMs);
  assert.deepEqual([next.stamp.era, next.stamp.ms, next.stamp.count], [0, ahead.stamp.ms, 1]);
});

test("a stamp that a peer drove to its end is left behind by a new era, and the last era ends with a code", () => {
  const full: Stamp = { era: 0, ms: nowMs, count: limits.sharedCountMax, writer: a };
  assert.equal(nextStamp(full, undefined, b).era, 1);
  assert.throws(() => nextStamp({ ...full, era: limits.sharedErasMax }, undefined, b), { code: "HOLON_SHARED_FULL" });
});
