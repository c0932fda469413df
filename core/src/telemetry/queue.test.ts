import assert from "node:assert/strict";
import { test } from "node:test";
import { printKey } from "./key.ts";
import { lagMetric, queueOf, type QueueRow } from "./queue.ts";

const row = (state: QueueRow["state"], lag: number | undefined, through = "2026-01-01T00:00:00.000Z"): QueueRow => ({ state, through, figures: lag === undefined ? {} : { [printKey(lagMetric, { app: "a", function: "f" })]: lag } });

test("what waits is added up over nodes that are heard; of others it is unknown, and nobody knowing is not nought", () => {
  const rows = [row("present", 5, "2026-01-01T00:00:10.000Z"), row("slow", 7), row("silent", 900), row("present", undefined)];
  assert.deepEqual(queueOf("a", "f", rows), { app: "a", function: "f", queueDepth: 12, nodes: 2, unknown: 1, asOf: "2026-01-01T00:00:00.000Z" });
  assert.equal(queueOf("a", "g", rows), undefined);
  assert.deepEqual(queueOf("a", "f", [row("silent", 900)]), { app: "a", function: "f", queueDepth: 900, nodes: 0, unknown: 1, asOf: "2026-01-01T00:00:00.000Z" }, "what was told last, and that nobody is heard");
});
