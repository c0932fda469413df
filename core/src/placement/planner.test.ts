import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { inventorySchema } from "../schema/inventory.ts";
import { appNeedsSchema } from "../schema/needs.ts";
import { explainChoice, type Reason } from "./explain.ts";
import { wayBetween } from "./fleet.ts";
import { diffPlans, planAll, planText, replanWithout, type Planned, type PlanInputs } from "./planner.ts";
import { largeInstance, smallInstance } from "./by-chance.ts";
import { brokenBy } from "./testing/hold.ts";
import { askBy, idle, inputsOf, measured, nowMs, priced, type World } from "./testing/pump-world.ts";

const tools = { sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest() };
const ask = askBy(tools);
import { latencyOf, whyNever, whyNotNow, whyOutOfBounds, type Refusal } from "./work.ts";


/** Every bound of every placed unit, by counting anew. */
function checkAll({ fleet, work, ledger, plan }: Planned): void {
  const used = fleet.nodes.map(() => ({ processors: 0, memoryBytes: 0, parts: [] as number[] }));
  for (const [index, item] of work.items.entries()) {
    const at = ledger.at[index] ?? -1;
    const [node, use] = [fleet.nodes[at], used[at]];
    if (node === undefined || use === undefined) continue;
    assert.equal(whyNever(item.needs, node) ?? whyNotNow(node), undefined, item.unit);
    assert.equal(whyOutOfBounds(fleet, item, at), undefined, item.unit);
    use.processors += item.needs.processors;
    use.memoryBytes += item.needs.memoryBytes;
    const { accelerator } = item.needs;
    const { accelerators } = node.capacity;
    if (accelerator !== undefined && ledger.without[index] !== 1 && accelerators !== undefined && accelerators.count >= accelerator.count && (accelerator.models.length === 0 || accelerator.models.includes(accelerators.model))) for (let part = 0; part < accelerator.count; part++) use.parts.push(accelerator.milli);
    for (const other of item.siblings) {
      if ((ledger.at[other] ?? -1) < 0) continue;
      assert.notEqual(ledger.at[other], at, `${item.unit}: two replicas on ${node.name}`);
      if (item.needs.spread === "site") assert.notEqual(fleet.siteOf[ledger.at[other] ?? 0], fleet.siteOf[at], item.unit);
    }
  }
  for (const [index, { processors, memoryBytes, parts }] of used.entries()) {
    assert.ok(processors <= Math.max(fleet.processors[index] ?? 0, fleet.told.processors[index] ?? 0) + 1e-6, `${fleet.nodes[index]?.name}: processors`);
    assert.ok(memoryBytes <= Math.max(fleet.memoryBytes[index] ?? 0, fleet.told.memoryBytes[index] ?? 0), `${fleet.nodes[index]?.name}: memory`);
    const left = ledger.acceleratorsOf(index);
    assert.ok(left.every((milli) => milli >= 0));
    assert.equal(left.reduce((sum, milli) => sum + milli, 0) + parts.reduce((sum, milli) => sum + milli, 0), 1000 * (fleet.nodes[index]?.capacity.accelerators?.count ?? 0), "what accelerators have handed out is what stands there");
  }
  assert.equal(plan.placements.length + plan.unplaced.length, work.items.length);
}

const cases = Number(process.env["HOLON_PLANNER_CASES"] ?? 400);
/** Each run tries others. */
const firstSeed = 1 + cases * Number(process.env["HOLON_SIM_ROTATION"] ?? "0");

test(`residency, trust, capacity, latency, budget and spread hold in ${cases} fleets by chance, before and after a node is gone`, () => {
  for (let seed = firstSeed; seed < firstSeed + cases; seed++) {
    const { policy, ...rest } = smallInstance(10_000 + seed);
    const planned = planAll({ ...rest, policy: { ...policy, stepsMax: 5_000 } }, tools);
    checkAll(planned);
    const lost = planned.plan.placements[0]?.node;
    if (lost === undefined) continue;
    const after = replanWithout(planned, [lost], tools);
    checkAll(after);
    assert.ok(after.plan.placements.every(({ node }) => node !== lost));
    assert.equal(after.plan.parent, planned.plan.hash);
  }
});

test("the same inputs make the same plan, in whatever order they come; a lost node is the same plan as inputs that say so", () => {
  for (const seed of [3, 4, 5]) {
    const inputs = largeInstance(300, 200, seed);
    const planned = planAll(inputs, tools);
    checkAll(planned);
    const turned: PlanInputs = { ...inputs, inventory: { ...inputs.inventory, nodes: inputs.inventory.nodes.toReversed() }, apps: inputs.apps.toReversed() };
    assert.equal(planText(planAll(turned, tools).plan), planText(planned.plan));
    const lost = [planned.plan.placements[7]?.node ?? "", planned.plan.placements[90]?.node ?? ""];
    const after = replanWithout(planned, lost, tools);
    checkAll(after);
    assert.equal(planText(planAll(after.inputs, tools).plan), planText(after.plan));
    const again = replanWithout(after, [after.plan.placements[3]?.node ?? ""], tools);
    assert.equal(planText(planAll(again.inputs, tools).plan), planText(again.plan));
    const changed = diffPlans(planned.plan, after.plan);
    assert.equal(changed.filter((line) => line.startsWith("~")).length, after.plan.moves);
    for (const { unit, replica } of planned.plan.placements.filter(({ node }) => lost.includes(node))) assert.ok(changed.some((line) => line.slice(2).startsWith(`${unit} ${replica} `)));
  }
});

