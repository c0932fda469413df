import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "../errors.ts";
import type { UnitResult } from "../ports.ts";
import { startWithSecrets } from "./secret-guard.ts";
import { spentUntil, withSpent } from "./spent.ts";

const usage = { processorMs: 4, memoryBytes: 2 };

test("what was used stands by the error, and by the one that is told in its place since it held a secret, or since the result did", async () => {
  const error = withSpent(new HolonError("HOLON_UNIT_THREW", "it threw on k-4711-k"), usage);
  assert.deepEqual([spentUntil(error), spentUntil(withSpent(new HolonError("HOLON_UNIT_THREW", "it threw"), undefined))], [usage, undefined]);
  const result: UnitResult = { outputs: [], state: [{ key: "k", value: `"k-4711-k"` }], fitted: [], status: undefined, inferenceMs: [], usage };
  for (const answer of [(): Promise<UnitResult> => Promise.reject(error), () => Promise.resolve(result)]) {
    const guarded = await startWithSecrets("app/sums", { key: "k-4711-k" }, () => Promise.resolve({ handle: answer, stop: () => Promise.resolve() }));
    const told: unknown = await guarded.handle([]).catch((failure: unknown) => failure);
    assert.ok(told instanceof HolonError && !told.message.includes("4711"), String(told));
    assert.deepEqual(spentUntil(told), usage);
  }
});
