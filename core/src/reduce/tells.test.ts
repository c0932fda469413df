import assert from "node:assert/strict";
import { test } from "node:test";
import type { DataClass } from "../schema/event.ts";
import { reductionSchema, type Reduction } from "../schema/reduction.ts";
import { tellingProblems } from "./declared.ts";
import { tellsTooMuch } from "./tells.ts";

const declared = (rule: Record<string, unknown>): Reduction => reductionSchema.parse({ name: "r", on: "door.passed", emits: "door.told", ...rule });
const aggregate = (rule: Record<string, unknown> = {}): Reduction => declared({ kind: "aggregate", fields: ["x"], ...rule });
const saysOf = (reduction: Reduction, from: DataClass, ...others: readonly Reduction[]): string => tellsTooMuch(reduction, from, [reduction, ...others]).join("; ");

test("figures of a window are half as many as its readings at the most, an envelope being two of each part", () => {
  assert.equal(saysOf(aggregate(), "raw"), "", "as it is without another word");
  assert.equal(saysOf(aggregate({ countMin: 10, measures: ["count", "mean", "min", "max"], envelope: 4 }), "raw"), "");
  assert.match(saysOf(aggregate({ countMin: 2 }), "raw"), /2 figures give 2 readings back: let `countMin` be 4 at least/);
  assert.match(saysOf(aggregate({ countMin: 10, measures: ["mean", "deviation", "rms"], quantiles: [0.1, 0.5, 0.9] }), "raw"), /6 figures give 10 readings back: let `countMin` be 12/);
  assert.match(saysOf(aggregate({ countMin: 3, measures: [], envelope: 9 }), "raw"), /`countMin` be 4/);
  for (const from of ["aggregate", "public"] as const) assert.equal(saysOf(aggregate({ countMin: 2 }), from), "", "nothing is lowered");
});

test("aggregates beside one another tell no more than one may", () => {
  const twin = { name: "other", emits: "door.other" };
  assert.match(saysOf(aggregate({ measures: ["mean", "rms", "deviation"] }), "raw", aggregate({ ...twin, measures: ["min", "max", "rms"], quantiles: [0.5] })), /6 figures/);
  assert.equal(saysOf(aggregate({ measures: ["mean", "rms", "deviation"] }), "raw", aggregate({ ...twin, measures: ["min", "max", "rms"] })), "", "what both tell tells no more");
  assert.match(saysOf(aggregate({ everyMs: 20_000 }), "raw", aggregate({ ...twin, everyMs: 21_000 })), /windows that end elsewhere/);
  assert.equal(saysOf(aggregate({ everyMs: 60_000, measures: ["mean", "rms", "deviation"] }), "raw", aggregate({ ...twin, everyMs: 3_600_000, measures: ["mean", "min", "max"] })), "");
  assert.equal(saysOf(aggregate({ everyMs: 20_000 }), "raw", aggregate({ ...twin, everyMs: 21_000, fields: ["y"] })), "");
  assert.equal(saysOf(aggregate({ everyMs: 20_000 }), "raw", aggregate({ ...twin, everyMs: 21_000, on: "door.weighed" })), "");
  assert.match(saysOf(aggregate({ everyMs: 60_000 }), "personal", aggregate({ ...twin, everyMs: 120_000 })), /two aggregates of a person/);
});

test("of what is personal no reading, no name of a field that is not declared, and nothing of few readings", () => {
  assert.equal(saysOf(aggregate({ quantiles: [0.5] }), "personal"), "");
  assert.equal(saysOf(aggregate({ countMin: 50, quantiles: [0.1, 0.9] }), "personal"), "");
  assert.match(saysOf(declared({ kind: "aggregate" }), "personal"), /names of all fields.*name those/);
  assert.equal(saysOf(declared({ kind: "aggregate" }), "raw"), "");
  for (const rule of [{ measures: ["min"] }, { measures: ["max"] }, { measures: [], envelope: 2 }]) assert.match(saysOf(aggregate(rule), "personal"), /is a reading: take `quantiles`/);
  assert.match(saysOf(aggregate({ countMin: 4 }), "personal"), /`countMin` be 5/);
  assert.match(saysOf(aggregate({ countMin: 20, quantiles: [0.000001, 0.5, 0.9] }), "personal"), /quantile 0.000001, 0.9 has fewer than 5 readings beyond it/);
  assert.match(saysOf(aggregate({ countMin: 20, quantiles: [0.9] }), "personal"), /`countMin` be 50 at least/);
  for (const kind of ["keep", "sample"]) assert.match(saysOf(declared({ kind, ...(kind === "sample" ? { method: { kind: "systematic", every: 2 } } : {}), release: { class: "derived", because: "why" } }), "personal"), /cannot be released/);
  assert.equal(saysOf(declared({ kind: "keep", stream: "local" }), "personal"), "", "it keeps its class");
});

test("k-anonymity without anything that could identify somebody is none, of whatever class", () => {
  for (const from of ["personal", "raw", "derived"] as const) assert.match(saysOf(declared({ kind: "k-anonymise", fields: ["name"], quasi: {} }), from), /without `quasi`/);
  assert.equal(saysOf(declared({ kind: "k-anonymise", fields: ["name"], quasi: { age: { width: 10 } } }), "personal"), "");
});

test("an app is asked by the class that it declares, and by raw where it declares none", () => {
  const reduction = declared({ kind: "aggregate" });
  const source = (own: DataClass) => ({ kind: "host", name: "s", type: "door.passed", class: own, rateHz: 1, subject: "s" }) as const;
  assert.match(tellingProblems({ sources: [source("personal")], functions: [], reductions: [reduction] }).join(), /^reduction r: door.passed is personal, and without `fields`/);
  assert.deepEqual(tellingProblems({ sources: [source("raw")], functions: [], reductions: [reduction] }), []);
  assert.match(tellingProblems({ sources: [], functions: [], reductions: [aggregate({ countMin: 3 })] }).join(), /door.passed is raw/);
});