/** A cloud in the US, an edge and two gateways in Germany. */

test("as many accelerators as a unit must have stand on one node for it, and who fits beside others is not left out", () => {
  const count = (seed: number, of: number): number => 1 + ((seed * 2_654_435_761 + of * 40_503) % 97) % 4;
  for (let seed = 1; seed <= 300; seed++) {
    const names = ["n-0", "n-1", "n-2"];
    const nodes = names.map((name, of) => ({ name, tier: "edge", site: "plant", jurisdiction: "EU/DE", load: idle, capacity: { processors: 8, memoryBytes: 8e9, accelerators: { model: "t4", count: count(seed, of) } }, prices: { perProcessorHour: measured(0.01 * (1 + count(seed, of + 9))) } }));
    const units = [3, 4, 5].map((of) => ({ name: `u-${of}`, processors: 1, callMs: 0, accelerator: { count: count(seed, of), models: ["t4"] } }));
    const inputs: PlanInputs = { ...inputsOf({}), inventory: inventorySchema.parse({ nodes }), apps: [appNeedsSchema.parse({ app: "a", units })] };
    const { plan } = planAll(inputs, tools);
    assert.deepEqual(brokenBy(inputs, plan), [], `seed ${seed}`);
    const fits = (unit: number, left: readonly number[]): boolean => unit === units.length || left.some((free, node) => free >= (units[unit]?.accelerator.count ?? 0) && fits(unit + 1, left.with(node, free - (units[unit]?.accelerator.count ?? 0))));
    if (fits(0, nodes.map(({ capacity }) => capacity.accelerators.count))) assert.deepEqual(plan.unplaced, [], `seed ${seed}: all of them fit`);
  }
});


test("ten lines of needs are enough: the cheapest node that may run it, near its data where that pays", () => {
  assert.deepEqual(ask({}, "cloud-1").reason, "cheapest");
  assert.equal(ask({ unit: { sources: [{ site: "plant", bytesPerMonth: 900e9 }] } }, "gateway-1").verdict, "chosen");
  assert.equal(ask({ unit: { jurisdictions: ["EU"] } }, "edge-1").verdict, "chosen");
});

const roomy = (diskBytes: number) => ({ capacity: { processors: 2, memoryBytes: 2e9, diskBytes } });
const withCards = (count: number) => ({ capacity: { processors: 2, memoryBytes: 2e9, accelerators: { model: "t4", count } } });
/** Each kind of refusal there is, which the compiler holds to be whole; that a run is under way is asked in `jobs.test.ts`. */
const refusals: Readonly<Record<Exclude<Refusal["reason"], "busy">, true>> = { gone: true, silent: true, held: true, policy: true, left: true, way: true, residency: true, data: true, sealed: true, trust: true, tier: true, hardware: true, provider: true, latency: true, budget: true, capacity: true, spread: true };

/** It would go to the edge. */
const aboveIsDear: World = { node: { "cloud-1": { prices: priced(0.03) } } };
const maker = { name: "first", processors: 0.1, tiers: ["cloud"] };
const below = { ...maker, tiers: ["gateway"] };

