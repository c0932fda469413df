/** Models that are asked: each cut is priced, the dynamic programming finds the cheapest, and a choice stands until another saves more than changing costs. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { stagedInstance } from "./by-chance.ts";
import { diffPlans, planAll, planText, replanWithout, type PlanInputs } from "./planner.ts";
import { explainStage } from "./plan-stages.ts";
import { cheapestStage, partMs, stagesBetween } from "./stages.ts";

const tools = { sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest() };
const known = { asOfMs: 1_800_000_000_000 - 1000, source: "measured" as const };

test("of all cuts between two nodes the cheapest is found, and none that takes more time than the node has", () => {
  let compared = 0;
  let bound = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const { fleet, work } = planAll({ ...stagedInstance(seed), apps: stagedInstance(seed).apps.slice(-1) }, tools);
    for (const stage of work.stages) {
      for (const [asker] of fleet.nodes.entries()) {
        for (const [answerer] of fleet.nodes.entries()) {
          const rows = 1e4 * 3 ** ((seed + asker) % 9);
          const best = cheapestStage(fleet, stage, asker, answerer, rows);
          const all = stagesBetween(fleet, stage, asker, answerer, rows);
          const least = Math.min(...all.map(({ cost }) => cost));
          assert.ok(Math.abs(best.cost - least) <= 1e-9 * Math.max(1, least), `seed ${seed}: ${best.cost} and ${least}`);
          assert.ok(all.some(({ here }) => here === best.here));
          compared++;
          if (asker !== answerer && stage.staged.kind === "split" && all.length < stage.staged.parts.length) bound++;
        }
      }
    }
  }
  assert.ok(compared > 2_000 && bound > 100, `${compared} compared, ${bound} of them bounded by a node's time`);
});

/** Two parts; gateway-1 asks, the end is on cloud-1. */
function asking({ ms, rows, previous }: { readonly ms: number; readonly rows: number; readonly previous?: PlanInputs["previous"] }): PlanInputs {
  const base = stagedInstance(1);
  const value = (amount: number) => ({ value: amount, ...known });
  const node = (name: string, tier: "gateway" | "cloud", more: object) => ({ name, tier, site: name, jurisdiction: "EU/DE", trust: "enrolled" as const, state: "present" as const, capacity: { processors: 4, memoryBytes: 8e9, diskBytes: 1e10 }, load: { processors: value(0), memoryBytes: value(0) }, providers: ["cpu"], prices: { perProcessorHour: value(0.02), perGigabyteHour: value(0), perKilowattHour: value(0) }, power: { processorWatts: value(0) }, carbonGramsPerKilowattHour: value(0), speeds: {}, ...more });
  const apps: PlanInputs["apps"] = base.apps.slice(-1).map((app) => ({
    ...app,
    app: "eye",
    flows: [],
    units: app.units.filter(({ name }) => name === "end").map((unit) => ({ ...unit, tiers: ["cloud" as const] })),
    stages: [{ model: "net", kind: "split" as const, parts: [{ name: "net", ms: 2, bytes: 100 }, { name: "end", ms: 10, bytes: 20 }], askers: [{ node: "gateway-1", rowsPerMonth: rows }], units: [] }],
  }));
  const nodes = [node("cloud-1", "cloud", { speeds: { "eye/end": value(1) } }), node("gateway-1", "gateway", { speeds: { "eye/net": value(ms) }, uplink: { parent: "cloud-1", latencyMs: value(5), perGigabyte: value(0), bytesPerSecond: value(1e6) } })];
  return { ...base, inventory: { nodes, links: [] }, apps, ...(previous === undefined ? {} : { previous }) };
}

