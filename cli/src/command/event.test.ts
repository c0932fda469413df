import assert from "node:assert/strict";
import { test } from "node:test";
import { timeOf } from "./event.ts";

test("a time is told as it stands or as so long ago; anything else is refused by name", () => {
  const nowMs = Date.UTC(2026, 0, 2, 12);
  assert.equal(timeOf("--since", undefined, nowMs), undefined);
  assert.equal(timeOf("--since", "2026-01-02T03:04:05Z", nowMs), "2026-01-02T03:04:05.000Z");
  assert.equal(timeOf("--since", "90s", nowMs), "2026-01-02T11:58:30.000Z");
  assert.equal(timeOf("--since", "2h", nowMs), "2026-01-02T10:00:00.000Z");
  assert.equal(timeOf("--since", "7d", nowMs), "2025-12-26T12:00:00.000Z");
  assert.throws(() => timeOf("--until", "yesterday", nowMs), { code: "HOLON_ARGUMENT_BAD", message: /--until.*yesterday/ });
});
