import assert from "node:assert/strict";
import { test } from "node:test";
import { createClockWords } from "./clock-words.ts";

const hourMs = 3_600_000;
const here = { wallMs: Date.UTC(2026, 0, 1), isSynced: true };
const unset = { wallMs: 1_000, isSynced: false };
const unsure = { ...here, isSynced: false };
const yearsMs = Date.UTC(2026, 0, 1) - 1_000;

/** Who hangs on whom. */
function wordsOf(parents: Record<string, string>) {
  return { parents, words: createClockWords("cloud", (node) => parents[node]) };
}

test("the word of a former parent counts no more, and that of the one before the last does when the node is back", () => {
  const { words, parents } = wordsOf({ "edge-1": "cloud", "edge-2": "cloud", g: "edge-1" });
  words.said("edge-1", "g", hourMs);
  assert.equal(words.off("g"), hourMs);
  parents["g"] = "edge-2";
  words.moved();
  assert.equal(words.off("g"), undefined, "the new parent finds nothing to say");
  words.said("edge-2", "g", -hourMs);
  assert.equal(words.off("g"), -hourMs);
  parents["g"] = "edge-1";
  words.moved();
  assert.equal(words.off("g"), hourMs);
});

test("a site whose clocks agree with each other and not with the one here is off as a whole", () => {
  const { words } = wordsOf({ edge: "cloud", g: "edge", h: "edge" });
  words.said("cloud", "edge", -2 * hourMs);
  words.said("edge", "h", 2 * hourMs);
  assert.deepEqual(["edge", "g", "h"].map((node) => words.off(node)), [-2 * hourMs, -2 * hourMs, undefined]);
});

test("nodes that are said to be below each other end no answer", () => {
  const { words } = wordsOf({ a: "b", b: "a" });
  words.said("a", "b", hourMs);
  words.said("b", "a", hourMs);
  assert.ok(Number.isFinite(words.off("a") ?? 0) && Number.isFinite(words.off("b") ?? 0));
});

test("where most of those that are measured agree with each other and not with the clock here, it is the one here", () => {
  const { words } = wordsOf({ a: "cloud", b: "cloud", c: "cloud", d: "cloud" });
  for (const node of ["a", "b", "d"]) words.said("cloud", node, hourMs);
  words.said("cloud", "c", 3 * hourMs);
  assert.equal(words.own(unsure), -hourMs);
  assert.deepEqual(["a", "b", "c"].map((node) => words.wrongBy(node, unsure)), [undefined, undefined, 2 * hourMs]);
  assert.deepEqual(["a", "c"].map((node) => words.off(node)), [hourMs, 3 * hourMs], "times of them are brought to the clock here all the same");
  assert.equal(words.own(here), undefined, "a time service has set the one here");
  assert.equal(words.wrongBy("a", here), hourMs);
});

test("one against one says nothing, except where nobody can have set the clock here, or a time service has set the other", () => {
  const { words } = wordsOf({ a: "cloud" });
  words.said("cloud", "a", hourMs);
  assert.deepEqual([words.own(unsure), words.wrongBy("a", unsure)], [undefined, hourMs]);
  words.said("cloud", "a", hourMs, true);
  assert.deepEqual([words.own(unsure), words.wrongBy("a", unsure)], [-hourMs, undefined]);
  words.said("cloud", "a", yearsMs);
  assert.deepEqual([words.own(unset), words.wrongBy("a", unset)], [-yearsMs, undefined]);
  words.said("cloud", "a", 100);
  assert.deepEqual([words.own(here), words.off("a"), words.wrongBy("a", here)], [undefined, undefined, undefined], "it was set");
});

test("when the clock here is set, one measure says so also of those that are away, and none does where the machine only slept", () => {
  const { words } = wordsOf({ a: "cloud", away: "cloud" });
  for (const node of ["a", "away"]) words.said("cloud", node, yearsMs);
  words.stepped(yearsMs);
  words.said("cloud", "a", 300);
  assert.deepEqual([words.off("a"), words.off("away"), words.all()], [undefined, undefined, []]);
  words.said("cloud", "away", hourMs);
  words.stepped(hourMs);
  words.said("cloud", "a", 200);
  words.said("cloud", "a", -hourMs);
  assert.deepEqual(words.all(), [{ teller: "cloud", node: "a", offMs: -hourMs }, { teller: "cloud", node: "away", offMs: hourMs }]);
});
