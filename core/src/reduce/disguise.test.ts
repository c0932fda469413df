import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { UnitEvent } from "../ports.ts";
import { reductionSchema } from "../schema/reduction.ts";
import { outputClass, reductionProblems } from "./declared.ts";
import { createKeyed, keyedUniform } from "./keyed.ts";
import { twoSidedGeometric } from "./noise.ts";
import { createReducer, type EventReduction, type Reduced } from "./reducer.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
const keyed = createKeyed(new TextEncoder().encode("a key"), sha256);
const marker = "PLANTED";

const declared = (rule: Record<string, unknown>): EventReduction => {
  const reduction = reductionSchema.parse({ name: "r", on: "door.passed", emits: "door.told", ...rule });
  if (reduction.kind === "frames" || reduction.kind === "judge") throw new Error("the node does that");
  return reduction;
};
const event = (index: number, subject: string, timeMs: number, data: unknown): UnitEvent => ({ id: `gateway-1/0000000000000/local/${index + 1}`, type: "door.passed", source: "/", subject, timeMs, arrivedMs: timeMs, data });

function run(reduction: EventReduction, events: readonly UnitEvent[], restart = Infinity, kept = new Map<string, string>()): readonly Reduced[] {
  const outputs: Reduced[] = [];
  for (let from = 0; from < events.length; from += Math.min(restart, events.length)) {
    const reducer = createReducer(reduction, kept, keyed);
    for (const one of events.slice(from, from + restart)) outputs.push(...reducer.take(one));
    for (const { key, value } of reducer.changes()) {
      if (value === null) kept.delete(key);
      else kept.set(key, value);
    }
  }
  return outputs;
}

test("the keyed hash is HMAC-SHA-256, for keys of any length", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (key, text) => {
    assert.equal(Buffer.from(createKeyed(key, sha256)(text)).toString("hex"), createHmac("sha256", key).update(text).digest("hex"));
  }));
  // RFC 4231, test case 2.
  assert.equal(Buffer.from(createKeyed(Buffer.from("Jefe"), sha256)("what do ya want for nothing?")).toString("hex"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
});

test("redact leaves the named plain fields and nothing else, whatever a reading holds", () => {
  fc.assert(fc.property(fc.dictionary(fc.constantFrom("kept", "name", "note", "__proto__"), fc.oneof(fc.constant(marker), fc.constant({ deep: marker }), fc.constant([marker]))), fc.boolean(), (data, keepSubject) => {
    const outputs = run(declared({ kind: "redact", fields: ["kept", "deep"], keepSubject, because: "why" }), [event(0, "door-1", 0, { ...data, kept: 7, deep: { more: marker } })]);
    assert.deepEqual(outputs, [{ subject: keepSubject ? "door-1" : undefined, timeMs: 0, data: { kept: 7 } }]);
  }));
});

test("a pseudonym is the same for the same name, another under another key, and holds nothing of the name", () => {
  const rule = declared({ kind: "pseudonymise", fields: ["at", "name"], replace: ["name"], because: "why" });
  const [one, again, other] = run(rule, [event(0, marker, 0, { name: marker, at: 1, more: marker }), event(1, marker, 1, { name: marker, at: 2 }), event(2, "else", 2, { name: "else", at: 3 })]);
  assert.ok(!JSON.stringify([one, again, other]).includes(marker));
  assert.equal(one?.subject, again?.subject);
  assert.deepEqual(one?.data, { at: 1, name: one?.subject });
  assert.notEqual(one?.subject, other?.subject);
  const elsewhere = createReducer(rule, new Map(), createKeyed(new Uint8Array(32), sha256)).take(event(0, marker, 0, { name: marker }));
  assert.notEqual(elsewhere[0]?.subject, one?.subject);
});

test("k-anonymise tells a combination only where enough subjects share it, each once, and counts whom it leaves out", () => {
  const people = fc.array(fc.record({ subject: fc.integer({ min: 0, max: 30 }), age: fc.integer({ min: 0, max: 99 }), town: fc.constantFrom("Bonn", "Bern", "Brno"), window: fc.integer({ min: 0, max: 2 }) }), { maxLength: 120, size: "max" });
  fc.assert(fc.property(people, fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 30 }), (list, k, restart) => {
    const inOrder = list.toSorted((a, b) => a.window - b.window);
    const events = [...inOrder.map(({ subject, age, town, window }, index) => event(index, `${marker}${subject}`, window * 1_000 + 1, { age, town, state: "in", secret: marker })), event(999, "last", 9_000, {})];
    const outputs = run(declared({ kind: "k-anonymise", fields: ["state"], quasi: { age: { width: 20 }, town: { characters: 1 } }, k, everyMs: 1_000 }), events, restart);
    assert.ok(!JSON.stringify(outputs).includes(marker));
    for (const { timeMs, data } of outputs) {
      const { rows, leftOut } = data as { readonly rows: readonly Record<string, unknown>[]; readonly leftOut: number };
      const last = new Map(inOrder.filter(({ window }) => window * 1_000 === timeMs).map((row) => [row.subject, row]));
      assert.equal(rows.length + leftOut, last.size);
      for (const row of rows) {
        assert.deepEqual(Object.keys(row).sort(), ["age", "state", "town"]);
        assert.ok([...last.values()].filter(({ age }) => Math.floor(age / 20) * 20 === row["age"]).length >= k);
        assert.equal(row["town"], "B");
      }
    }
  }), { numRuns: 200 });
});