/** The same question before and after one thing has changed: the reason is that thing. */
const changes: readonly { readonly reason: Reason; readonly node: string; readonly with: World; readonly without: World; readonly says: RegExp }[] = [
  { reason: "residency", node: "cloud-1", with: { unit: { jurisdictions: ["EU"] } }, without: {}, says: /stands in US\/CA, and the unit may run in EU only/ },
  { reason: "gone", node: "cloud-1", with: { node: { "cloud-1": { state: "gone" } } }, without: {}, says: /it is gone/ },
  { reason: "data", node: "cloud-1", with: { unit: { classes: ["raw"], sources: [{ site: "plant" }] } }, without: { unit: { classes: ["derived"], sources: [{ site: "plant" }] } }, says: /raw or personal stays at its site/ },
  { reason: "trust", node: "cloud-1", with: { node: { "cloud-1": { trust: "none" } } }, without: {}, says: /its trust is none, and the unit wants enrolled/ },
  { reason: "tier", node: "cloud-1", with: { unit: { tiers: ["gateway", "edge"] } }, without: {}, says: /of tier cloud, and the unit is for gateway, edge/ },
  { reason: "hardware", node: "cloud-1", with: { unit: { accelerator: { models: ["t4"] } }, node: { "edge-1": { capacity: { processors: 2, memoryBytes: 2e9, accelerators: { model: "t4", count: 1 } } } } }, without: {}, says: /no accelerator, and the unit needs t4/ },
  { reason: "provider", node: "cloud-1", with: { unit: { providers: ["cuda"] }, node: { "edge-1": { providers: ["cpu", "cuda"] } } }, without: {}, says: /it has cpu, and the unit needs cuda/ },
  { reason: "latency", node: "cloud-1", with: { unit: { sources: [{ site: "plant" }], latencyMsMax: 20 } }, without: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60 } }, says: /it would take 45 ms, over the bound of 20 ms/ },
  { reason: "latency", node: "cloud-1", with: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60 }, node: { "edge-1": { uplink: { parent: "cloud-1", perGigabyte: measured(0.1) } } } }, without: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60 } }, says: /latency of the way there is unknown/ },
  { reason: "latency", node: "cloud-1", with: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60 }, node: { "edge-1": { uplink: { parent: "cloud-1", latencyMs: measured(40, 8 * 86_400_000), perGigabyte: measured(0.1) } } } }, without: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60 } }, says: /unknown/ },
  { reason: "latency", node: "cloud-1", with: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60, callMs: undefined } }, without: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60, callMs: 10 } }, says: /how long a call takes is unknown/ },
  { reason: "latency", node: "cloud-1", with: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60 }, node: { "edge-1": { speeds: { "pump/judge": measured(16) } } } }, without: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60 }, node: { "edge-1": { speeds: { "pump/judge": measured(14) } } } }, says: /it would take 61 ms/ },
  { reason: "silent", node: "cloud-1", with: { node: { "cloud-1": { state: "silent" } } }, without: {}, says: /silent for longer than its lease, and nothing new is given to it until it has been heard for 5 minutes on end/ },
  { reason: "capacity", node: "cloud-1", with: { node: { "cloud-1": { capacity: { memoryBytes: 2e9 } } } }, without: {}, says: /how many processors it has is unknown/ },
  { reason: "way", node: "gateway-1", with: { unit: { sources: [{ site: "region" }], onTheWay: true, tiers: ["gateway"] } }, without: { unit: { sources: [{ site: "region" }], tiers: ["gateway"] } }, says: /what comes from region does not pass it/ },
  { reason: "way", node: "edge-1", with: { ...aboveIsDear, others: [maker], flows: [{ from: "first", to: "judge", hands: "up" }] }, without: { ...aboveIsDear, others: [maker], flows: [{ from: "first", to: "judge" }] }, says: /: what pump\/first makes on cloud-1 does not come to edge-1: edge-1 is not above cloud-1\.$/ },
  { reason: "way", node: "edge-1", with: { ...aboveIsDear, others: [maker], flows: [{ from: "first", to: "judge", asks: true }] }, without: { ...aboveIsDear, others: [maker], flows: [{ from: "first", to: "judge" }] }, says: /: questions of pump\/first do not come from cloud-1 to edge-1: edge-1 is not above cloud-1 nor of its site\.$/ },
  { reason: "way", node: "edge-1", with: { ...aboveIsDear, unit: { makers: [{ node: "gateway-1" }, { node: "cloud-1" }] } }, without: { ...aboveIsDear, unit: { makers: [{ node: "gateway-1" }, { node: "gateway-2" }] } }, says: /: what is made for it on cloud-1 does not come to edge-1, which is not above it\.$/ },
  { reason: "way", node: "cloud-1", with: { unit: { makers: [{ node: "gateway-1", until: "edge-1" }] } }, without: { unit: { makers: [{ node: "gateway-1", until: "cloud-1" }] } }, says: /: what is made for it on gateway-1 does not come to cloud-1: the policy lets it go no higher than edge-1\.$/ },
  { reason: "way", node: "edge-1", with: { ...aboveIsDear, unit: { makers: [{ node: "cloud-1", asks: true }] } }, without: { ...aboveIsDear, unit: { makers: [{ node: "gateway-1", asks: true }] } }, says: /: questions from cloud-1 do not come to edge-1, which is not above it nor of its site\.$/ },
  { reason: "way", node: "cloud-1", with: { unit: { takers: [{ unit: "every", tier: "edge" }] } }, without: { unit: { takers: [{ unit: "every", tier: "cloud" }] } }, says: /: what it makes does not come to pump\/every: that runs on every node of tier edge, and is handed what is made on the same node\.$/ },
  { reason: "way", node: "cloud-1", with: { others: [below], flows: [{ from: "first", to: "judge", hands: "up", borders: [{ born: "EU/DE", to: "US/CA" }] }] }, without: { others: [below], flows: [{ from: "first", to: "judge", hands: "up", borders: [{ born: "US/CA", to: "US/CA" }] }] }, says: /: what pump\/first makes on gateway-1 does not come to cloud-1: the policy lets it go no higher than edge-1\.$/ },
  { reason: "way", node: "cloud-1", with: { unit: { onTheWay: true, sources: [{ site: "plant" }] }, others: [{ ...below, tiers: ["edge"] }], flows: [{ from: "first", to: "judge", hands: "up" }] }, without: { unit: { onTheWay: true, sources: [{ site: "plant" }] }, others: [below], flows: [{ from: "first", to: "judge", hands: "up" }] }, says: /: what pump\/first makes on edge-1 does not come to cloud-1: edge-1 is of none of the sites that it names as its sources\.$/ },
  { reason: "budget", node: "cloud-1", with: { unit: { budgetPerMonthMax: 20 }, node: { "cloud-1": { prices: priced(0.03) } } }, without: { unit: { budgetPerMonthMax: 20 } }, says: /a month there costs 21\.9, over the budget of 20/ },
  { reason: "budget", node: "cloud-1", with: { unit: { budgetPerMonthMax: 20 }, node: { "cloud-1": { prices: { ...priced(0.01), perProcessorHour: undefined } } } }, without: { node: { "cloud-1": { prices: { ...priced(0.01), perProcessorHour: undefined } } }, unit: { tiers: ["cloud"] } }, says: /what a processor costs there is unknown, and the unit has a budget of 20/ },
  { reason: "budget", node: "cloud-1", with: { unit: { budgetPerMonthMax: 20 }, node: { "cloud-1": { prices: { ...priced(0.01), perKilowattHour: measured(0.3) } } } }, without: { unit: { budgetPerMonthMax: 20 } }, says: /what its electricity costs there, by watts and by the price of a kilowatt-hour, is unknown/ },
  { reason: "budget", node: "cloud-1", with: { unit: { budgetPerMonthMax: 20, sources: [{ site: "region", bytesPerMonth: 1e9 }] }, node: { "edge-1": { uplink: { parent: "cloud-1", latencyMs: measured(40), perGigabyte: measured(0.1, 9 * 86_400_000) } } } }, without: { unit: { budgetPerMonthMax: 20, sources: [{ site: "region", bytesPerMonth: 1e9 }] } }, says: /what a gigabyte from region to there costs is unknown/ },
  { reason: "capacity", node: "cloud-1", with: { node: { "cloud-1": { load: { ...idle, processors: measured(1.5) } } } }, without: {}, says: /it has 0\.5 processors left, and the unit needs 1/ },
  { reason: "capacity", node: "cloud-1", with: { node: { "cloud-1": { load: {} } }, unit: { processors: 1.5 } }, without: { unit: { processors: 1.5 } }, says: /it has 1 processors left, and the unit needs 1\.5; how much of it is in use is unknown, and 50 % are taken for it/ },
  { reason: "capacity", node: "cloud-1", with: { node: { "cloud-1": { load: { ...idle, processors: measured(0, 3 * 86_400_000) } } }, unit: { processors: 1.5 } }, without: { node: { "cloud-1": { load: { ...idle, processors: measured(0, 86_400_000) } } }, unit: { processors: 1.5 } }, says: /how much of it is in use is unknown/ },
  { reason: "capacity", node: "cloud-1", with: { node: { "cloud-1": { capacity: { processors: 2, memoryBytes: 2e9, asOfMs: nowMs - 30 * 86_400_000 } } } }, without: { node: { "cloud-1": { capacity: { processors: 2, memoryBytes: 2e9, asOfMs: nowMs - 6 * 86_400_000 } } } }, says: /what it has was told last 30 days ago, and is taken for unknown/ },
  { reason: "capacity", node: "cloud-1", with: { unit: { memoryBytes: 1.5e9 }, node: { "cloud-1": { load: { ...idle, memoryBytes: measured(1e9) } } } }, without: { unit: { memoryBytes: 1.5e9 } }, says: /MiB of memory left, and the unit needs/ },
  { reason: "capacity", node: "cloud-1", with: { unit: { diskBytes: 1e9 }, node: { "cloud-1": roomy(5e8), "edge-1": roomy(2e9) } }, without: { unit: { diskBytes: 1e9 }, node: { "cloud-1": roomy(1e9), "edge-1": roomy(2e9) } }, says: /MiB of disk left, and the unit needs/ },
  { reason: "capacity", node: "cloud-1", with: { unit: { accelerator: {} }, others: [{ name: "alarm", processors: 0.5, tiers: ["cloud"], accelerator: {}, priority: 9 }], node: { "cloud-1": withCards(1), "edge-1": withCards(1) } }, without: { unit: { accelerator: {} }, others: [{ name: "alarm", processors: 0.5, tiers: ["cloud"], accelerator: {}, priority: 9 }], node: { "cloud-1": withCards(2), "edge-1": withCards(1) } }, says: /it has 0 accelerators with room for it left, and the unit needs 1/ },
  { reason: "capacity", node: "cloud-1", with: { unit: { tiers: ["cloud"], processors: 2, priority: 3 }, others: [{ name: "alarm", processors: 2, tiers: ["cloud"], priority: 8 }] }, without: { unit: { tiers: ["cloud"], processors: 2, priority: 8 }, others: [{ name: "alarm", processors: 2, tiers: ["cloud"], priority: 3 }] }, says: /it has 0 processors left, and the unit needs 2/ },
  { reason: "held", node: "cloud-1", with: { node: { "cloud-1": { held: true } } }, without: {}, says: /its program is not what was adopted, and it takes nothing new until somebody adopts it/ },
  { reason: "policy", node: "cloud-1", with: { unit: { forbidden: { "cloud-1": "rule not-abroad, line 4" } } }, without: { unit: { forbidden: { "gateway-1": "rule not-abroad, line 4" } } }, says: /the policy does not let it run there: rule not-abroad, line 4/ },
  { reason: "left", node: "cloud-1", with: { unit: { leftTo: { site: "region", node: "edge-9" } } }, without: { unit: { leftTo: { site: "cloud", node: "edge-9" } } }, says: /: it is left to site region, of which edge-9 is not heard and may run it still\.$/ },
  { reason: "sealed", node: "cloud-1", with: { unit: { sealedTo: ["region", "plant"] } }, without: { unit: { sealedTo: ["region", "cloud"] } }, says: /sealed to region, plant, and it is of cloud/ },
  { reason: "spread", node: "gateway-2", with: { unit: { tiers: ["gateway"], replicas: 2, spread: "site" } }, without: { unit: { tiers: ["gateway"], replicas: 2, spread: "node" } }, says: /another replica is on the same site, and replicas are spread by site/ },
  { reason: "dearer", node: "cloud-1", with: { node: { "cloud-1": { prices: { perProcessorHour: measured(0.1) } } } }, without: {}, says: /58\.4 more a month there than on edge-1, most of it rent/ },
  { reason: "dearer", node: "cloud-1", with: { unit: { sources: [{ site: "plant", bytesPerMonth: 900e9 }] } }, without: { unit: { sources: [{ site: "plant", bytesPerMonth: 1e9 }] } }, says: /most of it egress/ },
  { reason: "dearer", node: "cloud-1", with: { node: { "cloud-1": { prices: { perProcessorHour: measured(0.019) }, carbonGramsPerKilowattHour: measured(900) }, "edge-1": { carbonGramsPerKilowattHour: measured(20) } }, policy: { perKilogramCarbon: 2 }, unit: {} }, without: { node: { "cloud-1": { prices: { perProcessorHour: measured(0.019) }, carbonGramsPerKilowattHour: measured(900) }, "edge-1": { carbonGramsPerKilowattHour: measured(20) } }, policy: { perKilogramCarbon: 0 } }, says: /most of it carbon/ },
  { reason: "dearer", node: "cloud-1", with: { node: { "cloud-1": { capacity: { processors: 2, memoryBytes: 2e9, accelerators: { model: "t4", count: 1 } } } }, policy: { acceleratorSpared: 50 } }, without: { node: { "cloud-1": { capacity: { processors: 2, memoryBytes: 2e9, accelerators: { model: "t4", count: 1 } } } }, policy: { acceleratorSpared: 0 } }, says: /most of it keeping accelerators/ },
];

