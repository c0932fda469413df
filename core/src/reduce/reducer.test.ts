import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { limits } from "../limits.ts";
import type { UnitEvent } from "../ports.ts";
import { reductionSchema, type Reduction } from "../schema/reduction.ts";
import { parseBlock } from "./block.ts";
import { createKeyed } from "./keyed.ts";
import { createReducer, type EventReduction, type Reduced } from "./reducer.ts";

const keyed = createKeyed(new TextEncoder().encode("a key"), (bytes) => createHash("sha256").update(bytes).digest());

const declared = (rule: Record<string, unknown>): EventReduction => {
  const reduction: Reduction = reductionSchema.parse({ name: "r", on: "fan.reading", emits: "fan.block", ...rule });
  if (reduction.kind === "frames" || reduction.kind === "judge") throw new Error("the node does that");
  return reduction;
};

const event = (index: number, subject: string, timeMs: number, data: unknown): UnitEvent => ({ id: `gateway-1/0000000000000/local/${index + 1}`, type: "fan.reading", source: "/", subject, timeMs, arrivedMs: timeMs, data: JSON.parse(JSON.stringify(data)) }); // as the log hands it out: JSON has no negative zero

/** Runs events in batches of these sizes, again and again, with a restart from the durable state after each. */
function run(reduction: EventReduction, events: readonly UnitEvent[], batches: readonly number[] = [events.length]): readonly Reduced[] {
  const kept = new Map<string, string>();
  const outputs: Reduced[] = [];
  for (let from = 0, turn = 0; from < events.length; turn++) {
    const size = Math.max(1, batches[turn % batches.length] ?? 1);
    const reducer = createReducer(reduction, kept, keyed);
    for (const one of events.slice(from, from + size)) outputs.push(...reducer.take(one));
    for (const { key, value } of reducer.changes()) {
      if (value === null) kept.delete(key);
      else kept.set(key, value);
    }
    from += size;
  }
  return outputs;
}

const streams = fc
  .array(fc.record({ subject: fc.constantFrom("a", "b", "c"), step: fc.integer({ min: -3_000, max: 9_000 }), x: fc.double({ noNaN: true, noDefaultInfinity: true }), y: fc.option(fc.integer({ min: -50, max: 50 })) }), { maxLength: 120, size: "max" })
  .map((items) => {
    let timeMs = 1_000_000;
    return items.map(({ subject, step, x, y }, index) => event(index, subject, (timeMs += step), { x, ...(y === null ? {} : { y: y / 8 }), word: "no number" }));
  });

const rules: Readonly<Record<string, Record<string, unknown>>> = {
  redact: { kind: "redact", fields: ["x"], because: "why" },
  pseudonymise: { kind: "pseudonymise", fields: ["x"], replace: ["word"], because: "why" },
  "k-anonymise": { kind: "k-anonymise", fields: ["word"], quasi: { y: { width: 10 } }, k: 2, everyMs: 20_000 },
  noise: { kind: "noise", field: "y", low: -6, high: 6, step: 0.125, everyMs: 20_000, epsilon: 0.5, budget: 2 },
  keep: { kind: "keep", rows: 7, everyMs: 60_000 },
  systematic: { kind: "sample", method: { kind: "systematic", every: 3 }, rows: 4 },
  reservoir: { kind: "sample", method: { kind: "reservoir", count: 4, seed: 9 }, everyMs: 30_000 },
  aggregate: { kind: "aggregate", everyMs: 20_000, countMin: 2, measures: ["count", "mean", "deviation", "rms", "min", "max"], quantiles: [0.1, 0.5], envelope: 3 },
  "aggregate in blocks": { kind: "aggregate", everyMs: 20_000, countMin: 2, quantiles: [0.9], rows: 3 },
};

for (const [name, rule] of Object.entries(rules)) {
  test(`${name}: a restart at any place changes nothing of what comes out`, () => {
    fc.assert(fc.property(streams, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8, size: "max" }), (events, batches) => {
      assert.deepEqual(run(declared(rule), events, batches), run(declared(rule), events));
    }), { numRuns: 150 });
  });
}

const steady = (count: number, value: (index: number) => Record<string, unknown>, subject = "a"): readonly UnitEvent[] => Array.from({ length: count }, (_, index) => event(index, subject, index * 1_000, value(index)));

