import assert from "node:assert/strict";
import { test } from "node:test";
import { planRetention, type HeldPart, type RetentionInput } from "./retention.ts";

const beginMs = Date.UTC(2026, 0);

const part = (segment: number, stream: HeldPart["stream"], lastSequence: number, over: Partial<HeldPart> = {}): HeldPart => ({
  segment,
  lane: `gateway-1/${stream}`,
  stream,
  bytes: 100,
  lastSequence,
  newestMs: beginMs + segment * 1000,
  ...over,
});

const input = (over: Partial<RetentionInput>): RetentionInput => ({ policy: { streams: {} }, nowMs: beginMs + 10_000, parts: [], totalBytes: 0, safe: new Map(), read: new Map(), needBytes: 0, ...over });

test("without a policy and with room nothing goes", () => {
  assert.deepEqual(planRetention(input({ parts: [part(1, "local", 10), part(1, "data", 5)], totalBytes: 200 })), []);
});

test("old raw readings go, the rest of their segment stays", () => {
  const parts = [part(1, "local", 10), part(1, "data", 5), part(9, "local", 20)];
  const plan = planRetention(input({ policy: { streams: { local: { maxAgeMs: 5000 } } }, parts, totalBytes: 300 }));
  assert.deepEqual(plan, [{ lane: "gateway-1/local", through: 10, rule: "local older than 5000 ms" }]);
});

test("what a function has not read yet is not old", () => {
  const plan = planRetention(input({ policy: { streams: { local: { maxAgeMs: 1 } } }, parts: [part(1, "local", 10), part(2, "local", 20)], read: new Map([["gateway-1/local", 15]]) }));
  assert.deepEqual(plan.map(({ through }) => through), [10]);
});

test("alarms and audit never go while they are nowhere else, whatever the age or the need", () => {
  const parts = [part(1, "alarm", 3), part(1, "audit", 9)];
  assert.deepEqual(planRetention(input({ policy: { streams: { alarm: { maxAgeMs: 1 }, audit: { maxAgeMs: 1 } } }, parts, totalBytes: 200, needBytes: 1e9 })), []);
});

test("when space is short, raw gives way before aggregates, and what is safe elsewhere before what is not", () => {
  const parts = [part(1, "data", 5), part(1, "local", 10), part(2, "telemetry", 4)];
  const order = [100, 200, 300].map((needBytes) => planRetention(input({ parts, totalBytes: 300, needBytes, safe: new Map([["gateway-1/data", 5]]) })).map(({ lane }) => lane));
  assert.deepEqual(order, [["gateway-1/data"], ["gateway-1/data", "gateway-1/local"], ["gateway-1/data", "gateway-1/local", "gateway-1/telemetry"]]);
});

test("a lane is let go of from its beginning, never in the middle", () => {
  const parts = [part(1, "local", 10, { newestMs: beginMs + 9_900 }), part(2, "local", 20, { newestMs: beginMs + 1 })];
  assert.deepEqual(planRetention(input({ policy: { streams: { local: { maxAgeMs: 5000 } } }, parts })), []);
});

test("what a clock said that was never set, or that went back, makes nothing old", () => {
  const policy = { streams: { local: { maxAgeMs: 5000 } } };
  const neverSet = [part(1, "local", 10, { newestMs: 7_000 }), part(9, "local", 20)];
  assert.deepEqual(planRetention(input({ policy, parts: neverSet })), []);
  const wentBack = [part(8, "local", 10), part(9, "local", 20, { newestMs: beginMs - 1e9 })];
  assert.deepEqual(planRetention(input({ policy, parts: wentBack })), []);
});