test("for each kind of reason: change just that, and the verdict changes", () => {
  assert.deepEqual(Object.keys(refusals).filter((kind) => changes.every(({ reason }) => reason !== kind)), [], "kinds without a case");
  const power = { power: { processorWatts: measured(10) } };
  for (const { reason, node, says, ...worlds } of changes) {
    const at = (world: World): World => (says.source.includes("carbon") ? { ...world, node: { ...world.node, "cloud-1": { ...power, ...world.node?.["cloud-1"] }, "edge-1": { ...power, ...world.node?.["edge-1"] }, "gateway-1": power, "gateway-2": power } } : world);
    const explained = ask(at(worlds.with), node);
    assert.deepEqual([explained.verdict, explained.reason], ["rejected", reason], explained.text);
    assert.match(explained.text, says);
    assert.doesNotMatch(explained.text, /\n/);
    const otherwise = ask(at(worlds.without), node);
    assert.equal(otherwise.verdict, "chosen", `${reason}: ${otherwise.text}`);
  }
});

test("for each other kind of reason, too: change just that, and another one is told", () => {
  const stood = planAll(inputsOf({ node: { "cloud-1": { state: "gone" } } }), tools);
  const { policy, ...rest } = smallInstance(5);
  const bounded = (stepsMax: number): Reason => explainChoice(planAll({ ...rest, policy: { ...policy, stepsMax } }, tools), "app-0/unit-1", "node-0").reason;
  const kinds: Readonly<Record<Exclude<Reason, Refusal["reason"] | "lead" | "dearer">, readonly [Reason, Reason]>> = {
    only: [ask({ unit: { tiers: ["cloud"] } }, "cloud-1").reason, ask({}, "cloud-1").reason],
    cheapest: [ask({}, "cloud-1").reason, ask({ node: { "cloud-1": { prices: priced(0.021) } } }, "cloud-1").reason],
    same: [ask({ node: { "cloud-1": { prices: priced(0.02) } } }, "edge-1").reason, ask({ node: { "cloud-1": { prices: priced(0.019) } } }, "edge-1").reason],
    moving: [ask({ policy: { perMove: 8 } }, "cloud-1", "pump/judge", stood).reason, ask({ policy: { perMove: 7 } }, "cloud-1", "pump/judge", stood).reason],
    "not-better": [bounded(1), bounded(4_000_000)],
    "unknown-node": [ask({}, "cloud-2").reason, ask({}, "cloud-1").reason],
    "unknown-unit": [ask({}, "cloud-1", "pump/other").reason, ask({ others: [{ name: "other", processors: 1 }] }, "cloud-1", "pump/other").reason],
  };
  for (const [kind, [told, otherwise]] of Object.entries(kinds)) assert.deepEqual([told, otherwise === kind], [kind, false], `${kind}: then ${otherwise}`);
});

