import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../limits.ts";
import { inOrder, smoothed, tryMs, type Replica } from "./replicas.ts";

const replica = (node: string, more: Partial<Replica> = {}): Replica => ({ node, hops: 1, latencyMs: undefined, failures: 0, failedMs: 0, ...more });
const names = (replicas: readonly Replica[], nowMs = 0): string => inOrder(replicas, nowMs).map(({ node }) => node).join(" ");

test("what runs here goes first, then the nearest by what was measured", () => {
  assert.equal(names([replica("far", { latencyMs: 80 }), replica("near", { latencyMs: 3 }), replica("here", { hops: 0 }), replica("unknown", { hops: 2 })]), "here near unknown far");
});

test("one that failed is tried last for a while, longer each time, and is not forgotten", () => {
  const replicas = [replica("dead", { latencyMs: 1, failures: 1, failedMs: 100 }), replica("slow", { latencyMs: 500 })];
  assert.equal(names(replicas, 101), "slow dead");
  assert.equal(names(replicas, 100 + limits.requestRestMs), "dead slow");
  assert.equal(names([{ ...replica("dead", { latencyMs: 1 }), failures: 3, failedMs: 100 }, replica("slow", { latencyMs: 500 })], 100 + limits.requestRestMs), "slow dead");
});

test("the last one has all the time that is left; no other takes it all", () => {
  assert.equal(tryMs(10_000, 0, { latencyMs: 5 }), 10_000);
  assert.equal(tryMs(9_000, 2, { latencyMs: 5 }), 3_000);
  assert.equal(tryMs(9_000, 2, { latencyMs: 4_000 }), 4_500);
  assert.equal(tryMs(100, 2, { latencyMs: undefined }), 100);
  assert.equal(smoothed(smoothed(undefined, 8), 4), 7);
});