test("k-anonymise tells no value that is told as it is of fewer than so many subjects: a name among the fields is a name", () => {
  const people = ["Olga", "Otto", "Ada", "Ben"].map((name, index) => event(index, `p${index}`, index, { name, badge: 100 + index, ill: index < 3 ? "flu" : "hiv", age: 31 }));
  const outputs = run(declared({ kind: "k-anonymise", fields: ["name", "badge", "ill"], quasi: { age: { width: 10 } }, k: 3, everyMs: 1_000 }), [...people, event(9, "last", 5_000, {})]);
  assert.deepEqual(outputs.map(({ data }) => data), [{ everyMs: 1_000, k: 3, rows: [{ age: 30 }, { ill: "flu", age: 30 }, { ill: "flu", age: 30 }, { ill: "flu", age: 30 }], leftOut: 0 }]);
});

const noisy = { kind: "noise", field: "x", low: 0, high: 10, step: 0.5, everyMs: 1_000, epsilon: 0.5 };

test("the budget of noise runs out, however often the reduction starts anew, and no batch that is repeated draws other noise", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 40 }), (windows, restart) => {
    const events = Array.from({ length: 40 }, (_, index) => event(index, `p${index % 7}`, index * 500, { x: index % 11 }));
    const kept = new Map<string, string>();
    const rule = declared({ ...noisy, budget: windows / 2 });
    const outputs = run(rule, events, restart, kept);
    assert.equal(outputs.length, Math.min(windows, 19));
    assert.deepEqual(outputs.map(({ data }) => (data as { readonly left: number }).left), outputs.map((_, index) => (windows - index - 1) / 2));
    assert.deepEqual(run(rule, events), outputs);
    // The same readings once more: what was spent stays spent.
    assert.equal(run(rule, events, restart, kept).length, Math.max(0, Math.min(windows - outputs.length, 19)));
  }), { numRuns: 60 });
});

test("noise is symmetric and as wide as its epsilon says, and a reading beyond the bounds moves nothing further", () => {
  const rate = 0.25;
  const draws = Array.from({ length: 20_000 }, (_, index) => twoSidedGeometric(rate, (side) => keyedUniform(keyed, `${index} ${side}`)));
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  const variance = draws.reduce((sum, value) => sum + value * value, 0) / draws.length;
  const expected = (2 * Math.exp(-rate)) / (1 - Math.exp(-rate)) ** 2;
  assert.ok(Math.abs(mean) < 0.2, `${mean}`);
  assert.ok(Math.abs(variance / expected - 1) < 0.05, `${variance} ${expected}`);
  const at = (x: number) => run(declared({ ...noisy, budget: 5 }), [event(0, "a", 0, { x }), event(1, "a", 2_000, { x })]);
  assert.deepEqual(at(1e9), at(10));
  assert.deepEqual(at(-1e9), at(0));
});

test("only the first readings of a subject count in a window", () => {
  const many = Array.from({ length: 50 }, (_, index) => event(index, "a", index, { x: 10 }));
  const end = event(50, "b", 5_000, { x: 0 });
  assert.deepEqual(run(declared({ ...noisy, budget: 5 }), [...many, end]), run(declared({ ...noisy, budget: 5 }), [...many.slice(0, 1), end]));
});

test("what is personal may be disguised, and the class of what comes out follows from the kind", () => {
  const source = { kind: "host", name: "s", type: "door.passed", class: "personal" } as const;
  for (const [rule, own] of [
    [{ kind: "redact", fields: ["x"], because: "why" }, "derived"],
    [{ kind: "pseudonymise", because: "why" }, "derived"],
    [{ kind: "k-anonymise", fields: ["x"], quasi: { y: { exact: true } } }, "derived"],
    [{ ...noisy, budget: 1 }, "aggregate"],
  ] as const) {
    const reduction = declared(rule);
    const app = { sources: [{ ...source, rateHz: 1, subject: "s" }], functions: [], reductions: [reduction] };
    assert.equal(outputClass(app, reduction), own);
    assert.deepEqual(reductionProblems(app), []);
  }
});

test("a declaration of noise that could not keep its promise is refused", () => {
  for (const wrong of [{ low: 10 }, { step: 0 }, { epsilon: 0 }, { budget: 0.1 }, { low: -1e9, high: 1e9, step: 1e-9 }]) assert.equal(reductionSchema.safeParse({ name: "r", on: "a.b", emits: "a.c", ...noisy, budget: 5, ...wrong }).success, false, JSON.stringify(wrong));
});
