import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { inventorySchema } from "../schema/inventory.ts";
import { keptPlanSchema } from "../schema/plan.ts";
import { appNeedsSchema, placementPolicySchema } from "../schema/needs.ts";
import { hourMs } from "../shifting/job.ts";
import { explainChoice } from "./explain.ts";
import { diffPlans, planAll, planText, type Plan, type PlanInputs } from "./planner.ts";

const tools = { sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest() };
const nowMs = Date.UTC(2027, 0, 15);
const declared = (value: number) => ({ value, asOfMs: nowMs, source: "declared" as const });
const hours = (of: (hour: number) => number): number[] => Array.from({ length: 72 }, (_, hour) => of(hour));
/** The north is clean at night, the south at noon, and cleaner. */
const curves = (south = 20) => ({
  north: { kind: "carbon" as const, startMs: nowMs, values: hours((hour) => (hour % 24 < 4 ? 100 : 300)), asOfMs: nowMs, from: "file north.csv" },
  south: { kind: "carbon" as const, startMs: nowMs, values: hours((hour) => (hour % 24 === 12 || hour % 24 === 13 ? south : 400)), asOfMs: nowMs, from: "http https://x.example" },
});

interface World {
  readonly job?: object;
  readonly unit?: object;
  readonly south?: number;
  readonly arrives?: number;
  readonly atMs?: number;
  readonly previous?: Plan;
}

function inputsOf({ job, unit, south, arrives = 6, atMs = nowMs, previous }: World = {}): PlanInputs {
  const node = (name: string, jurisdiction: string, more: object) => ({ name, tier: "edge", site: name, jurisdiction, capacity: { processors: 8, memoryBytes: 8e9 }, power: { processorWatts: declared(100) }, prices: { perKilowattHour: declared(0.2) }, ...more });
  return {
    policy: placementPolicySchema.parse({ perKilogramCarbon: 2 }),
    inventory: inventorySchema.parse({ nodes: [node("north-1", "EU/SE", { energy: { carbon: "north" } }), node("south-1", "EU/ES", { energy: { carbon: "south" } }), node("dark-1", "EU/FR", {})], curves: curves(south) }),
    apps: [appNeedsSchema.parse({ app: "lab", units: [{ name: "train", processors: 4, deferrableHours: 10, job: { hours: 2, ...job }, run: { arrivesMs: nowMs + arrives * hourMs, nextMs: nowMs + (arrives + 24) * hourMs }, ...unit }] })],
    nowMs: atMs,
    seed: 1,
    ...(previous === undefined ? {} : { previous }),
  };
}

test("a job goes where, and waits until when, its run costs least; the plan says what that saves", () => {
  const planned = planAll(inputsOf(), tools);
  assert.deepEqual(planned.plan.placements.map(({ node }) => node), ["south-1"]);
  const [shift] = planned.plan.shifts ?? [];
  assert.deepEqual([shift?.windows, shift?.planned, shift?.atOnce, shift?.atOnceNode], [[{ fromMs: nowMs + 12 * hourMs, toMs: nowMs + 14 * hourMs }], 20, 400, "south-1"]);
  assert.match(planText(planned.plan), /^shift lab\/train on south-1: its run of 2027-01-15 06:00 UTC is done 2027-01-15 12:00 to 14:00 UTC, before 2027-01-15 18:00: 20 g\/kWh instead of 400 at once, 95 % less$/m);
  assert.match(explainChoice(planned, "lab/train", "south-1").text, /the next best; its run of 2027-01-15 06:00 UTC is done .* 95 % less\.$/);
  assert.match(explainChoice(planned, "lab/train", "north-1").text, /more a month there than on south-1, most of it carbon/);
  assert.doesNotMatch(planText(planAll({ ...inputsOf(), apps: [] }, tools).plan), /shift/);
});

test("residency and slack are kept, and where no curve is known nothing is assumed to be clean", () => {
  assert.equal(planAll(inputsOf({ unit: { jurisdictions: ["EU/SE", "EU/FR"] } }), tools).plan.placements[0]?.node, "north-1");
  const tight = planAll(inputsOf({ unit: { deferrableHours: 1 } }), tools).plan;
  assert.deepEqual([tight.placements[0]?.node, tight.shifts?.[0]?.planned], ["north-1", 300]);
  const dark = planAll(inputsOf({ unit: { jurisdictions: ["EU/FR"] } }), tools).plan;
  assert.deepEqual([dark.shifts?.[0]?.basis, dark.shifts?.[0]?.planned], ["unknown", null]);
});

test("a better forecast moves hours and place before there is work, and neither after; small change moves nothing", () => {
  const first = planAll(inputsOf(), tools).plan;
  const worse = planAll(inputsOf({ south: 390, previous: first }), tools).plan;
  assert.deepEqual([worse.placements[0]?.node, worse.shifts?.[0]?.atOnceNode], ["north-1", "south-1"]);
  assert.deepEqual(diffPlans(first, worse), ["~ lab/train 0 south-1 -> north-1", "@ lab/train 0 north-1"]);
  const little = planAll(inputsOf({ south: 20.1, previous: first }), tools).plan;
  assert.deepEqual(diffPlans(first, little), []);
  const underWay = planAll(inputsOf({ south: 390, previous: first, atMs: nowMs + 7 * hourMs }), tools);
  assert.deepEqual(diffPlans(first, underWay.plan), []);
  assert.deepEqual(explainChoice(underWay, "lab/train", "north-1"), { verdict: "rejected", reason: "busy", text: "lab/train is not on north-1: a run of it is under way on south-1." });
  assert.equal(explainChoice(planAll(inputsOf({ south: 390, previous: first }), tools), "lab/train", "north-1").verdict, "chosen", "before there is work nothing is under way");
  const lost = { ...inputsOf({ previous: first, atMs: nowMs + 7 * hourMs }) };
  const after = planAll({ ...lost, inventory: { ...lost.inventory, nodes: lost.inventory.nodes.map((node) => (node.name === "south-1" ? { ...node, state: "gone" } : node)) } }, tools).plan;
  assert.equal(after.placements[0]?.node, "north-1", "a node that is gone holds nothing back");
});

test("a kept plan with jobs is read as it was written, and made anew it is the same", () => {
  const planned = planAll(inputsOf({ previous: planAll(inputsOf({ south: 390 }), tools).plan }), tools);
  const kept = keptPlanSchema.parse(JSON.parse(JSON.stringify({ plan: planned.plan, inputs: planned.inputs })));
  assert.deepEqual(kept.plan, JSON.parse(JSON.stringify(planned.plan)));
  const { previous, scope: _, ...rest } = kept.inputs;
  assert.equal(planAll({ ...rest, ...(previous === undefined ? {} : { previous }) }, tools).plan.hash, planned.plan.hash);
});
