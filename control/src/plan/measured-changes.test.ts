import assert from "node:assert/strict";
import { test } from "node:test";
import { inventoryNodeSchema, type InventoryNode } from "@holon/core/schema/inventory.ts";
import { measuredChanges } from "./measured-changes.ts";

const measured = (value: number) => ({ value, asOfMs: 0, source: "measured" as const });
const node = (name: string, more: object): InventoryNode => inventoryNodeSchema.parse({ name, tier: "edge", site: "plant", jurisdiction: "EU/DE", capacity: { processors: 4 }, ...more });

test("of what is measured it is said which node measures what otherwise, from what to what, the largest change first", () => {
  const before = [node("g1", { load: { processors: measured(1), memoryBytes: measured(2e9) }, uplink: { parent: "g2", latencyMs: measured(4) } }), node("g2", { load: { processors: measured(1) } })];
  const after = [node("g1", { load: { processors: measured(3), memoryBytes: measured(2.1e9) }, uplink: { parent: "g2", latencyMs: measured(6) } }), node("g2", { speeds: { "pump/sum": measured(12) } })];
  assert.deepEqual(measuredChanges(before, after), ["g2: ms of a call of pump/sum unknown → 12", "g2: processors in use by others 1 → unknown", "g1: processors in use by others 1 → 3", "g1: ms to its parent 4 → 6"]);
  assert.deepEqual(measuredChanges(before, before), []);
});