describe("keep", () => {
  it("hands out every number of every closed block, with its time", () => {
    fc.assert(fc.property(streams, (events) => {
      const outputs = run(declared({ kind: "keep", rows: 5, everyMs: 2_000_000_000 }), events);
      for (const subject of ["a", "b", "c"]) {
        const own = events.filter((one) => one.subject === subject);
        const closed = own.slice(0, own.length - (own.length % 5));
        const series = outputs.filter((output) => output.subject === subject).map(({ data }) => parseBlock(data));
        assert.deepEqual(series.flatMap(({ times }) => [...times]), closed.map(({ timeMs }) => timeMs));
        for (const field of ["x", "y"]) {
          const found = series.flatMap(({ times, columns }) => [...(columns.find(({ name }) => name === field)?.values ?? times.map(() => Number.NaN))]);
          assert.deepEqual(found, closed.map(({ data }) => (data as Record<string, number>)[field] ?? Number.NaN));
        }
      }
    }), { numRuns: 100 });
  });

  it("takes the fields that are named, and holds each to its bound", () => {
    const events = steady(10, (index) => ({ x: Math.sin(index), y: index, z: 1 }));
    const [block] = run(declared({ kind: "keep", rows: 10, fields: ["x", "y"], within: { x: { absolute: 0.05 } } }), events);
    const { columns } = parseBlock(block?.data);
    assert.deepEqual(columns.map(({ name }) => name), ["x", "y"]);
    columns[0]?.values.forEach((value, index) => assert.ok(Math.abs(value - Math.sin(index)) <= 0.05));
    assert.deepEqual([...(columns[1]?.values ?? [])], events.map((_, index) => index));
  });

  it("holds no more subjects and no more bytes than its bounds, and loses nothing for it", () => {
    const many = Array.from({ length: 3 * limits.reductionSubjectsMax }, (_, index) => event(index, `s${index % (limits.reductionSubjectsMax + 5)}`, index, { x: index }));
    const outputs = run(declared({ kind: "keep" }), many);
    const rows = outputs.reduce((sum, { data }) => sum + parseBlock(data).times.length, 0);
    assert.ok(rows >= many.length - limits.reductionSubjectsMax && rows > 0, `${rows}`);
    const wide = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`${"n".repeat(70)}${index}`, index]));
    const state = new Map<string, string>();
    const reducer = createReducer(declared({ kind: "keep", rows: 4_096 }), state, keyed);
    let told = 0;
    for (const one of steady(4_000, () => wide)) {
      told += reducer.take(one).reduce((sum, { data }) => sum + parseBlock(data).times.length, 0);
      for (const { key, value } of reducer.changes()) {
        if (value === null) state.delete(key);
        else state.set(key, value);
      }
      if (one.timeMs % 500_000 === 0) assert.ok([...state].reduce((sum, [key, value]) => sum + key.length + value.length, 0) <= limits.reductionOpenBytesMax);
    }
    assert.ok(told > 3_000);
  });
});

describe("sample", () => {
  it("systematic: the first of each so many of a subject", () => {
    const outputs = run(declared({ kind: "sample", method: { kind: "systematic", every: 10 }, rows: 3 }), steady(95, (index) => ({ x: index })));
    assert.deepEqual(outputs.flatMap(({ data }) => [...(parseBlock(data).columns[0]?.values ?? [])]), [0, 10, 20, 30, 40, 50, 60, 70, 80]);
  });

  const drawn = (seed: number, events: readonly UnitEvent[]): readonly number[] =>
    run(declared({ kind: "sample", method: { kind: "reservoir", count: 20, seed }, everyMs: 200_000 }), [...events, event(9_999, "a", 200_000, { x: 0 })]).flatMap(({ data }) => [...(parseBlock(data).columns[0]?.values ?? [])]);

  it("reservoir: as many as declared, the same in any order, others for another seed", () => {
    const events = steady(200, (index) => ({ x: index }));
    const chosen = drawn(1, events);
    assert.equal(new Set(chosen).size, 20);
    assert.deepEqual(drawn(1, events.toReversed()), chosen);
    assert.notDeepEqual(drawn(2, events), chosen);
    assert.equal(drawn(1, events.slice(0, 12)).length, 12);
  });

  it("reservoir: each reading has about the same chance", () => {
    const events = steady(200, (index) => ({ x: index }));
    const hits = Array.from({ length: 10 }, () => 0);
    for (let seed = 0; seed < 300; seed++) for (const value of drawn(seed, events)) hits[Math.floor(value / 20)] = (hits[Math.floor(value / 20)] ?? 0) + 1;
    for (const count of hits) assert.ok(Math.abs(count - 600) < 100, hits.join(" ")); // 600 ± 23
  });
});

