/** The largest figures that anybody may write or tell still add up: a plan that cost infinity could be neither compared nor read again. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { canonicalJson } from "../json.ts";
import { limits } from "../limits.ts";
import { inventorySchema } from "../schema/inventory.ts";
import { splitSchema } from "../schema/model-use.ts";
import { appNeedsSchema, placementNeedsSchema, placementPolicySchema } from "../schema/needs.ts";
import { declaredInventorySchema } from "../schema/node-report.ts";
import { keptPlanSchema } from "../schema/plan.ts";
import { planAll, type PlanInputs } from "./planner.ts";

const tools = { sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest() };
const nowMs = 1_800_000_000_000;
const most = { value: 1e15, asOfMs: nowMs, source: "declared" };
const over = 1e300;

test("what is too large to be added up is refused where it is written", () => {
  for (const needs of [{ processors: over }, { callMs: over }, { stateBytes: over }, { budgetPerMonthMax: over }, { sources: [{ site: "plant", bytesPerMonth: over }] }]) assert.equal(placementNeedsSchema.safeParse(needs).success, false, JSON.stringify(needs));
  const split = { above: "end", release: { class: "derived", because: "a test" } };
  const auto = { ms: [1, 1], bytes: [1, 1] };
  assert.equal(splitSchema.safeParse({ ...split, auto }).success, true);
  for (const more of [{ ms: [1, over] }, { bytes: [over, 1] }, { rowsPerMonth: over }, { pace: { gateway: over } }]) assert.equal(splitSchema.safeParse({ ...split, auto: { ...auto, ...more } }).success, false, JSON.stringify(more));
  for (const declared of [{ processors: over }, { memoryBytes: over }, { prices: { perProcessorHour: over } }, { prices: { perKilowattHour: -over } }, { uplink: { latencyMs: over } }, { power: { processorWatts: over } }, { carbonGramsPerKilowattHour: over }]) {
    assert.equal(declaredInventorySchema.safeParse(declared).success, false, JSON.stringify(declared));
  }
});

test("a plan of the largest figures costs a finite sum, and is read again as it was kept", () => {
  const { amountMax } = limits;
  const node = (name: string, tier: string, more: object = {}) => ({ name, tier, site: name, jurisdiction: "EU/DE", capacity: { processors: 1e9, memoryBytes: 1e18, diskBytes: 1e18 }, load: { processors: { ...most, value: 0 }, memoryBytes: { ...most, value: 0 } }, prices: { perProcessorHour: most, perGigabyteHour: most, perKilowattHour: most }, power: { processorWatts: most }, carbonGramsPerKilowattHour: most, ...more });
  const up = (parent: string) => ({ uplink: { parent, latencyMs: most, perGigabyte: most, bytesPerSecond: { ...most, value: 0 } } });
  const nodes = [node("cloud", "cloud"), node("edge", "edge", up("cloud")), node("plant", "gateway", up("edge"))];
  const sources = [{ site: "plant", bytesPerMonth: amountMax }];
  const units = [{ name: "sum", processors: 1e8, sources, callMs: amountMax, stateBytes: amountMax, tiers: ["edge"] }, { name: "end", processors: 1e8, tiers: ["edge", "cloud"] }];
  const parts = ["head", "end"].map((name) => ({ name, ms: amountMax, bytes: amountMax }));
  const stages = [{ model: "head", kind: "split", parts, pace: { gateway: amountMax }, askers: [{ node: "plant", rowsPerMonth: amountMax }], units: [{ unit: "sum", rowsPerMonth: amountMax }] }];
  const apps = [appNeedsSchema.parse({ app: "pump", units, flows: [{ from: "sum", to: "end", bytesPerMonth: amountMax, asks: true }], stages })];
  const inputs: PlanInputs = { policy: placementPolicySchema.parse({}), inventory: inventorySchema.parse({ nodes }), apps, nowMs, seed: 1 };
  const { plan } = planAll(inputs, tools);
  assert.ok(plan.placements.length === 2 && Number.isFinite(plan.costPerMonth), `${plan.costPerMonth}`);
  const kept: unknown = JSON.parse(canonicalJson({ plan, inputs }));
  assert.equal(keptPlanSchema.parse(kept).plan.hash, plan.hash);
});

test("what is dear in a currency of large figures is placed all the same, and never given up for room elsewhere", () => {
  const price = { ...most, value: 1e8 };
  const node = (name: string, processors: number) => ({ name, tier: "cloud", site: name, jurisdiction: "EU/DE", capacity: { processors, memoryBytes: 1e12 }, load: { processors: { ...most, value: 0 }, memoryBytes: { ...most, value: 0 } }, prices: { perProcessorHour: price } });
  const units = Array.from({ length: 6 }, (_, index) => ({ name: `unit-${index}`, processors: 1 + (index % 3), priority: 0 }));
  const inputs = { policy: placementPolicySchema.parse({}), inventory: inventorySchema.parse({ nodes: [node("one", 4), node("two", 4), node("three", 4)] }), apps: [appNeedsSchema.parse({ app: "pump", units })], nowMs, seed: 1 };
  const { plan } = planAll(inputs, tools);
  assert.deepEqual(plan.unplaced, []);
  const again = planAll({ ...inputs, inventory: { ...inputs.inventory, nodes: inputs.inventory.nodes.map((one) => (one.name === "two" ? { ...one, capacity: { ...one.capacity, processors: 5 } } : one)) }, previous: plan }, tools).plan;
  assert.deepEqual([again.unplaced, again.moves], [[], 0]);
});
