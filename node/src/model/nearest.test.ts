import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { createNearest } from "./nearest.ts";

test("a node of before is asked without the trace that it refuses, and from then on at once", async () => {
  const asked: unknown[] = [];
  const calls = {
    callPeer(_peer: unknown, method: string, parameters: unknown): Promise<unknown> {
      assert.equal(method, "model.answer");
      asked.push(parameters);
      return typeof parameters === "object" && parameters !== null && "traceparent" in parameters ? Promise.reject(new HolonError("HOLON_MODEL_INPUT_BAD", "a question to a model does not fit at the top")) : Promise.resolve("answered");
    },
  };
  const peer = { name: "edge-1" } as unknown as NonNullable<ReturnType<Parameters<typeof createNearest>[0]["above"]>>;
  const nearest = createNearest({ calls, handlers: new Map(), clock: { monotonicMs: () => 0 }, siblings: () => [], above: () => peer, answers: () => false });
  const request = { model: "app/large", x: { shape: [1, 1], as: "floats" as const, values: "AACAPw==" }, traceparent: `00-${"4b".repeat(16)}-${"0a".repeat(8)}-01` };
  const { traceparent: _, ...plain } = request;
  for (let times = 0; times < 2; times += 1) assert.equal(await nearest.ask(request, 1_000, () => Promise.resolve(true)), "answered");
  assert.deepEqual(asked, [request, plain, plain]);
});

test("a question that fits no model is refused with and without its trace, and says nothing of who was asked", async () => {
  let refuses = true;
  const asked: boolean[] = [];
  const calls = {
    callPeer(_peer: unknown, _method: string, parameters: unknown): Promise<unknown> {
      asked.push(typeof parameters === "object" && parameters !== null && "traceparent" in parameters);
      return refuses ? Promise.reject(new HolonError("HOLON_MODEL_INPUT_BAD", "the model takes another shape")) : Promise.resolve("answered");
    },
  };
  const peer = { name: "edge-1" } as unknown as NonNullable<ReturnType<Parameters<typeof createNearest>[0]["above"]>>;
  const nearest = createNearest({ calls, handlers: new Map(), clock: { monotonicMs: () => 0 }, siblings: () => [], above: () => peer, answers: () => false });
  const request = { model: "app/large", x: { shape: [1, 1], as: "floats" as const, values: "AACAPw==" }, traceparent: `00-${"4b".repeat(16)}-${"0a".repeat(8)}-01` };
  await assert.rejects(nearest.ask(request, 1_000, () => Promise.resolve(true)), (error: HolonError) => error.code === "HOLON_MODEL_INPUT_BAD");
  refuses = false;
  assert.equal(await nearest.ask(request, 1_000, () => Promise.resolve(true)), "answered");
  assert.deepEqual(asked, [true, false, true]);
});
