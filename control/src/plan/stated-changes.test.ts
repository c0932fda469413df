import assert from "node:assert/strict";
import { test } from "node:test";
import { inventorySchema } from "@holon/core/schema/inventory.ts";
import { statedChanges } from "./stated-changes.ts";

const declared = (value: number) => ({ value, asOfMs: 1, source: "declared" });
const nodeOf = (more: object) => {
  const [node] = inventorySchema.parse({ nodes: [{ name: "m1", tier: "gateway", site: "mill", jurisdiction: "EU/DE", capacity: { processors: 2 }, ...more }] }).nodes;
  if (node === undefined) throw new RangeError("there is one");
  return node;
};

test("what a node is said to be is named with what it was and what it is", () => {
  const before = nodeOf({ uplink: { parent: "edge-1" }, providers: ["cpu"], prices: { perProcessorHour: declared(0.02) } });
  const after = nodeOf({ uplink: { parent: "edge-2", perGigabyte: declared(0.1) }, providers: ["cpu", "cuda"], capacity: { processors: 2, memoryBytes: 4e9, accelerators: { model: "t4", count: 1 } }, prices: { perProcessorHour: declared(0.03) }, trust: "attested" });
  assert.deepEqual(statedChanges(before, after), [
    "m1: trust enrolled → attested",
    "m1: providers cpu → cpu, cuda",
    "m1: price perProcessorHour 0.02 → 0.03",
    "m1: parent edge-1 → edge-2",
    "m1: bytes of memory unknown → 4000000000",
    "m1: accelerators model unknown → t4",
    "m1: accelerators count unknown → 1",
    "m1: way up perGigabyte unknown → 0.1",
  ]);
  assert.deepEqual(statedChanges(after, after), []);
});

test("what is merely measured is none of it", () => {
  assert.deepEqual(statedChanges(nodeOf({}), nodeOf({ load: { processors: { value: 1, asOfMs: 5, source: "measured" } } })), []);
});
