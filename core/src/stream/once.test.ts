import assert from "node:assert/strict";
import { test } from "node:test";
import type { UnitEvent } from "../ports.ts";
import { windowTriggerSchema } from "../schema/trigger.ts";
import { WindowStage } from "./window-stage.ts";

const minute = 60_000;
const trigger = windowTriggerSchema.parse({ type: "lora.frame", window: { kind: "tumbling", sizeMs: 10 * minute }, by: "subject", once: { fields: ["session", "counter"], withinMs: 5_000 }, late: { allowedMs: 0, rule: "update", keepMs: 60 * minute }, watermark: { idleMs: minute } });
let number = 0;
const heard = (gateway: string, atMs: number, counter: number, session = "s1"): { readonly event: UnitEvent; readonly isArrivalKnown: boolean } => ({
  event: { id: `e${++number}`, type: "lora.frame", source: `/plant/${gateway}`, subject: "pump-7", timeMs: atMs, arrivedMs: atMs, data: { session, counter } },
  isArrivalKnown: true,
});
const countersOf = (stage: WindowStage, input: readonly ReturnType<typeof heard>[], nowMs: number): readonly (readonly unknown[])[] =>
  stage.step(input, nowMs).windows.map(({ startMs, revision, events }) => [startMs / minute, revision, events.map(({ event }) => (typeof event.data === "object" && event.data !== null && "counter" in event.data ? event.data.counter : undefined))]);

test("what two gateways heard of one device is in its window once; a device that goes from one to the other keeps its windows, which wait for the first no longer than for any silent source", () => {
  const stage = new WindowStage(trigger, new Map(), 0);
  const before = [heard("a", 1 * minute, 1), heard("b", 1 * minute + 800, 1), heard("a", 2 * minute, 2), heard("b", 2 * minute - 400, 2), heard("a", 3 * minute, 3)];
  assert.deepEqual(countersOf(stage, before, 0), []);
  assert.equal(stage.counts.repeats, 2);
  // From here on only b hears it.
  assert.deepEqual(countersOf(stage, [heard("b", 9 * minute, 4), heard("b", 11 * minute, 5)], minute / 2), [], "a might still tell of the first ten minutes");
  assert.deepEqual(countersOf(stage, [], 1.2 * minute), [[0, 0, [1, 2, 3, 4]]]);
  // What a heard of it arrives an hour late, after an outage of a: it was counted.
  assert.deepEqual(countersOf(stage, [heard("a", 9 * minute + 300, 4)], 1.3 * minute), []);
  assert.deepEqual(countersOf(stage, [heard("a", 9 * minute + 500, 44)], 1.3 * minute), []);
  assert.deepEqual(countersOf(stage, [], 3 * minute).filter(([startMinute]) => startMinute === 0), [[0, 1, [1, 2, 3, 4, 44]]]);
});

test("the same counter of another session, much later, or of the same gateway is another frame; a frame without the fields counts", () => {
  const stage = new WindowStage(trigger, new Map(), 0);
  const bare = heard("b", 1_000, 1);
  stage.step([heard("a", 1_000, 1), heard("b", 1_000, 1, "s2"), heard("b", 60_000, 1), heard("a", 1_000, 1), { ...bare, event: { ...bare.event, data: { counter: 1 } } }], 0);
  assert.deepEqual([stage.counts.taken, stage.counts.repeats], [5, 0]);
});
