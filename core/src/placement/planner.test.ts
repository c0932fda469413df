import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { inventorySchema } from "../schema/inventory.ts";
import { appNeedsSchema, placementPolicySchema } from "../schema/needs.ts";
import { explainChoice, type Reason } from "./explain.ts";
import { wayBetween } from "./fleet.ts";
import { diffPlans, planAll, planText, replanWithout, type Planned, type PlanInputs } from "./planner.ts";
import { largeInstance, smallInstance } from "./by-chance.ts";
import { brokenBy } from "./testing/hold.ts";
import { latencyOf, whyNever, whyOutOfBounds } from "./work.ts";

const tools = { sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest() };
const nowMs = 1_800_000_000_000;
const measured = (value: number, ageMs = 0) => ({ value, asOfMs: nowMs - ageMs, source: "measured" as const });

/** Every bound of every placed unit, by counting anew. */
function checkAll({ fleet, work, ledger, plan }: Planned): void {
  const used = fleet.nodes.map(() => ({ processors: 0, memoryBytes: 0, parts: [] as number[] }));
  for (const [index, item] of work.items.entries()) {
    const at = ledger.at[index] ?? -1;
    const [node, use] = [fleet.nodes[at], used[at]];
    if (node === undefined || use === undefined) continue;
    assert.equal(whyNever(item.needs, node), undefined, item.unit);
    assert.equal(whyOutOfBounds(fleet, item, at), undefined, item.unit);
    use.processors += item.needs.processors;
    use.memoryBytes += item.needs.memoryBytes;
    const { accelerator } = item.needs;
    const { accelerators } = node.capacity;
    if (accelerator !== undefined && accelerators !== undefined && accelerators.count >= accelerator.count && (accelerator.models.length === 0 || accelerator.models.includes(accelerators.model))) for (let part = 0; part < accelerator.count; part++) use.parts.push(accelerator.milli);
    for (const other of item.siblings) {
      if ((ledger.at[other] ?? -1) < 0) continue;
      assert.notEqual(ledger.at[other], at, `${item.unit}: two replicas on ${node.name}`);
      if (item.needs.spread === "site") assert.notEqual(fleet.siteOf[ledger.at[other] ?? 0], fleet.siteOf[at], item.unit);
    }
  }
  for (const [index, { processors, memoryBytes, parts }] of used.entries()) {
    assert.ok(processors <= (fleet.processors[index] ?? 0) + 1e-6, `${fleet.nodes[index]?.name}: processors`);
    assert.ok(memoryBytes <= (fleet.memoryBytes[index] ?? 0), `${fleet.nodes[index]?.name}: memory`);
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
interface World {
  readonly node?: Readonly<Record<string, object>>;
  readonly unit?: object;
  readonly others?: readonly object[];
  readonly flows?: readonly object[];
  readonly policy?: object;
}

function inputsOf({ node = {}, unit = {}, others = [], flows = [], policy = {} }: World): PlanInputs {
  const base = (name: string, tier: string, site: string, price: number, more: object) => ({ name, tier, site, jurisdiction: "EU/DE", capacity: { processors: 2, memoryBytes: 2e9 }, prices: { perProcessorHour: measured(price) }, ...more, ...node[name] });
  const up = (parent: string, latencyMs: number) => ({ uplink: { parent, latencyMs: measured(latencyMs), perGigabyte: measured(0.1) } });
  const nodes = [
    base("cloud-1", "cloud", "cloud", 0.01, { jurisdiction: "US/CA" }),
    base("edge-1", "edge", "region", 0.02, up("cloud-1", 40)),
    base("gateway-1", "gateway", "plant", 0.05, up("edge-1", 5)),
    base("gateway-2", "gateway", "plant", 0.06, up("edge-1", 5)),
  ];
  return {
    policy: placementPolicySchema.parse({ perMillisecond: 0.001, ...policy }),
    inventory: inventorySchema.parse({ nodes }),
    apps: [appNeedsSchema.parse({ app: "pump", units: [{ name: "judge", processors: 1, callMs: 0, ...unit }, ...others], flows })],
    nowMs,
    seed: 1,
  };
}

test("as many accelerators as a unit must have stand on one node for it, and who fits beside others is not left out", () => {
  const count = (seed: number, of: number): number => 1 + ((seed * 2_654_435_761 + of * 40_503) % 97) % 4;
  for (let seed = 1; seed <= 300; seed++) {
    const names = ["n-0", "n-1", "n-2"];
    const nodes = names.map((name, of) => ({ name, tier: "edge", site: "plant", jurisdiction: "EU/DE", capacity: { processors: 8, memoryBytes: 8e9, accelerators: { model: "t4", count: count(seed, of) } }, prices: { perProcessorHour: measured(0.01 * (1 + count(seed, of + 9))) } }));
    const units = [3, 4, 5].map((of) => ({ name: `u-${of}`, processors: 1, callMs: 0, accelerator: { count: count(seed, of), models: ["t4"] } }));
    const inputs: PlanInputs = { ...inputsOf({}), inventory: inventorySchema.parse({ nodes }), apps: [appNeedsSchema.parse({ app: "a", units })] };
    const { plan } = planAll(inputs, tools);
    assert.deepEqual(brokenBy(inputs, plan), [], `seed ${seed}`);
    const fits = (unit: number, left: readonly number[]): boolean => unit === units.length || left.some((free, node) => free >= (units[unit]?.accelerator.count ?? 0) && fits(unit + 1, left.with(node, free - (units[unit]?.accelerator.count ?? 0))));
    if (fits(0, nodes.map(({ capacity }) => capacity.accelerators.count))) assert.deepEqual(plan.unplaced, [], `seed ${seed}: all of them fit`);
  }
});

const ask = (world: World, node: string, unit = "pump/judge", previous?: Planned) => explainChoice(planAll({ ...inputsOf(world), ...(previous === undefined ? {} : { previous: previous.plan }) }, tools), unit, node);

test("ten lines of needs are enough: the cheapest node that may run it, near its data where that pays", () => {
  assert.deepEqual(ask({}, "cloud-1").reason, "cheapest");
  assert.equal(ask({ unit: { sources: [{ site: "plant", bytesPerMonth: 900e9 }] } }, "gateway-1").verdict, "chosen");
  assert.equal(ask({ unit: { jurisdictions: ["EU"] } }, "edge-1").verdict, "chosen");
});

/** The same question before and after one thing has changed: the reason is that thing. */
const changes: readonly { readonly reason: Reason; readonly node: string; readonly with: World; readonly without: World; readonly says: RegExp }[] = [
  { reason: "residency", node: "cloud-1", with: { unit: { jurisdictions: ["EU"] } }, without: {}, says: /stands in US\/CA, and the unit may run in EU only/ },
  { reason: "gone", node: "cloud-1", with: { node: { "cloud-1": { state: "gone" } } }, without: {}, says: /it is gone/ },
  { reason: "data", node: "cloud-1", with: { unit: { classes: ["raw"], sources: [{ site: "plant" }] } }, without: { unit: { classes: ["derived"], sources: [{ site: "plant" }] } }, says: /raw or personal stays at its site/ },
  { reason: "trust", node: "cloud-1", with: { node: { "cloud-1": { trust: "none" } } }, without: {}, says: /its trust is none, and the unit wants enrolled/ },
  { reason: "tier", node: "cloud-1", with: { unit: { tiers: ["gateway", "edge"] } }, without: {}, says: /of tier cloud, and the unit is for gateway, edge/ },
  { reason: "hardware", node: "cloud-1", with: { unit: { accelerator: { models: ["t4"] } }, node: { "edge-1": { capacity: { processors: 2, memoryBytes: 2e9, accelerators: { model: "t4", count: 1 } } } } }, without: {}, says: /no accelerator, and the unit needs t4/ },
  { reason: "provider", node: "cloud-1", with: { unit: { providers: ["cuda"] }, node: { "edge-1": { providers: ["cpu", "cuda"] } } }, without: {}, says: /models by cpu, and the unit needs cuda/ },
  { reason: "latency", node: "cloud-1", with: { unit: { sources: [{ site: "plant" }], latencyMsMax: 20 } }, without: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60 } }, says: /it would take 45 ms, over the bound of 20 ms/ },
  { reason: "latency", node: "cloud-1", with: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60 }, node: { "edge-1": { uplink: { parent: "cloud-1", perGigabyte: measured(0.1) } } } }, without: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60 } }, says: /latency of the way there is unknown/ },
  { reason: "latency", node: "cloud-1", with: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60 }, node: { "edge-1": { uplink: { parent: "cloud-1", latencyMs: measured(40, 8 * 86_400_000), perGigabyte: measured(0.1) } } } }, without: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60 } }, says: /unknown/ },
  { reason: "latency", node: "cloud-1", with: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60, callMs: undefined } }, without: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60, callMs: 10 } }, says: /how long a call takes is unknown/ },
  { reason: "latency", node: "cloud-1", with: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60 }, node: { "edge-1": { speeds: { "pump/judge": measured(16) } } } }, without: { unit: { sources: [{ site: "plant" }], latencyMsMax: 60 }, node: { "edge-1": { speeds: { "pump/judge": measured(14) } } } }, says: /it would take 61 ms/ },
  { reason: "silent", node: "cloud-1", with: { node: { "cloud-1": { state: "silent" } } }, without: {}, says: /silent for longer than its lease/ },
  { reason: "capacity", node: "cloud-1", with: { node: { "cloud-1": { capacity: { memoryBytes: 2e9 } } } }, without: {}, says: /how many processors it has is unknown/ },
  { reason: "way", node: "gateway-1", with: { unit: { sources: [{ site: "region" }], onTheWay: true, tiers: ["gateway"] } }, without: { unit: { sources: [{ site: "region" }], tiers: ["gateway"] } }, says: /what comes from region does not pass it/ },
  { reason: "budget", node: "cloud-1", with: { unit: { budgetPerMonthMax: 20 }, node: { "cloud-1": { prices: { perProcessorHour: measured(0.03) } } } }, without: { unit: { budgetPerMonthMax: 20 } }, says: /a month there costs 21\.9, over the budget of 20/ },
  { reason: "capacity", node: "cloud-1", with: { node: { "cloud-1": { load: { processors: measured(1.5) } } } }, without: {}, says: /it has 0\.5 processors left, and the unit needs 1/ },
  { reason: "dearer", node: "cloud-1", with: { node: { "cloud-1": { prices: { perProcessorHour: measured(0.1) } } } }, without: {}, says: /58\.4 more a month there than on edge-1, most of it rent/ },
  { reason: "dearer", node: "cloud-1", with: { unit: { sources: [{ site: "plant", bytesPerMonth: 900e9 }] } }, without: { unit: { sources: [{ site: "plant", bytesPerMonth: 1e9 }] } }, says: /most of it egress/ },
  { reason: "dearer", node: "cloud-1", with: { node: { "cloud-1": { prices: { perProcessorHour: measured(0.019) }, carbonGramsPerKilowattHour: measured(900) }, "edge-1": { carbonGramsPerKilowattHour: measured(20) } }, policy: { perKilogramCarbon: 2 }, unit: {} }, without: { node: { "cloud-1": { prices: { perProcessorHour: measured(0.019) }, carbonGramsPerKilowattHour: measured(900) }, "edge-1": { carbonGramsPerKilowattHour: measured(20) } }, policy: { perKilogramCarbon: 0 } }, says: /most of it carbon/ },
  { reason: "dearer", node: "cloud-1", with: { node: { "cloud-1": { capacity: { processors: 2, memoryBytes: 2e9, accelerators: { model: "t4", count: 1 } } } }, policy: { acceleratorSpared: 50 } }, without: { node: { "cloud-1": { capacity: { processors: 2, memoryBytes: 2e9, accelerators: { model: "t4", count: 1 } } } }, policy: { acceleratorSpared: 0 } }, says: /most of it keeping accelerators/ },
];

test("for each kind of reason: change just that, and the verdict changes", () => {
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