test("what is made on a node that is silent still counts, since it comes up later; who stands on one himself is not drawn away by what has left it", () => {
  const yard = { site: "yard", uplink: { parent: "cloud-1", latencyMs: measured(5), perGigabyte: measured(0.1) } };
  const asked = (state: string): Reason => ask({ node: { ...aboveIsDear.node, "gateway-2": { ...yard, state } }, unit: { makers: [{ node: "gateway-2" }] } }, "edge-1").reason;
  assert.deepEqual([asked("present"), asked("silent"), asked("gone")], ["way", "way", "way"]);
  const pair = (state: string): World => ({ node: { "gateway-1": { state } }, unit: { tiers: ["gateway"], makers: [{ node: "gateway-2" }] }, others: [{ ...maker, tiers: ["gateway"], onIsolation: "stop" }], flows: [{ from: "first", to: "judge", hands: "up" }] });
  const homes = ({ plan }: Planned): readonly string[] => plan.placements.map(({ unit, node }) => `${unit} ${node}`);
  const before = planAll(inputsOf({ ...pair("present"), unit: { tiers: ["gateway"] } }), tools);
  assert.deepEqual(homes(before), ["pump/first gateway-1", "pump/judge gateway-1"]);
  assert.deepEqual(homes(planAll({ ...inputsOf(pair("silent")), previous: before.plan }, tools)), ["pump/first gateway-2", "pump/judge gateway-1"]);
});

test("of replicas of which one stands nowhere the explanation is of that one", () => {
  const two: World = { unit: { tiers: ["gateway"], replicas: 2, spread: "site" } };
  assert.deepEqual([planAll(inputsOf(two), tools).plan.unplaced.length, ask(two, "gateway-2").reason, ask(two, "gateway-1").verdict], [1, "spread", "chosen"]);
});

