import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { inventorySchema } from "../schema/inventory.ts";
import { appNeedsSchema, placementPolicySchema } from "../schema/needs.ts";
import { explainChoice } from "./explain.ts";
import { planAll, type Planned } from "./planner.ts";

const nowMs = 1_800_000_000_000;
const measured = (value: number) => ({ value, asOfMs: nowMs, source: "measured" });
const tools = { sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest() };

/** Two gateways of a site, and what a processor costs on each; undefined: nobody knows. */
function planOf(prices: Readonly<Record<"m1" | "m2", number | undefined>>): Planned {
  const nodes = Object.entries(prices).map(([name, price]) => ({ name, tier: "gateway", site: "mine", jurisdiction: "EU/DE", capacity: { processors: 2, memoryBytes: 4e9 }, load: { processors: measured(0), memoryBytes: measured(0) }, prices: { perGigabyteHour: measured(0), perKilowattHour: measured(0.3), ...(price === undefined ? {} : { perProcessorHour: measured(price) }) }, power: { processorWatts: measured(4) } }));
  const app = appNeedsSchema.parse({ app: "cnt", units: [{ name: "stg", processors: 0.1, memoryBytes: 1e8 }] });
  return planAll({ policy: placementPolicySchema.parse({}), inventory: inventorySchema.parse({ nodes }), apps: [app], nowMs, seed: 1 }, tools);
}
const text = (prices: Parameters<typeof planOf>[0], node: string): string => explainChoice(planOf(prices), "cnt/stg", node).text;

test("a price that nobody knows is told as one, beside the figure that rests on the dearest of the fleet", () => {
  const lacking = /; what a processor costs on m2 is unknown, and the dearest that is known of the fleet counts\.$/;
  assert.match(text({ m1: 0.05, m2: undefined }, "m2"), lacking);
  assert.doesNotMatch(text({ m1: 0.05, m2: undefined }, "m1"), /unknown/);
  for (const node of ["m1", "m2"]) assert.doesNotMatch(text({ m1: 0.05, m2: 0.05 }, node), /unknown/);
});

test("where no node has told a price, none stands in for it", () => {
  for (const node of ["m1", "m2"]) assert.doesNotMatch(text({ m1: undefined, m2: undefined }, node), /unknown/);
});
