import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { planAll, type PlanInputs } from "@holon/core/placement/planner.ts";
import { inventorySchema } from "@holon/core/schema/inventory.ts";
import { appNeedsSchema, placementPolicySchema } from "@holon/core/schema/needs.ts";
import { WhatIfJudge } from "./judge.ts";
import { cutLines, whatIf, whatIfTable, type WhatIfOptions } from "./what-if.ts";
import { whatIfWorld } from "./world.ts";

const tools = { sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest() };
const nowMs = Date.UTC(2027, 0, 15);
const known = (value: number) => ({ value, asOfMs: nowMs, source: "declared" as const });
const node = (name: string, tier: string, site: string, jurisdiction: string, price: number, parent?: string) => ({
  name, tier, site, jurisdiction,
  capacity: { processors: 2, memoryBytes: 4e9 },
  prices: { perProcessorHour: known(price), perKilowattHour: known(0.2) },
  power: { processorWatts: known(10) },
  carbonGramsPerKilowattHour: known(400),
  ...(parent === undefined ? {} : { uplink: { parent, latencyMs: known(10), perGigabyte: known(0.1) } }),
});
function inputsOf(unit: object = {}): PlanInputs {
  const nodes = [node("cloud", "cloud", "cloud", "US/CA", 0.01), node("edge-1", "edge", "north", "EU/DE", 0.02, "cloud"), node("edge-2", "edge", "south", "EU/FR", 0.05, "cloud"), node("gateway-1", "gateway", "plant", "EU/DE", 0.5, "edge-1")];
  return { policy: placementPolicySchema.parse({ perMillisecond: 0.0001 }), inventory: inventorySchema.parse({ nodes }), apps: [appNeedsSchema.parse({ app: "pump", units: [{ name: "sum", processors: 1, jurisdictions: ["EU"], sources: [{ site: "plant", bytesPerMonth: 730e9 }], ...unit }] })], nowMs, seed: 1 };
}
const quiet: WhatIfOptions = { hours: 10, seed: 1, faults: { lose: [], cut: [] } };
const run = (inputs: PlanInputs, options: Partial<WhatIfOptions> = {}) => whatIf(planAll(inputs, tools), { ...quiet, ...options });

test("without failures both ways come to what the prices say", () => {
  const { results, violations, unknown } = run(inputsOf());
  assert.deepEqual(results.asPlanned, results.replanned);
  const { money, egressGigabytes, latencyMsP99, unservedPercent, carbonKilograms } = results.asPlanned;
  assert.deepEqual([latencyMsP99, unservedPercent, violations, unknown], [10, 0, [], []]);
  assert.ok(Math.abs(egressGigabytes - 10) < 1e-9 && Math.abs(money - 10 * (0.02 + 0.002 + 0.1)) < 1e-9 && Math.abs(carbonKilograms - 10 * 0.004) < 1e-12);
});

test("a node that is lost is replaced in the hour after; what stays as planned is not served", () => {
  const { results } = run(inputsOf({ sources: [] }), { faults: { lose: ["edge-1"], cut: [] } });
  assert.equal(results.asPlanned.unservedPercent, 100);
  assert.deepEqual([results.replanned.moves, results.replanned.unservedPercent], [1, 10]);
});

test("what stops on islands moves away from a node that is silent, and nothing else does", () => {
  const cut = { faults: { lose: [], cut: ["edge-1"] } };
  assert.equal(run(inputsOf({ sources: [] }), cut).results.replanned.moves, 0);
  const { asPlanned, replanned } = run(inputsOf({ sources: [], onIsolation: "stop" }), cut).results;
  assert.equal(asPlanned.unservedPercent, 100, "it has stopped there");
  assert.deepEqual([replanned.moves, replanned.violations, replanned.unservedPercent], [1, 0, 10]);
});

/** Gateways of one site below a cloud; `sum` is left to it, and may run in the cloud for more. */
function leftToPlant(siblings: (name: string, all: readonly string[]) => readonly string[]): PlanInputs {
  const inputs = inputsOf({ sources: [], jurisdictions: ["*"], onIsolation: "stop", delegated: true });
  const gateways = ["g1", "g2", "g3"];
  const nodes = [node("cloud", "cloud", "cloud", "EU/DE", 0.5), ...gateways.map((name) => ({ ...node(name, "gateway", "plant", "EU/DE", 0.01, "cloud"), siblings: siblings(name, gateways) }))];
  return { ...inputs, inventory: inventorySchema.parse({ nodes }) };
}
const agreed = (name: string, all: readonly string[]): readonly string[] => all.filter((other) => other !== name);
const isolated = { faults: { lose: [], cut: ["g1", "g2", "g3"] } };

test("what is left to a site goes on there on an island, and nothing of it moves away; where no site can have a lead it stops as what is not left", () => {
  const { asPlanned, replanned } = run(leftToPlant(agreed), isolated).results;
  assert.deepEqual([asPlanned.unservedPercent, replanned.unservedPercent, replanned.moves, replanned.violations], [0, 0, 0, 0]);
  for (const siblings of [() => [], (name: string) => (name === "g1" ? ["g2"] : name === "g2" ? ["g1"] : []), (name: string, all: readonly string[]) => (name === "g3" ? [] : agreed(name, all))]) {
    const { asPlanned: stopped, replanned: elsewhere } = run(leftToPlant(siblings), isolated).results;
    assert.deepEqual([stopped.unservedPercent, elsewhere.unservedPercent, elsewhere.moves], [100, 10, 1], "as planned it has stopped there");
  }
});