describe("aggregate", () => {
  const minutes = (rule: Record<string, unknown>, events: readonly UnitEvent[]): readonly unknown[] => run(declared({ kind: "aggregate", ...rule }), events).map(({ data }) => data);

  it("is what a window's readings are, by field", () => {
    const events = steady(61, (index) => ({ x: index - 30, level: 1_000_000 + index / 10 }));
    assert.deepEqual(minutes({ measures: ["count", "mean", "deviation", "rms", "min", "max"], envelope: 2 }, events), [
      { everyMs: 60_000, fields: ["x", "level"], count: [60, 60], mean: [-0.5, 1_000_000], deviation: [17.464, 1.7464], rms: [17.325, 1_000_000], min: [-30, 1_000_000], max: [29, 1_000_000], low0: [-30, 1_000_000], high0: [-1, 1_000_000], low1: [0, 1_000_000], high1: [29, 1_000_000] },
    ]);
  });

  it("tells no field of too few readings, and no window without any", () => {
    const events = [...steady(20, (index) => (index < 9 ? { x: 1, y: 2 } : { x: 1 })), ...steady(5, () => ({ x: 3 })).map((one) => ({ ...one, timeMs: one.timeMs + 60_000 })), event(99, "a", 120_000, { x: 1 })];
    assert.deepEqual(minutes({ measures: ["mean"] }, events), [{ everyMs: 60_000, fields: ["x"], mean: [1] }]);
  });

  it("tells no part of a window with too few readings: it would be the readings, in their order", () => {
    const events = [...steady(20, (index) => ({ x: index + 0.5 })), event(20, "a", 20_000, { x: 0 })];
    assert.deepEqual(minutes({ everyMs: 20_000, countMin: 20, measures: [], envelope: 20, digits: 17 }, events), [{ everyMs: 20_000, fields: ["x"] }]);
    const uneven = [...events.filter(({ timeMs }) => timeMs < 11_000 || timeMs >= 20_000)];
    assert.deepEqual(minutes({ everyMs: 20_000, countMin: 10, measures: [], envelope: 2 }, uneven), [{ everyMs: 20_000, fields: ["x"], low0: [0.5], high0: [9.5] }]);
  });

  it("takes the part of a window that a node of before kept without a count for one without readings", () => {
    const rule = declared({ kind: "aggregate", everyMs: 20_000, countMin: 10, measures: [], envelope: 2 });
    const kept = new Map<string, string>();
    const first = createReducer(rule, kept, keyed);
    for (const one of steady(20, (index) => ({ x: index }))) first.take(one);
    for (const { key, value } of first.changes()) kept.set(key, (value ?? "").replaceAll(/\[(\d+),(\d+),10\]/g, "[$1,$2]"));
    assert.match([...kept.values()].join(), /"envelope":\[\[0,9\],\[10,19\]\]/);
    assert.deepEqual(createReducer(rule, kept, keyed).take(event(20, "a", 20_000, { x: 0 })).map(({ data }) => data), [{ everyMs: 20_000, fields: ["x"] }]);
  });

  it("counts stragglers and begins anew where time ran far back", () => {
    const at = (timeMs: number): UnitEvent => event(timeMs, "a", timeMs, { x: 1 });
    const full = (startMs: number): readonly UnitEvent[] => Array.from({ length: 12 }, (_, index) => at(startMs + index * 1_000));
    assert.deepEqual(minutes({ measures: ["count"] }, [...full(120_000), at(119_000), at(60_000), ...full(180_000), ...full(10_800_000), ...full(0), at(60_000)]), [
      { everyMs: 60_000, fields: ["x"], count: [12], late: 2 },
      ...Array.from({ length: 3 }, () => ({ everyMs: 60_000, fields: ["x"], count: [12] })),
    ]);
  });

  it("is not spoilt by one absurd reading", () => {
    const events = [...steady(20, (index) => ({ x: index < 10 ? 1e308 : -1e308, y: 1 })), ...steady(20, () => ({ x: 1, y: 1 })), event(0, "a", 60_000, {})];
    assert.deepEqual(minutes({ measures: ["count", "mean"] }, [...events, event(0, "a", 60_000, { x: 1 })]), [{ everyMs: 60_000, fields: ["y", "x"], count: [40, 20], mean: [1, 1] }]);
  });

  it("has quantiles within one in a hundred of the value at their rank, signs and zeros included", () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(0)), { minLength: 10, maxLength: 300, size: "max" }), fc.double({ min: 0.001, max: 0.999, noNaN: true }), (values, part) => {
      // Below the sketch's smallest value, 1e-9, and beyond its bins, it promises nothing.
      const kept = values.map((value) => (Math.abs(value) < 1e-3 ? 0 : value));
      const events = [...kept.map((x, index) => event(index, "a", index, { x })), event(0, "a", 60_000, { x: 0 })];
      const [data] = minutes({ measures: [], quantiles: [part], digits: 17 }, events);
      const [found = Number.NaN] = (data as Record<string, number[]>)[`q${part}`] ?? [];
      const expected = kept.toSorted((a, b) => a - b)[Math.floor(part * (kept.length - 1))] ?? Number.NaN;
      assert.ok(Math.abs(found - expected) <= 0.0101 * Math.abs(expected), `${found}, not ${expected}`);
    }), { numRuns: 300 });
  });

  it("gathers windows into blocks of columns where rows are declared", () => {
    const [block] = run(declared({ kind: "aggregate", everyMs: 10_000, measures: ["mean"], rows: 5 }), steady(51, (index) => ({ x: index })));
    const { times, columns } = parseBlock(block?.data);
    assert.deepEqual([...times], [0, 10_000, 20_000, 30_000, 40_000]);
    assert.deepEqual(columns.map(({ name, values }) => [name, ...values]), [["x.mean", 4.5, 14.5, 24.5, 34.5, 44.5]]);
  });
});

test("discard makes nothing and keeps nothing", () => {
  const reducer = createReducer(reductionSchema.parse({ kind: "discard", name: "r", on: "fan.reading" }) as EventReduction, new Map(), keyed);
  assert.deepEqual([reducer.take(event(0, "a", 0, { x: 1 })), reducer.changes()], [[], []]);
});