test("what passes is told of a node only where nothing that lasts is in the way", () => {
  const reasonOf = (unit: object): Reason => ask({ node: { "cloud-1": { state: "silent" } }, unit }, "cloud-1").reason;
  assert.deepEqual([{}, { tiers: ["edge"] }, { jurisdictions: ["EU"] }, { sources: [{ site: "plant" }], latencyMsMax: 20 }].map(reasonOf), ["silent", "tier", "residency", "latency"]);
});

test("what a move costs is told apart from what a month costs, and the difference is the same from both sides", () => {
  const before = planAll(inputsOf({}), tools);
  const [stood] = before.plan.placements;
  const { text } = ask({}, stood?.node ?? "", undefined, before);
  const [, more = "", next = "", move = ""] = /a month there, (\S+) less than on (\S+), the next best, and moving there costs (\S+)\.$/.exec(text) ?? assert.fail(text);
  assert.equal(move, "0.5");
  assert.ok(ask({}, next, undefined, before).text.includes(`it would cost ${more} more a month there than on ${stood?.node ?? ""}`));
});

test("a reason of room names what there is too little of, in its unit, and says of nothing else that it is unknown", () => {
  const world = (capacity: object, load: object, unit: object): World => ({ node: { "cloud-1": { capacity: { processors: 2, memoryBytes: 2 ** 31, ...capacity }, load } }, unit });
  const [busy, told] = [{ processors: measured(0.5) }, { memoryBytes: measured(2 ** 30) }];
  const text = (...of: Parameters<typeof world>): string => ask(world(...of), "cloud-1").text;
  assert.match(text({}, told, { memoryBytes: 2 ** 34 }), /: it has 1024 MiB of memory left, and the unit needs 16380 MiB\.$/, "that the load of its processors is unknown is no matter of memory");
  assert.match(text({}, told, { processors: 1.5 }), /it has 1 processors left, and the unit needs 1\.5; how much of it is in use is unknown/);
  assert.match(text({}, busy, { memoryBytes: 2 ** 31 }), /it has 1024 MiB of memory left, and the unit needs 2048 MiB; how much of it is in use is unknown, and 50 % are taken for it/);
  assert.match(text({}, busy, { processors: 1.6 }), /it has 1\.5 processors left, and the unit needs 1\.6\.$/);
  assert.match(text({}, idle, { diskBytes: 2 ** 30 }), /: how much disk it has is unknown\.$/);
  assert.match(text({ diskBytes: 2 ** 29 }, idle, { diskBytes: 2 ** 30 }), /: it has 512 MiB of disk left, and the unit needs 1024 MiB\.$/);
  assert.match(text({}, { ...idle, processors: measured(0.00001) }, { processors: 2 }), /it has 1\.99999 processors left, and the unit needs 2\.$/, "two amounts that differ are not printed alike");
});

test("places that cost the same are told as such, from both sides", () => {
  const same: World = { node: { "cloud-1": { prices: priced(0.02) } }, unit: { tiers: ["cloud", "edge"] } };
  assert.deepEqual([ask(same, "cloud-1").reason, ask(same, "edge-1").reason].sort(), ["same", "same"]);
  const [taken, other] = ask(same, "cloud-1").verdict === "chosen" ? ["cloud-1", "edge-1"] : ["edge-1", "cloud-1"];
  assert.match(ask(same, taken).text, new RegExp(`is on ${taken}: it costs 14\\.6 a month there, as much as on ${other}; of places that cost the same, one is taken\\.$`));
  assert.match(ask(same, other).text, new RegExp(`is not on ${other}: it would cost as much a month there as on ${taken}; of places that cost the same, one is taken\\.$`));
  const stood = planAll(inputsOf(same), tools);
  assert.match(ask(same, other, "pump/judge", stood).text, new RegExp(`as much a month there as on ${taken}, where it stands already, and moving costs`));
  assert.equal(ask({ ...same, node: { "cloud-1": { prices: priced(0.021) } } }, "edge-1").reason, "cheapest");
});

test("a replica that has one place left says that the others are held by its like, and not that they are full", () => {
  const three: World = { unit: { replicas: 2, tiers: ["cloud", "edge"] } };
  assert.match(ask(three, "cloud-1").text, /^pump\/judge is on cloud-1: replicas are spread by node, and every other node that may run it and has room is too near another replica: edge-1\.$/);
  assert.match(ask({ unit: { tiers: ["cloud"] } }, "cloud-1").text, /: no other node may run it and has room\.$/);
});

test("replicas stand apart, what has moved stays until it pays to go back, and what is more urgent goes first", () => {
  const two = { unit: { replicas: 2 } };
  assert.deepEqual([ask(two, "cloud-1").verdict, ask(two, "edge-1").verdict, ask(two, "gateway-1").reason], ["chosen", "chosen", "dearer"]);
  const bySite = { unit: { replicas: 3, spread: "site", jurisdictions: ["EU", "US"] } };
  assert.equal(ask(bySite, "gateway-2").reason, "spread");
  const away = planAll(inputsOf({ node: { "cloud-1": { state: "gone" } } }), tools);
  assert.equal(away.plan.placements[0]?.node, "edge-1");
  assert.deepEqual(ask({ policy: { perMove: 8 } }, "cloud-1", "pump/judge", away).reason, "moving");
  assert.equal(ask({ policy: { perMove: 7 } }, "cloud-1", "pump/judge", away).verdict, "chosen");
  assert.equal(ask({ policy: { perMove: 7, perGigabyteMoved: 1 }, unit: { stateBytes: 2e9 } }, "cloud-1", "pump/judge", away).reason, "moving");
  const tight = { unit: { processors: 2, tiers: ["edge"], priority: 3 }, others: [{ name: "alarm", processors: 2, tiers: ["edge"], priority: 8 }] };
  assert.deepEqual([ask(tight, "edge-1", "pump/alarm").reason, ask(tight, "edge-1").reason], ["only", "capacity"]);
  assert.match(ask({}, "nowhere").text, /no node nowhere/);
});