test("what is left to a site is not served while most of its members are down", () => {
  const { inventory, apps } = leftToPlant(agreed);
  for (const [lose, unserved] of [[[], 0], [["g2"], 0], [["g2", "g3"], 100]] as const) {
    const judge = new WhatIfJudge(whatIfWorld(inventory, 1, { lose, cut: [] }, 1), { inventory, apps, startMs: nowMs });
    judge.see(0, new Map([["pump/sum 0", "g1"]]), new Map());
    assert.equal(judge.figures().unservedPercent, unserved);
  }
});

test("failures follow from the seed, bounds that break are told, and what nobody knows is named", () => {
  const faults = { nodes: { everyHours: 20, forHours: 5 }, links: { everyHours: 10, forHours: 2 }, lose: [], cut: [] };
  const one = run(inputsOf(), { hours: 200, seed: 7, faults });
  assert.deepEqual(one, run(inputsOf(), { hours: 200, seed: 7, faults }));
  assert.ok(one.results.asPlanned.unservedPercent > 0 && one.results.asPlanned.unservedPercent < 100);
  assert.equal(whatIfTable(one).split("\n").length, 4);
  const inputs = inputsOf();
  const blind = { ...inputs, inventory: { ...inputs.inventory, nodes: inputs.inventory.nodes.map((each) => ({ ...each, prices: {} })) } };
  assert.ok(run(blind).unknown.some((what) => what.startsWith("rent of ")));
});

test("the judge sees what is abroad, away from its data, too slow, or over its room", () => {
  const { inventory, apps } = inputsOf({ classes: ["raw"], latencyMsMax: 15, processors: 3 });
  const judge = new WhatIfJudge(whatIfWorld(inventory, 1, quiet.faults, 1), { inventory, apps, startMs: nowMs });
  judge.see(0, new Map([["pump/sum 0", "cloud"]]), new Map());
  for (const what of [/on cloud in US\/CA/, /away from data/, /over its bound of 15/, /over its capacity/]) assert.ok(judge.violations.some((one) => what.test(one)), String(what));
});

/** A model in two parts, asked on gateway-1 a thousand times an hour; its end stands on edge-1, 10 ms away over a line of a megabyte a second. */
function asking({ ends = ["edge"] }: { readonly ends?: readonly string[] } = {}): PlanInputs {
  const inputs = inputsOf();
  const nodes = inputs.inventory.nodes.map((each) => (each.uplink === undefined ? each : { ...each, uplink: { ...each.uplink, bytesPerSecond: known(1e6) } }));
  const parts = [{ name: "net", ms: 2, bytes: 980 }, { name: "net-2", ms: 8, bytes: 20 }];
  const unit = { name: "net-2", processors: 0, memoryBytes: 0, tiers: ends, jurisdictions: ["EU/DE"], sources: [{ site: "plant", bytesPerMonth: 730e9 }] };
  const app = { app: "eye", units: [unit], stages: [{ model: "net", kind: "split", parts, pace: { gateway: 10, edge: 0.5 }, askers: [{ node: "gateway-1", rowsPerMonth: 730e3 }], units: [] }] };
  return { ...inputs, inventory: inventorySchema.parse({ nodes }), apps: [appNeedsSchema.parse(app)] };
}

test("what is asked of a model that is cut is counted: its time at both ends, its way, its bytes, its work; and where it is cut is told", () => {
  const report = run(asking());
  assert.deepEqual(report.cuts, [{ model: "eye/net", asPlanned: [{ how: "cut after net", nodes: 1 }], changes: 0 }]);
  assert.deepEqual(cutLines(report), ["eye/net: cut after net on 1; replanned, 0 changes"]);
  const { answerMsP50, egressGigabytes, money, carbonKilograms, unservedPercent, latencyMsP50 } = report.results.asPlanned;
  // 20 ms of the head there, 10 ms up, 10 ms back, a thousand bytes at a megabyte a second, 4 ms of the end.
  assert.ok(Math.abs((answerMsP50 ?? 0) - (20 + 20 + 1 + 4)) < 1e-9, `${answerMsP50}`);
  assert.deepEqual([latencyMsP50, unservedPercent], [null, 0], "its source is who asks");
  const [gigabytes, hoursHere, hoursThere] = [10 * 1e3 * 1e-6, (10 * 1e3 * 20) / 3.6e6, (10 * 1e3 * 4) / 3.6e6];
  assert.ok(Math.abs(egressGigabytes - gigabytes) < 1e-12);
  assert.ok(Math.abs(money - (gigabytes * 0.1 + hoursHere * (0.5 + 0.002) + hoursThere * (0.02 + 0.002))) < 1e-12, `${money}`);
  assert.ok(Math.abs(carbonKilograms - ((hoursHere + hoursThere) * 10 * 400) / 1e6) < 1e-12);
  assert.match(whatIfTable(report), /answer p50, ms \| p99, ms/);
  assert.equal(report.unknown.length, 0);
});

test("where the end is out of reach all of a model in parts is done where it is asked, and a plan made anew says so", () => {
  const { results } = run(asking(), { faults: { lose: ["edge-1"], cut: [] } });
  assert.equal(results.asPlanned.answerMsP50, 100, "20 ms and 80 ms");
  assert.deepEqual([results.asPlanned.egressGigabytes, results.asPlanned.unservedPercent], [0, 100]);
  // Who asks hangs below what is lost: nothing new comes there, and with its end nowhere the plan says that all of it is done there.
  const anew = run(asking({ ends: ["edge", "gateway"] }), { faults: { lose: ["edge-1"], cut: [] } });
  assert.deepEqual([anew.results.replanned.moves, anew.cuts[0]?.changes], [0, 1]);
});
