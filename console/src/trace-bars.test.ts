import assert from "node:assert/strict";
import { test } from "node:test";
import type { TraceStep } from "@holon/core/telemetry/trace.ts";
import { barsOf } from "./trace-bars.ts";

const step = (spanId: string, fromMs: number, tookMs: number, waited: TraceStep["waited"] = null): TraceStep => ({ spanId, parentSpanId: null, depth: 0, kind: "link", name: spanId, node: "edge-1", site: "plant", startAt: "", fromMs, tookMs, waited, status: "ok", error: null, event: null, eventType: null, attributes: {} });
const spans = [step("door", 0, 10), step("judge", 15, 5, { for: "turn", fromMs: 10, tookMs: 5 }), step("one", 20, 1_000, { for: "link", fromMs: 20, tookMs: 990 }), step("two", 1_020, 980, { for: "link", fromMs: 1_000, tookMs: 950 })];

test("bars lie where the time was, and waits beside them", () => {
  const { lengthMs, work, wait } = barsOf({ spans, tookMs: 2_000 }, false);
  assert.equal(lengthMs, 2_000);
  assert.deepEqual(work.get("judge"), { left: 15 / 2_000, width: 5 / 2_000 });
  assert.deepEqual(wait.get("judge"), { left: 10 / 2_000, width: 5 / 2_000 });
  assert.deepEqual(work.get("one"), { left: 1_010 / 2_000, width: 10 / 2_000 });
});

test("without the waits for links the rest has the whole width, and turns are still waited for", () => {
  const { lengthMs, work, wait } = barsOf({ spans, tookMs: 2_000 }, true);
  assert.equal(lengthMs, 2_000 - 1_930, "waits that overlap are left out once");
  assert.deepEqual([work.get("door"), wait.get("one")?.width], [{ left: 0, width: 10 / 70 }, 0]);
  assert.deepEqual(wait.get("judge"), { left: 10 / 70, width: 5 / 70 });
  assert.equal((work.get("two")?.left ?? 0) + (work.get("two")?.width ?? 0), 1);
});

test("a trace of one moment has a width", () => {
  assert.equal(barsOf({ spans: [step("door", 0, 0)], tookMs: 0 }, false).work.get("door")?.left, 0);
});