test("what was chosen stands until another saves more than changing costs; the text, the diff and one line say what is done where", () => {
  const first = planAll(asking({ ms: 3, rows: 0 }), tools);
  assert.deepEqual(first.plan.stages, [{ model: "eye/net", node: "gateway-1", here: 1 }]);
  assert.match(planText(first.plan), /\nstage eye\/net 1 gateway-1\n$/);
  // All of it takes 12 ms there, and 13.12 over the line: at a cent a millisecond that is worth no change.
  const second = planAll(asking({ ms: 2, rows: 0, previous: first.plan }), tools);
  assert.deepEqual(second.plan.stages, first.plan.stages);
  assert.match(explainStage(second.fleet, second.work, second.ledger, { model: "eye/net", node: "gateway-1", here: 1 }) ?? "", /cut after net costs .*instead of all of it here .*; to change costs 0\.05, more than it saves; by rows that nobody has counted yet and times as its publisher measured them, at the pace of the parts/);
  const third = planAll(asking({ ms: 0.2, rows: 0, previous: second.plan }), tools);
  assert.deepEqual(third.plan.stages, [{ model: "eye/net", node: "gateway-1", here: 2 }]);
  assert.deepEqual(diffPlans(second.plan, third.plan), ["% eye/net 2 gateway-1"]);
  assert.equal(planAll(asking({ ms: 0.2, rows: 0, previous: second.plan }), tools).plan.hash, third.plan.hash);
  const { fleet, work } = third;
  const [stage] = work.stages;
  assert.ok(stage !== undefined);
  assert.deepEqual([partMs(fleet, stage, 0, 1), partMs(fleet, stage, 1, 1), partMs(fleet, stage, 1, 0)], [{ ms: 0.2, source: "measured" }, { ms: 1, source: "scaled" }, { ms: 1, source: "measured" }]);
});

test("a plan without a node is, cuts and all, the plan that is made from inputs that say so", () => {
  for (let seed = 1; seed <= 12; seed++) {
    const instance = stagedInstance(seed);
    const planned = planAll(instance, tools);
    for (const { name } of instance.inventory.nodes) {
      const gone = { ...instance, inventory: { ...instance.inventory, nodes: instance.inventory.nodes.map((node) => (node.name === name ? { ...node, state: "gone" as const } : node)) }, previous: planned.plan, scope: "touched" as const };
      assert.equal(planText(replanWithout(planned, [name], tools).plan), planText(planAll(gone, tools).plan), `seed ${seed}, ${name}`);
    }
  }
});

/** Two regions, each with an edge and so many gateways that ask alike; one cloud above both. */
function regions(west: number, east: number): PlanInputs {
  const base = asking({ ms: 2, rows: 0 });
  const value = (amount: number) => ({ value: amount, ...known });
  const [cloud] = base.inventory.nodes;
  assert.ok(cloud !== undefined);
  const below = (name: string, tier: "edge" | "gateway", parent: string) => ({ ...cloud, name, tier, site: name, speeds: tier === "edge" ? { "eye/end": value(1) } : { "eye/net": value(2) }, uplink: { parent, latencyMs: value(1), perGigabyte: value(0.1), bytesPerSecond: value(1e6) } });
  const gateways = [...Array.from({ length: west }, (_, index) => below(`a-west-${index}`, "gateway", "edge-west")), ...Array.from({ length: east }, (_, index) => below(`b-east-${index}`, "gateway", "edge-east"))];
  const nodes = [cloud, below("edge-west", "edge", cloud.name), below("edge-east", "edge", cloud.name), ...gateways];
  const apps = base.apps.map((app) => ({ ...app, units: app.units.map((unit) => ({ ...unit, tiers: ["edge" as const] })), stages: app.stages?.map((stage) => ({ ...stage, askers: gateways.map(({ name }) => ({ node: name, rowsPerMonth: 1e6 })) })) }));
  return { ...base, inventory: { nodes, links: [] }, apps };
}

test("all that ask have a say in where the end stands, however many they are, and the plan says where neighbours count together", () => {
  const few = planAll(regions(100, 60), tools).plan;
  assert.equal(few.placements[0]?.node, "edge-west");
  assert.equal(few.counted, undefined);
  const { plan } = planAll(regions(300, 500), tools);
  assert.equal(plan.placements[0]?.node, "edge-east");
  assert.deepEqual(plan.counted, [{ model: "eye/net", nodes: 800, groups: 256 }]);
  assert.match(planText(plan), /\ncount eye\/net 800 nodes that ask as 256\n/);
  assert.equal(plan.stages?.length, 800, "each is told where it cuts");
  // All ask alike: what counts together costs what it would by itself, but for the one group that has members in both regions.
  const [less, more] = [regions(60, 100), regions(75, 125)].map((inputs) => planAll(inputs, tools).plan.costPerMonth);
  const expected = (less ?? 0) + 16 * ((more ?? 0) - (less ?? 0));
  assert.ok(Math.abs(plan.costPerMonth / expected - 1) < 0.005, `${plan.costPerMonth} instead of ${expected}`);
});