test("what is not known any more drives out nobody who stands there, and nothing new comes", () => {
  const stood = planAll(inputsOf({ unit: { processors: 1.5 } }), tools).plan;
  assert.equal(stood.placements[0]?.node, "cloud-1");
  const months = 30 * 86_400_000;
  for (const world of [{ load: {} }, { capacity: { processors: 2, memoryBytes: 2e9, asOfMs: nowMs - months } }, { load: { processors: measured(0.2, months), memoryBytes: measured(0, months) } }]) {
    const later = planAll({ ...inputsOf({ unit: { processors: 1.5 }, others: [{ name: "sum", processors: 1.6, priority: 9 }], node: { "cloud-1": world } }), previous: stood }, tools).plan;
    assert.deepEqual(later.placements.map(({ unit, node }) => `${unit} ${node}`), ["pump/judge cloud-1", "pump/sum edge-1"]);
  }
  const silent = planAll({ ...inputsOf({ unit: { processors: 1.5 }, node: { "cloud-1": { state: "silent", load: { ...idle, processors: measured(0.2, months) }, capacity: { processors: 2, memoryBytes: 2e9, asOfMs: nowMs - months } } } }), previous: stood }, tools).plan;
  assert.equal(silent.placements[0]?.node, "cloud-1", "an island stays as it was known last");
  const grown = planAll({ ...inputsOf({ unit: { processors: 1.9 }, node: { "cloud-1": { load: { ...idle, processors: measured(0.2, months) } } } }), previous: stood }, tools).plan;
  assert.equal(grown.placements[0]?.node, "edge-1", "but not for more than what was told last leaves");
});

test("what would like an accelerator does without where all are taken, or cost more than they are worth to it", () => {
  const count = (number: number) => ({ capacity: { processors: 2, memoryBytes: 2e9, accelerators: { model: "t4", count: number } } });
  const only: World = { unit: { tiers: ["edge"], accelerator: {} }, others: [{ name: "sum", processors: 1, tiers: ["edge"], accelerator: { need: "preferred" } }], node: { "edge-1": count(1) } };
  const { plan, ledger } = planAll(inputsOf(only), tools);
  assert.deepEqual([plan.unplaced, [...ledger.without]], [[], [0, 1]]);
  const dear = (perAcceleratorHour: number) => planAll(inputsOf({ unit: { tiers: ["edge"], accelerator: { need: "preferred" } }, node: { "edge-1": { ...count(1), prices: { ...priced(0.02), perAcceleratorHour: measured(perAcceleratorHour) } } } }), tools);
  assert.deepEqual([...dear(0.001).ledger.without, ...dear(1).ledger.without], [0, 1]);
  assert.ok(dear(1).plan.costPerMonth < 30);
});

test("parts of accelerators are handed out anew where all of them fit only otherwise", () => {
  const parts = [500, 600, 400, 500, 300, 700].map((milli, index) => ({ name: `u-${index}`, processors: 0.1, tiers: ["edge"], accelerator: { milli } }));
  const { plan } = planAll(inputsOf({ unit: { name: "other", tiers: ["cloud"] }, others: parts, node: { "edge-1": { capacity: { processors: 2, memoryBytes: 2e9, accelerators: { model: "t4", count: 3 } } } } }), tools);
  assert.deepEqual(plan.unplaced, []);
});

test("a job that is bound to its node closes the cheap nodes to nobody else of its size, in a fleet of hundreds", () => {
  const nodes = Array.from({ length: 200 }, (_, index) => ({ name: `n-${String(index).padStart(3, "0")}`, tier: "edge", site: `s-${index}`, jurisdiction: "EU/DE", capacity: { processors: 1, memoryBytes: 2e9 }, load: idle, prices: priced(0.01 + index * 0.001) }));
  const unit = (name: string, more: object = {}) => ({ name, processors: 0.5, ...more });
  const job = unit("a-job", { job: { hours: 4 }, deferrableHours: 4, run: { arrivesMs: nowMs - 3_600_000, nextMs: nowMs + 86_400_000 } });
  const inputs = (units: readonly object[], previous?: PlanInputs["previous"]): PlanInputs => ({ ...inputsOf({}), inventory: inventorySchema.parse({ nodes }), apps: [appNeedsSchema.parse({ app: "a", units })], ...(previous === undefined ? {} : { previous }) });
  const before = planAll(inputs([job]), tools).plan;
  const bound = { ...before, placements: [{ unit: "a/a-job", replica: 0, node: "n-150" }] };
  const { placements } = planAll(inputs([job, unit("b"), unit("c")], bound), tools).plan;
  assert.deepEqual(placements.map(({ unit: name, node }) => `${name} ${node}`), ["a/a-job n-150", "a/b n-000", "a/c n-000"]);
});

