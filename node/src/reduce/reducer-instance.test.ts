import assert from "node:assert/strict";
import { test } from "node:test";
import { reductionSchema } from "@holon/core/schema/reduction.ts";
import { createReducerInstance } from "./reducer-instance.ts";

test("a reduction is metered by the time for which it had the node's thread", async () => {
  const reduction = reductionSchema.parse({ kind: "aggregate", name: "minute", on: "in.came", emits: "in.minute", everyMs: 60_000 });
  assert.ok(reduction.kind === "aggregate");
  let nowMs = 5;
  const instance = createReducerInstance(reduction, new Map(), () => assert.fail("nothing is keyed"), { monotonicMs: () => (nowMs += 3) });
  const { usage } = await instance.handle([{ id: "origin/epoch/local/1", type: "in.came", source: "/test", subject: "a", timeMs: 0, arrivedMs: 0, data: { x: 1 } }]);
  assert.deepEqual(usage, { processorMs: 3, memoryBytes: 0 });
});
