import assert from "node:assert/strict";
import { test } from "node:test";
import { printKey } from "@holon/core/telemetry/key.ts";
import { createAges } from "./ages.ts";

test("a function has an age from when it runs here, whether it handles anything or not, and none any more when it runs elsewhere", () => {
  let nowMs = 5_000;
  const ages = createAges({ monotonicMs: () => nowMs }, "gateway-1");
  const key = printKey("holon.function.age", { app: "till", function: "count" });
  const running = [{ app: "till", name: "count" }];
  assert.equal(ages.seconds(running, []).get(key), 0);
  nowMs += 60_000;
  assert.equal(ages.seconds(running, []).get(key), 60);
  ages.handled("till", "count");
  nowMs += 2_000;
  assert.equal(ages.seconds(running, []).get(key), 2);
  assert.deepEqual([...ages.seconds([], [])], []);
  nowMs += 60_000;
  assert.equal(ages.seconds(running, []).get(key), 0, "come back, it begins anew");
});

test("a stream that was written to before this start has an age, one that never was has none", () => {
  let nowMs = 0;
  const ages = createAges({ monotonicMs: () => nowMs }, "gateway-1");
  ages.seconds([], ["data", "audit"]);
  nowMs += 30_000;
  assert.deepEqual([...ages.seconds([], ["data", "audit"])], [[printKey("holon.log.age", { stream: "data" }), 30]]);
});