test("measured ways within a site count, from the node where the device is attached; for what may wait hours none does", () => {
  const beside = { "gateway-1": { beside: { "gateway-2": measured(9) } }, "gateway-2": { beside: { "gateway-1": measured(7) } } };
  const latencyFrom = (source: object, more: World = {}): number | undefined => {
    const { fleet, work: { items: [item] } } = planAll(inputsOf({ ...more, unit: { sources: [source], ...more.unit } }), tools);
    return item === undefined ? undefined : latencyOf(fleet, item, fleet.indexOf.get("gateway-1") ?? -1);
  };
  assert.equal(latencyFrom({ site: "plant", node: "gateway-2" }), 0.5);
  assert.equal(latencyFrom({ site: "plant", node: "gateway-2" }, { node: beside }), 9);
  assert.equal(latencyFrom({ site: "plant", node: "gateway-2" }, { node: { "gateway-2": { beside: { "gateway-1": measured(7, 9 * 86_400_000) } } } }), 0.5);
  assert.equal(latencyFrom({ site: "plant", node: "gateway-1" }, { node: beside }), 0);
  assert.equal(latencyFrom({ site: "plant", node: "edge-1" }, { node: beside }), 0, "a node of another site says nothing");
  const cost = (deferrableHours: number): number => planAll(inputsOf({ policy: { perMillisecond: 1 }, unit: { tiers: ["cloud"], sources: [{ site: "plant" }], effects: ["plant"], deferrableHours } }), tools).plan.costPerMonth;
  assert.deepEqual([Math.round(cost(0) - 0.01 * 730), Math.round(cost(8) - 0.01 * 730)], [90, 0]);
});

test("units that exchange much stand together, beside the data", () => {
  const world: World = { unit: { sources: [{ site: "plant", bytesPerMonth: 500e9 }] }, others: [{ name: "sum", processors: 0.5 }], flows: [{ from: "judge", to: "sum", bytesPerMonth: 400e9 }] };
  assert.deepEqual(planAll(inputsOf(world), tools).plan.placements.map(({ unit, node }) => `${unit} ${node}`), ["pump/judge gateway-1", "pump/sum gateway-1"]);
  assert.match(ask(world, "cloud-1", "pump/sum").text, /data exchanged with pump\/judge/);
});

test("ways between nodes go over the tree, within a site, or over a link of their own", () => {
  const inputs = inputsOf({ unit: { sources: [{ site: "plant" }], effects: ["cloud"] } });
  const linked = { ...inputs, inventory: inventorySchema.parse({ ...inputs.inventory, links: [{ between: ["plant", "cloud"], latencyMs: measured(12) }] }) };
  for (const [given, expected] of [[inputs, 45], [linked, 12]] as const) {
    const { fleet, work } = planAll(given, tools);
    const [cloud, gateway, other] = ["cloud-1", "gateway-1", "gateway-2"].map((name) => fleet.indexOf.get(name) ?? -1);
    assert.equal(wayBetween(fleet, gateway ?? 0, cloud ?? 0).latencyMs, expected);
    assert.equal(wayBetween(fleet, gateway ?? 0, other ?? 0).latencyMs, 0.5);
    const [judge] = work.items;
    assert.equal(judge === undefined ? undefined : latencyOf(fleet, judge, other ?? 0), 0.5 + expected);
  }
});

test("a plan reads line by line, and names what it follows from", () => {
  const first = planAll(inputsOf({}), tools);
  const text = planText(first.plan).split("\n");
  assert.deepEqual([text[0], text[1], text[3], text[5]], ["plan holon/v1", "parent none", "made 2027-01-15T08:00:00.000Z seed 1", "place pump/judge 0 cloud-1"]);
  assert.match(text[2] ?? "", /^inputs [0-9a-f]{64}$/);
  const next = replanWithout(first, ["cloud-1"], tools);
  assert.deepEqual(diffPlans(first.plan, next.plan), ["~ pump/judge 0 cloud-1 -> edge-1"]);
  assert.notEqual(next.plan.inputs, first.plan.inputs);
  assert.deepEqual(diffPlans(next.plan, { ...next.plan, placements: [] }), ["- pump/judge 0 edge-1"]);
});

test("a gateway that has just been started, and has not said yet what is above it, takes no model away from those above all others", () => {
  const unit = { onTheWay: true, tiers: ["edge", "cloud"], sources: [{ site: "plant" }, { site: "yard" }] };
  const yard = (more: object) => ({ name: "gateway-3", tier: "gateway", site: "yard", jurisdiction: "EU/DE", capacity: { processors: 2, memoryBytes: 2e9 }, load: idle, prices: priced(0.05), ...more });
  const placesOf = (nodes: readonly object[]): readonly string[] => {
    const inputs = inputsOf({ unit });
    return planAll({ ...inputs, inventory: inventorySchema.parse({ nodes: [...inputs.inventory.nodes, ...nodes] }) }, tools).plan.placements.map(({ node }) => node);
  };
  const known = placesOf([yard({ uplink: { parent: "edge-1", latencyMs: measured(5), perGigabyte: measured(0.1) } })]);
  assert.equal(known.length, 1);
  assert.deepEqual(placesOf([yard({})]), known);
  assert.deepEqual(placesOf([yard({}), { ...yard({ uplink: { parent: "edge-1", latencyMs: measured(5), perGigabyte: measured(0.1) } }), name: "gateway-4" }]), known, "its sibling says where the site stands");
});
