/** What does not come outweighs a price, in fleets of any size. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { inventorySchema } from "../schema/inventory.ts";
import { appNeedsSchema } from "../schema/needs.ts";
import { lostAt } from "./passing.ts";
import { planAll } from "./planner.ts";
import { askBy, idle, inputsOf, measured, priced, type World } from "./testing/pump-world.ts";

const tools = { sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest() };
const ask = askBy(tools);

test("in a fleet of which not every node is looked at, those are to which something comes, and from which it is taken", () => {
  const node = (name: string, tier: string, perProcessorHour: number, parent?: string) => ({ name, tier, site: name, jurisdiction: "EU/DE", capacity: { processors: 4, memoryBytes: 8e9 }, load: idle, prices: priced(perProcessorHour), ...(parent === undefined ? {} : { uplink: { parent, latencyMs: measured(5), perGigabyte: measured(0.1) } }) });
  const many = (count: number, name: string, tier: string, price: number, parent: string) => Array.from({ length: count }, (_, index) => node(`${name}-${index}`, tier, price, parent));
  const fleets = [
    [node("cloud", "cloud", 0.09), ...many(80, "g", "gateway", 0.02, "cloud")],
    [node("cloud", "cloud", 0.9), ...many(70, "e", "edge", 0.02, "cloud"), node("deep", "edge", 0.5, "cloud"), ...many(30, "g", "gateway", 0.95, "deep")],
  ];
  for (const nodes of fleets) {
    const gateways = nodes.filter(({ tier }) => tier === "gateway").map(({ name }) => name);
    const units = Array.from({ length: 17 }, (_, index) => [
      { name: `sum-${index}`, processors: 0.1, callMs: 0, makers: gateways.slice(0, 64).map((name) => ({ node: name })) },
      { name: `first-${index}`, processors: 0.1, callMs: 0, takers: [{ unit: "every", tier: "gateway" }] },
      { name: `above-${index}`, processors: 0.1, callMs: 0, tiers: ["edge", "cloud"] },
    ]).flat();
    const flows = Array.from({ length: 17 }, (_, index) => ({ from: `first-${index}`, to: `above-${index}`, hands: "up" }));
    const planned = planAll({ ...inputsOf({}), inventory: inventorySchema.parse({ nodes }), apps: [appNeedsSchema.parse({ app: "a", units, flows })] }, tools);
    const { fleet, work, ledger, plan } = planned;
    assert.deepEqual([plan.unplaced, work.items.reduce((lost, item, index) => lost + lostAt(fleet, item, ledger.at, ledger.at[index] ?? -1), 0)], [[], 0], JSON.stringify(plan.placements.slice(0, 6)));
  }
});

test("a maker that stands for many outweighs a few, and how many they are is told", () => {
  const beside: World = { node: { "gateway-2": { site: "yard", uplink: { parent: "cloud-1", latencyMs: measured(5), perGigabyte: measured(0.1) } }, "gateway-1": { prices: priced(0.9) } } };
  const at = (like: number) => ({ ...beside, unit: { tiers: ["gateway"], makers: [{ node: "gateway-1", like }, { node: "gateway-2", like: 3 }] } });
  assert.equal(ask(at(2), "gateway-2").verdict, "chosen");
  assert.match(ask(at(70), "gateway-2").text, /: what is made for it on gateway-1 and up to 69 more does not come to gateway-2, which is not above them\.$/);
});

test("what does not come outweighs what anything costs, and never a place at all, in whatever currency", () => {
  const dear: World = { node: { "cloud-1": { capacity: { processors: 64, memoryBytes: 2e9 }, prices: priced(0.9) }, "edge-1": { capacity: { processors: 64, memoryBytes: 2e9 } } }, unit: { tiers: ["edge", "cloud"], processors: 30, makers: [{ node: "cloud-1" }] } };
  assert.deepEqual([ask(dear, "cloud-1").verdict, ask(dear, "edge-1").reason], ["chosen", "way"]);
  const crowded: World = { policy: { perMove: 13_000 }, unit: { tiers: ["edge", "cloud"], processors: 2, priority: 0, makers: [{ node: "cloud-1", like: 64 }] }, others: [{ name: "must", processors: 2, tiers: ["cloud"] }] };
  const { plan } = planAll(inputsOf(crowded), tools);
  assert.deepEqual([plan.unplaced, plan.placements.map(({ unit, node }) => `${unit} ${node}`)], [[], ["pump/judge edge-1", "pump/must cloud-1"]]);
});

test("a chain goes with its head to where more comes to that, also beside so much work that it is not searched through", () => {
  const node = (name: string, tier: string, price: number, parent?: string) => ({ name, tier, site: name, jurisdiction: "EU/DE", capacity: { processors: 64, memoryBytes: 64e9 }, load: idle, prices: priced(price), ...(parent === undefined ? {} : { uplink: { parent, latencyMs: measured(5), perGigabyte: measured(0.1) } }) });
  const nodes = [node("cloud", "cloud", 0.5), node("edge", "edge", 0.02, "cloud"), node("m1", "gateway", 0.9, "edge"), node("m2", "gateway", 0.9, "cloud")];
  for (const length of [2, 5, 6, 20]) {
    const chain = Array.from({ length }, (_, index) => ({ name: `a${index}`, processors: 0.1 + index / 100, tiers: ["edge", "cloud"], ...(index === 0 ? { makers: [{ node: "m1" }, { node: "m2" }] } : {}) }));
    const rest = Array.from({ length: 60 }, (_, index) => ({ name: `z${index}`, processors: 0.1 }));
    const flows = Array.from({ length: length - 1 }, (_, index) => ({ from: `a${index}`, to: `a${index + 1}`, hands: "up" }));
    const { plan } = planAll({ ...inputsOf({}), inventory: inventorySchema.parse({ nodes }), apps: [appNeedsSchema.parse({ app: "a", units: [...chain, ...rest], flows })] }, tools);
    assert.deepEqual(plan.placements.filter(({ unit }) => unit.startsWith("a/a")).map(({ node: at }) => at), chain.map(() => "cloud"), `${length} of a chain`);
  }
});
