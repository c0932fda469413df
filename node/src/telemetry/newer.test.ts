import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { isNewer } from "./newer.ts";

test("after a clock that was ahead, what the right one tells is taken, though it is a moment old when it is heard", () => {
  const nowMs = 1_000_000_000;
  const told = { endMs: nowMs - 800 };
  assert.equal(isNewer(told, { endMs: nowMs + limits.telemetryAheadMs + 86_400_000 }, nowMs), true);
  assert.equal(isNewer(told, { endMs: nowMs - 60_800 }, nowMs), true);
  assert.equal(isNewer({ endMs: nowMs - 120_000 }, { endMs: nowMs - 60_800 }, nowMs), false, "what comes late is not how it is");
});
