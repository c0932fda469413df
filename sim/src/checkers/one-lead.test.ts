import assert from "node:assert/strict";
import { test } from "node:test";
import { agree, LeadWatch } from "./one-lead.ts";

const lead = (node: string, term?: number) => ({ node, term });

test("one lead after the other is right, even with a gap between them", () => {
  const watch = new LeadWatch();
  watch.see(1, [lead("a", 1), lead("b")]);
  watch.see(2, [lead("a"), lead("b")]);
  watch.see(3, [lead("a"), lead("b", 2)]);
  assert.deepEqual([watch.terms, watch.violations], [2, []]);
});

test("two leads at one moment are told once for as long as they overlap", () => {
  const watch = new LeadWatch();
  for (const nowMs of [1, 2, 3]) watch.see(nowMs, [lead("a", 1), lead("b", 2)]);
  assert.deepEqual(watch.violations, ["at 1 ms two leads: a in term 1 and b in term 2"]);
});

test("one term with two leads is seen, however far apart", () => {
  const watch = new LeadWatch();
  watch.see(1, [lead("a", 7)]);
  watch.see(2, [lead("a")]);
  watch.see(90_000, [lead("b", 7)]);
  assert.deepEqual(watch.violations, ["at 90000 ms b leads in term 7, which a led"]);
});

test("members agree only where all know the same lead", () => {
  assert.deepEqual([agree(["a", "a"]), agree(["a", undefined]), agree([undefined, undefined]), agree(["a", "b"])], [true, false, false, false]);
});
