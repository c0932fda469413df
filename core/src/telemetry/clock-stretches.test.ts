import assert from "node:assert/strict";
import { test } from "node:test";
import { createClockWords } from "./clock-words.ts";
import { createStretches } from "./clock-stretches.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const beginMs = Date.parse("2026-03-01T12:00:00.000Z");

/** A node whose clock was ahead by `beforeMs`, and is by `nowMs` since half an hour after its start; found out so late. Asked at each minute from its start on. */
function told(beforeMs: number, nowMs: number, lateMs = 0) {
  const stretches = createStretches();
  for (let atMs = 10_000; atMs <= 30 * minuteMs; atMs += 5 * minuteMs) stretches.measured("e", beforeMs, beginMs + atMs + beforeMs);
  stretches.measured("e", nowMs, beginMs + 30 * minuteMs + lateMs + nowMs);
  const off = (minute: number): number => {
    const ownMs = beginMs + minute * minuteMs + (minute < 30 ? beforeMs : nowMs);
    return stretches.off("e", ownMs) ?? nowMs;
  };
  return { stretches, off };
}

for (const [what, beforeMs, nowMs] of [["at 1970", -beginMs, 0], ["two hours behind", -2 * hourMs, 0], ["three hours ahead", 3 * hourMs, 0], ["right", 0, hourMs]] as const) {
  test(`what was recorded while the clock was ${what} keeps that, and what came after it was set does not`, () => {
    const { off, stretches } = told(beforeMs, nowMs);
    for (let minute = 0; minute < 60; minute++) assert.equal(off(minute), minute < 30 ? beforeMs : nowMs, `minute ${minute}`);
    assert.equal(stretches.off("another run", beginMs), undefined);
  });
}

test("what is known some minutes late holds all the same where times do not meet", () => {
  for (const beforeMs of [-beginMs, -2 * hourMs]) {
    const { off } = told(beforeMs, 0, 4 * minuteMs);
    for (let minute = 0; minute < 60; minute++) assert.equal(off(minute), minute < 30 ? beforeMs : 0, `minute ${minute} of one ${beforeMs} ahead`);
  }
});

test("a clock that was ahead and comes to the times that it had then: from then on they are of now", () => {
  const { stretches } = told(3 * hourMs, 0);
  assert.equal(stretches.off("e", beginMs + 3 * hourMs + 5 * minuteMs), 3 * hourMs);
  stretches.measured("e", 0, beginMs + 3 * hourMs + minuteMs);
  assert.equal(stretches.off("e", beginMs + 3 * hourMs + 5 * minuteMs), undefined);
});

test("what drifts, another run, and what a setting of the clock here moves, are no stretch", () => {
  const stretches = createStretches();
  for (const [epoch, offMs] of [["a", 0], ["a", 3_000], ["b", hourMs]] as const) stretches.measured(epoch, offMs, beginMs + offMs);
  assert.deepEqual(stretches.all(), []);
  stretches.stepped(hourMs);
  stretches.measured("b", 0, beginMs + minuteMs);
  assert.deepEqual(stretches.all(), []);
});

test("who hangs on a node whose clock is set has its own as before, whichever word comes first", () => {
  for (const isAboveFirst of [true, false]) {
    const words = createClockWords("cloud", (node) => (node === "gw" ? "edge" : "cloud"));
    const minute = (count: number): number => beginMs + count * minuteMs;
    words.said("cloud", "edge", -beginMs, false, "e", minute(1) - beginMs);
    words.said("edge", "gw", beginMs, false, "g", minute(1));
    assert.equal(words.off("gw", "g", minute(2)), undefined);
    const said = [() => words.said("cloud", "edge", 0, true, "e", minute(10)), () => words.said("edge", "gw", 0, false, "g", minute(10))];
    for (const say of isAboveFirst ? said : said.reverse()) say();
    for (const count of [2, 11, 1_000]) assert.equal(words.off("gw", "g", minute(count)), undefined, `minute ${count}, the node above ${isAboveFirst ? "first" : "last"}`);
    assert.equal(words.off("edge", "e", minute(5) - beginMs), -beginMs);
    assert.equal(words.off("edge", "e", minute(11)), undefined);
  }
});
