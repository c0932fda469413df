import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { counterSchema, type CounterRule } from "../schema/trigger.ts";
import { digestOf, judgeFrame, newDevice, type Verdict } from "./deduplicate.ts";
import { copyDevice, parseDevice, printDevice } from "./device-cell.ts";
import { toDeviceRange } from "./gaps.ts";

const rule = (more: object = {}): CounterRule => counterSchema.parse({ field: "n", bits: 8, remember: 16, ...more });
const kinds = (counters: readonly number[], with_: CounterRule = rule()): readonly string[] => {
  const device = newDevice();
  return counters.map((counter) => judgeFrame(device, { counter, session: "", digest: 1 }, with_).kind);
};

describe("a frame", () => {
  it("is new, a duplicate or late by its counter", () => {
    assert.deepEqual(kinds([1, 2, 2, 5, 3, 3, 1, 4, 6]), ["restart", "new", "duplicate", "new", "late", "duplicate", "duplicate", "late", "new"]);
  });

  it("goes over the wrap of its counter", () => {
    assert.deepEqual(kinds([254, 255, 0, 255, 1]), ["restart", "new", "new", "duplicate", "new"]);
    const device = newDevice();
    judgeFrame(device, { counter: 253, session: "", digest: 1 }, rule());
    const verdict = judgeFrame(device, { counter: 2, session: "", digest: 1 }, rule());
    assert.ok(verdict.kind === "new" && verdict.gap !== undefined);
    assert.deepEqual(toDeviceRange(verdict.gap, 8), { first: 254, last: 1, count: 4 });
  });

  it("begins a life when it is further behind than is remembered, in another session, or with other content", () => {
    assert.deepEqual(kinds([100, 84, 84, 85]), ["restart", "restart", "duplicate", "new"]);
    const device = newDevice();
    const judge = (counter: number, session: string, digest: number): string => judgeFrame(device, { counter, session, digest }, rule({ content: ["said"] })).kind;
    assert.deepEqual([judge(5, "a", 7), judge(5, "b", 7), judge(6, "a", 8), judge(6, "a", 9), judge(6, "a", 8), judge(5, "a", 7), judge(7, "a", 3)], ["restart", "restart", "new", "restart", "duplicate", "duplicate", "new"]);
  });

  it("has a digest that is never 0", () => {
    assert.equal(digestOf("a"), 0xe40c292c);
    assert.notEqual(digestOf(""), 0);
  });
});

/** Frames of one life, delivered with repeats, losses, and displaced by less than what is remembered. */
const delivery = fc.record({ first: fc.nat(255), count: fc.integer({ min: 1, max: 600 }), lost: fc.array(fc.nat(599)), seed: fc.array(fc.nat(7), { minLength: 1, maxLength: 50 }) }).map(({ first, count, lost, seed }) => {
  const gone = new Set(lost.filter((index) => index !== 0 && index < count));
  const sent = Array.from({ length: count }, (_, index) => index).filter((index) => !gone.has(index));
  const copies = sent.flatMap((index) => Array.from({ length: 1 + ((seed[index % seed.length] ?? 0) % 3) }, (_, copy) => ({ index, at: index + ((seed[(index + copy) % seed.length] ?? 0) + copy) / 1.5 })));
  return { first, sent, arrivals: copies.sort((a, b) => a.at - b.at || a.index - b.index).map(({ index }) => index) };
});

it("of any delivery each frame passes once, and the gaps are what is missing, over restarts", () => {
  fc.assert(
    fc.property(delivery, fc.boolean(), ({ first, sent, arrivals }, restarts) => {
      let device = newDevice();
      const passed: number[] = [];
      let missing = 0;
      for (const index of arrivals) {
        if (restarts) device = parseDevice(JSON.parse(printDevice(device, 16)));
        const before = printDevice(device, 16);
        const copy = copyDevice(device);
        const verdict: Verdict = judgeFrame(device, { counter: (first + index) % 256, session: "", digest: 1 }, rule());
        assert.equal(printDevice(copy, 16), before);
        assert.ok((device.lives[0]?.heard.size ?? 0) <= 16 && device.lives.length === 1);
        if (verdict.kind === "duplicate") continue;
        passed.push(index);
        if (verdict.kind === "new" || verdict.kind === "late") missing += verdict.gap === undefined ? 0 : verdict.gap.last - verdict.gap.first + 1;
        if (verdict.kind === "late" && verdict.filled !== undefined) missing -= 1;
      }
      assert.deepEqual([...passed].sort((a, b) => a - b), sent);
      assert.equal(missing, (sent.at(-1) ?? 0) - (sent[0] ?? 0) + 1 - sent.length);
    }),
    { numRuns: 300 },
  );
});
