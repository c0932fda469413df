/** Events go up: who is handed them stands where they come by, and what does not come is told. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import { unitNeedsSchema } from "@holon/core/schema/needs.ts";
import { code, ControlFleet } from "../testing/control-fleet.ts";
import { withMakers } from "./makers.ts";
import { createPasses } from "./passes.ts";

const room = (perProcessorHour: number) => ({ processors: 2, memoryBytes: 4e9, diskBytes: 1e10, prices: { perProcessorHour }, power: { processorWatts: 20 }, carbonGramsPerKilowattHour: 300, uplink: { latencyMs: 10, perGigabyte: 0.05 } });
/** The edge is the cheapest, and above nobody. */
const members: readonly MemberOptions[] = [
  { name: "cloud", tier: "cloud", inventory: room(0.5) },
  { name: "edge-1", tier: "edge", parent: "cloud", site: "town", inventory: room(0.02) },
  { name: "m1", tier: "gateway", parent: "cloud", site: "mine", inventory: room(0.9) },
  { name: "m2", tier: "gateway", parent: "cloud", site: "mine", inventory: room(0.9) },
];

const derived = { stream: "data", class: "derived" } as const;
const fn = (name: string, on: object, more: object): object => ({ name, code: createHash("sha256").update(code).digest("hex"), on, emits: {}, ...more });
const app = (...functions: readonly object[]): AppDocument => appDocumentSchema.parse({ name: "chain", version: "1", functions, models: [], egress: [{ class: "derived" }] });

async function start(...functions: readonly object[]): Promise<{ readonly fleet: ControlFleet; readonly warnings: readonly string[] }> {
  const fleet = await ControlFleet.start(members);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory }) => inventory?.capacity.processors === 2 && (name === "cloud" || inventory.uplink !== undefined)));
  const warnings = await fleet.drive(fleet.control.deploy(app(...functions)));
  return { fleet, warnings };
}

const inForce = async (fleet: ControlFleet) => (await fleet.drive(fleet.control.plan())) ?? assert.fail("no plan");
const placeOf = async (fleet: ControlFleet, unit: string): Promise<string | undefined> => (await inForce(fleet)).plan.placements.find((one) => one.unit === `chain/${unit}`)?.node;

test("what a placed function emits is handed above it: its taker stands there, however cheap another node is, and why is said", async () => {
  const { fleet, warnings } = await start(fn("first", { type: "in.came" }, { needs: { tiers: ["gateway"] }, emits: { "chain.a": derived } }), fn("second", { type: "chain.a" }, { needs: { tiers: ["edge", "cloud"] } }));
  assert.deepEqual([await placeOf(fleet, "second"), warnings], ["cloud", []]);
  const home = (await placeOf(fleet, "first")) ?? assert.fail();
  assert.deepEqual(
    await fleet.drive(fleet.control.explain("chain/second", "edge-1")),
    { verdict: "rejected", reason: "way", text: `chain/second is not on edge-1: what chain/first makes on ${home} does not come to edge-1: edge-1 is not above ${home}.` },
  );
  const { text } = await fleet.drive(fleet.control.explain("chain/second", "cloud"));
  assert.match(text, /^chain\/second is on cloud: it costs [\d.]+ a month there; of edge-1, the next best, what chain\/first makes on m\d does not come to edge-1/);
  assert.ok((await inForce(fleet)).plan.costPerMonth < 1_000, "what would be lost is no money");
});

test("what every node of a tier makes is handed above all of them; where a taker may stand below only, it is told what does not come", async () => {
  const tick = fn("tick", { type: "in.came" }, { emits: { "chain.tick": derived } });
  const { fleet } = await start(tick, fn("sum", { type: "chain.tick" }, { needs: { tiers: ["edge", "cloud"] } }));
  assert.equal(await placeOf(fleet, "sum"), "cloud");
  assert.match((await fleet.drive(fleet.control.explain("chain/sum", "edge-1"))).text, /what is made for it on m1 and m2 does not come to edge-1, which is not above them\.$/);
  const below = await fleet.drive(fleet.control.deploy(app(tick, fn("sum", { type: "chain.tick" }, { needs: { tiers: ["edge"] } }))));
  assert.deepEqual(below, ["chain/sum is on edge-1: what is made for it on m1 and m2 does not come to edge-1, which is not above them"]);
  const cost = (await inForce(fleet)).plan.costPerMonth;
  assert.ok(cost < 1_000, `${cost}`);
  const beside = await fleet.drive(fleet.control.deploy(app(tick, fn("sum", { type: "chain.tick" }, { needs: { tiers: ["gateway"] } }))));
  assert.match(beside.join(), /^chain\/sum is on m[12]: what is made for it on m[12] does not come to m[12], which is not above it$/);
  const named = await fleet.drive(fleet.control.deploy(app(tick, fn("sum", { type: "chain.tick" }, { needs: { tiers: ["edge"], sources: [{ site: "town" }] } }))));
  assert.deepEqual(named, [], "its author says whose it is handed");
});

test("what leaves no node is handed on that node only", async () => {
  const { fleet } = await start(fn("first", { type: "in.came" }, { needs: { tiers: ["gateway"] }, emits: { "chain.a": { stream: "local", class: "derived" } } }), fn("second", { type: "chain.a" }, { needs: {} }));
  assert.equal(await placeOf(fleet, "second"), await placeOf(fleet, "first"));
  assert.match((await fleet.drive(fleet.control.explain("chain/second", "cloud"))).text, /what chain\/first makes on m\d does not come to cloud: it leaves no node\.$/);
});

test("what every node keeps to itself is told as that, and not as the place's fault", async () => {
  const { fleet, warnings } = await start(fn("tick", { type: "in.came" }, { emits: { "chain.tick": { stream: "local", class: "derived" } } }), fn("sum", { type: "chain.tick" }, { needs: { tiers: ["cloud"] } }));
  assert.deepEqual([await placeOf(fleet, "sum"), warnings], ["cloud", ["chain/sum is on cloud: what is made for it on m1 and m2 does not come to cloud: it leaves no node"]]);
});

test("what it was handed still comes where it goes: neither a price nor a quiet night moves it to where a part of it would be lost", async () => {
  const { fleet } = await start(fn("sum", { type: "in.came" }, { needs: { tiers: ["edge", "cloud"], processors: 1 } }));
  assert.equal(await placeOf(fleet, "sum"), "edge-1", "nobody knows yet where it comes from");
  const after = async (days: number, bytes: Readonly<Record<string, number>>): Promise<string | undefined> => {
    await fleet.claim("cloud", "holon.unit.handed", { overMs: 3_600_000, units: [{ unit: "chain/sum", bytes }] }, Date.UTC(2026, 0, 1) + days * 86_400_000);
    await fleet.world.run({ timeMs: fleet.world.nowMs + 3 * limits.inventoryLookMs });
    return placeOf(fleet, "sum");
  };
  assert.deepEqual([await after(0, { m1: 1e6, "edge-1": 5e8 }), (await inForce(fleet)).known.because], ["cloud", "data come from elsewhere, or more or less of them"]);
  assert.equal(await after(0.5, { "edge-1": 5e8 }), "cloud");
  assert.equal(await after(8, { "edge-1": 5e8 }), "edge-1", "nothing came from elsewhere for a week");
});

test("of many gateways those count that lie elsewhere: one among two hundred is missed nowhere in silence, and outweighs what a place costs", async () => {
  const one = (name: string, tier: string, parent: string | undefined): [string, object] => [name, { name, tier, jurisdiction: "EU/DE", parent: parent === undefined ? null : "10.0.0.1:7000", inventory: { uplink: parent && { parent } } }];
  const many = Array.from({ length: 200 }, (_, index) => one(`g${index}`, "gateway", index === 77 ? "cloud" : `edge-${index % 3}`));
  const nodes = new Map([...many, ...["edge-0", "edge-1", "edge-2"].map((name) => one(name, "edge", "cloud")), one("cloud", "cloud", undefined)]) as never;
  const document = app(fn("tick", { type: "in.came" }, { emits: { "chain.tick": derived } }), fn("sum", { type: "chain.tick" }, { needs: {} }));
  const madeFor = (of: AppDocument) => withMakers(unitNeedsSchema.parse({ name: "sum" }), { document: of, documents: [of], state: { nodes, revoked: new Set(), origins: new Map() }, policy: undefined, standsOn: new Map(), passes: createPasses(nodes, undefined) }).makers ?? [];
  const makers = madeFor(document);
  assert.ok(makers.length <= limits.makersMax && makers.some(({ node }) => node === "g77"), makers.map(({ node }) => node).join());
  const shut = appDocumentSchema.parse({ ...document, egress: [] });
  assert.ok(madeFor(shut).every(({ here }) => here === true), "what the app lets out of no node is handed there");
});

test("who names a site stands above all of it that makes something for him; what stays on its nodes is told as missed", async () => {
  const tick = fn("tick", { type: "in.came" }, { emits: { "chain.tick": derived } });
  const sum = fn("sum", { type: "chain.tick" }, { needs: { tiers: ["gateway", "cloud"], sources: [{ site: "mine" }] } });
  const { fleet, warnings } = await start(tick, sum);
  assert.deepEqual([await placeOf(fleet, "sum"), warnings], ["cloud", []]);
  assert.match((await fleet.drive(fleet.control.explain("chain/sum", "m1"))).text, /what is made for it on m2 does not come to m1, which is not above it\.$/);
  const kept = await fleet.drive(fleet.control.deploy(appDocumentSchema.parse({ ...app(sum), sources: [{ kind: "host", name: "in", type: "chain.tick", class: "derived", stream: "local" }] })));
  assert.match(kept.join(), /^chain\/sum is on (cloud|m\d): what is made for it on m\d.* does not come to (cloud|m\d): it leaves no node$/);
});

test("what runs on every node of a tier takes what is made on its own node: who makes it is placed on that tier, or it is said that it is taken by nobody", async () => {
  const every = fn("every", { type: "chain.a" }, { run: { tier: "gateway" } });
  const { fleet } = await start(fn("first", { type: "in.came" }, { needs: { processors: 0.1 }, emits: { "chain.a": derived } }), every);
  assert.match((await placeOf(fleet, "first")) ?? "", /^m\d$/);
  const why = await fleet.drive(fleet.control.explain("chain/first", "edge-1"));
  assert.equal(why.text, "chain/first is not on edge-1: what it makes does not come to chain/every: that runs on every node of tier gateway, and is handed what is made on the same node.");
  const warned = await fleet.drive(fleet.control.deploy(app(fn("first", { type: "in.came" }, { needs: { tiers: ["edge"] }, emits: { "chain.a": derived } }), every)));
  assert.match(warned.join(), /^chain\/first is on edge-1: what it makes does not come to chain\/every/);
});

test("a model for one tier stands where its questions come; where none do, that is told", async () => {
  const cascade = { above: "large", gate: { temperature: 1, threshold: 0.5 }, release: { class: "derived", because: "test" } };
  const graph = createHash("sha256").update(code).digest("hex");
  const asking = fn("read", { type: "in.came" }, { models: ["small"] });
  const withModel = (tier: string): AppDocument => appDocumentSchema.parse({ ...app(asking), models: [{ name: "small", graph, cascade }, { name: "large", graph, answers: { tier }, needs: {} }] });
  const { fleet } = await start(fn("sum", { type: "in.came" }, { needs: {} }));
  assert.deepEqual(await fleet.drive(fleet.control.deploy(withModel("edge"))), ["chain/large is on edge-1: questions from m1 and m2 do not come to edge-1, which is not above them nor of their site"]);
  assert.deepEqual(await fleet.drive(fleet.control.deploy(withModel("cloud"))), []);
});

test("what another app makes on every node of a tier counts before it was ever handed", async () => {
  const { fleet } = await start(fn("tick", { type: "in.came" }, { emits: { "chain.tick": derived } }));
  const other = appDocumentSchema.parse({ ...app(fn("sum", { type: "chain.tick" }, { needs: { tiers: ["edge", "cloud"] } })), name: "other" });
  await fleet.drive(fleet.control.deploy(other));
  assert.equal((await inForce(fleet)).plan.placements.find(({ unit }) => unit === "other/sum")?.node, "cloud");
});

test("a written policy decides how far what is made goes up, and where it is to be taken follows from that", async () => {
  const policy = (to: string): string => `policy fleet 1\n\npermit all\n  who node * function *\n  does run use open\n\npermit lower\n  who function *\n  does lower\n  class raw\n  into derived\n\npermit near\n  who node *\n  does leave\n  class derived\n  from EU\n  to ${to}\n`;
  const fleet = await ControlFleet.start([{ name: "cloud", tier: "cloud", jurisdiction: "US/CA", inventory: room(0.01) }, { name: "edge-1", tier: "edge", parent: "cloud", site: "town", inventory: room(0.9) }, { name: "m1", tier: "gateway", parent: "edge-1", site: "mine", inventory: room(0.95) }]);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory }) => inventory?.capacity.processors === 2 && (name === "cloud" || inventory.uplink !== undefined)));
  const chain = app(fn("tick", { type: "in.came" }, { emits: { "chain.tick": derived } }), fn("first", { type: "in.came" }, { needs: { tiers: ["gateway"] }, emits: { "chain.a": derived } }), fn("sum", { type: "chain.tick" }, { needs: {} }), fn("second", { type: "chain.a" }, { needs: {} }));
  await fleet.drive(fleet.control.adoptPolicy(policy("EU")));
  await fleet.drive(fleet.control.deploy(chain));
  const homes = async () => [await placeOf(fleet, "sum"), await placeOf(fleet, "second")];
  assert.deepEqual(await homes(), ["edge-1", "edge-1"]);
  const why = async (unit: string): Promise<string> => (await fleet.drive(fleet.control.explain(`chain/${unit}`, "cloud"))).text;
  assert.deepEqual([await why("sum"), await why("second")], [
    "chain/sum is not on cloud: what is made for it on m1 does not come to cloud: the policy lets it go no higher than edge-1.",
    "chain/second is not on cloud: what chain/first makes on m1 does not come to cloud: the policy lets it go no higher than edge-1.",
  ]);
  await fleet.drive(fleet.control.adoptPolicy(policy("EU US").replace("fleet 1", "fleet 2")));
  assert.deepEqual([await homes(), (await inForce(fleet)).known.because], [["cloud", "cloud"], "the policy changed"]);
  await fleet.drive(fleet.control.adoptPolicy(policy("CH").replace("fleet 1", "fleet 3")));
  assert.deepEqual(await homes(), ["m1", "m1"]);
  assert.match(await why("sum"), /: it leaves no node\.$/);
});

test("what runs on every node of a tier, and takes what is made on another only, is handed nothing: that is told", async () => {
  const { warnings } = await start(fn("tick", { type: "in.came" }, { emits: { "chain.tick": derived } }), fn("all", { type: "chain.tick" }, { run: { tier: "cloud" } }));
  assert.deepEqual(warnings, ["function all runs on every node of tier cloud, and is handed what is made on the same node: what it takes is made on tier gateway only. With `needs` it is placed, and handed what comes up"]);
});

const emitsTick = { "chain.tick": derived };
const fourth = (gateways: Readonly<Record<string, string>>): readonly MemberOptions[] => [
  { name: "cloud", tier: "cloud", inventory: room(0.5) },
  { name: "edge-1", tier: "edge", parent: "cloud", site: "town", inventory: room(0.02) },
  { name: "edge-2", tier: "edge", parent: "cloud", site: "port", inventory: room(0.03) },
  ...Object.entries(gateways).map(([name, parent]): MemberOptions => ({ name, tier: "gateway", parent, site: name.startsWith("x") ? "other" : "mine", inventory: room(0.9) })),
];

async function startOn(nodes: readonly MemberOptions[]): Promise<ControlFleet> {
  const fleet = await ControlFleet.start(nodes);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory }) => inventory?.capacity.processors === 2 && (name === "cloud" || inventory.uplink !== undefined)));
  return fleet;
}

test("of several types that one hands another each goes its own way: what stays on its node holds nobody away from what leaves it", async () => {
  const first = fn("first", { type: "in.came" }, { needs: { tiers: ["gateway"] }, emits: { "chain.a": derived, "chain.b": { ...derived, stream: "local" } } });
  const { fleet, warnings } = await start(first, fn("second", { type: "chain.*" }, { needs: { tiers: ["edge", "cloud"] } }));
  const home = (await placeOf(fleet, "first")) ?? assert.fail();
  assert.deepEqual([await placeOf(fleet, "second"), warnings], ["cloud", [`chain/second is on cloud: a part of what chain/first makes on ${home} does not come to cloud: it leaves no node`]]);
});

test("what another app's placed function makes counts where that stands, also where the own app makes the same, and follows it", async () => {
  const fleet = await startOn(fourth({ m1: "edge-1" }));
  const other = (site: string): AppDocument => appDocumentSchema.parse({ ...app(fn("far", { type: "in.came" }, { needs: { tiers: ["edge"], sources: [{ site }] }, emits: emitsTick })), name: "other" });
  await fleet.drive(fleet.control.deploy(other("town")));
  await fleet.drive(fleet.control.deploy(app(fn("sum", { type: "chain.tick" }, { needs: { tiers: ["edge"] } }))));
  assert.equal(await placeOf(fleet, "sum"), "edge-1");
  await fleet.drive(fleet.control.deploy(other("port")));
  await fleet.world.run({ timeMs: fleet.world.nowMs + 3 * limits.inventoryLookMs });
  assert.equal(await placeOf(fleet, "sum"), "edge-2");
  await fleet.drive(fleet.control.deploy(app(fn("tick", { type: "in.came" }, { emits: emitsTick }), fn("sum", { type: "chain.tick" }, { needs: { tiers: ["edge", "cloud"] } }))));
  assert.equal(await placeOf(fleet, "sum"), "cloud", "above both");
});

test("where a policy or a seal lets nothing of it run, nothing is made, and nothing is taken", async () => {
  const gateways = { m1: "edge-2", x1: "edge-1", x2: "edge-1", x3: "edge-1" };
  const document = app(fn("tick", { type: "in.came" }, { emits: emitsTick }), fn("sum", { type: "chain.tick" }, { needs: { tiers: ["edge"] } }), fn("first", { type: "in.came" }, { needs: { tiers: ["gateway"] }, emits: { "chain.a": derived } }), fn("every", { type: "chain.a" }, {}));
  const places = async (fleet: ControlFleet) => [await placeOf(fleet, "sum"), await placeOf(fleet, "first")];
  const policed = await startOn(fourth(gateways));
  await policed.drive(policed.control.adoptPolicy('policy fleet 1\n\npermit all\n  who node * function *\n  does run use open\n\npermit lower\n  who function *\n  does lower\n  class raw\n  into derived\n\npermit near\n  who node *\n  does leave\n  class derived\n  from *\n  to *\n\nforbid elsewhere\n  who node x1 node x2 node x3\n  does run\n  what chain/tick chain/every\n'));
  assert.deepEqual(await policed.drive(policed.control.deploy(document)), []);
  assert.deepEqual(await places(policed), ["edge-2", "m1"]);
  assert.match((await policed.drive(policed.control.explain("chain/first", "x1"))).text, /what it makes does not come to chain\/every/);
  const sealed = await startOn(fourth(gateways));
  await sealed.drive(sealed.control.deploy(appDocumentSchema.parse({ ...document, sealTo: ["mine", "town", "port"] })));
  assert.equal((await places(sealed))[0], "edge-2");
});

test("a unit to which nothing came, since the place for it was silent, goes there when that is heard again", async () => {
  const fleet = await startOn(fourth({ m1: "edge-1" }));
  await fleet.drive(fleet.fleet.members.get("edge-1")?.machine.close() ?? assert.fail());
  await fleet.world.run({ timeMs: fleet.world.nowMs + 2 * limits.nodeLeaseMs });
  const warnings = await fleet.drive(fleet.control.deploy(app(fn("tick", { type: "in.came" }, { emits: emitsTick }), fn("sum", { type: "chain.tick" }, { needs: { tiers: ["edge"] } }))));
  assert.deepEqual([await placeOf(fleet, "sum"), warnings], ["edge-2", ["chain/sum is on edge-2: what is made for it on m1 does not come to edge-2, which is not above it"]]);
  fleet.fleet.members.get("edge-1")?.machine.start();
  await fleet.world.run({ timeMs: fleet.world.nowMs + limits.nodeReturnMs + 4 * limits.inventoryLookMs });
  assert.equal(await placeOf(fleet, "sum"), "edge-1");
  assert.match((await inForce(fleet)).known.because, /edge-1 is present/);
});

test("reductions, and doors that give to devices of their own node, take what is made on their node", async () => {
  const first = fn("first", { type: "in.came" }, { needs: {}, emits: { "chain.a": derived } });
  const { fleet } = await start(first);
  assert.equal(await placeOf(fleet, "first"), "edge-1");
  const placed = async (more: object) => {
    await fleet.drive(fleet.control.deploy(appDocumentSchema.parse({ ...app(first), ...more })));
    return (await placeOf(fleet, "first"))?.slice(0, 1);
  };
  const door = (roams: boolean): object => ({ sources: [{ kind: "mqtt", name: "dev", type: "dev.came", class: "derived", gives: [{ type: "chain.a", topic: "a", ...(roams ? { roams } : {}) }] }] });
  assert.deepEqual([await placed({ reductions: [{ name: "agg", on: "chain.a", emits: "chain.r", kind: "aggregate", everyMs: 1000, countMin: 6 }] }), await placed(door(true)), await placed(door(false))], ["m", "e", "m"]);
});

test("of what is raw at a site of several gateways a part comes, and that is told", async () => {
  const raw = appDocumentSchema.parse({ ...app(fn("sum", { type: "in.came" }, { needs: { sources: [{ site: "mine" }] } })), sources: [{ kind: "host", name: "in", type: "in.came", class: "raw", stream: "local" }] });
  const { fleet } = await start(fn("idle", { type: "never.came" }, {}));
  assert.match((await fleet.drive(fleet.control.deploy(raw))).join(), /^chain\/sum is on m[12]: what is made for it on m[12] does not come to m[12]: it leaves no node$/);
});

test("without a written policy only what may go anywhere leaves its node", async () => {
  const chain = (to: string): AppDocument => appDocumentSchema.parse({ ...app(fn("first", { type: "in.came" }, { needs: { tiers: ["gateway"] }, emits: { "chain.a": derived } }), fn("second", { type: "chain.a" }, { needs: {} })), egress: [{ class: "derived", to }] });
  const { fleet } = await start(fn("idle", { type: "never.came" }, {}));
  await fleet.drive(fleet.control.deploy(chain("EU")));
  assert.equal(await placeOf(fleet, "second"), await placeOf(fleet, "first"));
  await fleet.drive(fleet.control.deploy(chain("*")));
  assert.equal(await placeOf(fleet, "second"), "cloud");
});

test("an app that drives another's unit to where less comes is told so; what keeps another app's own readings in `local` comes to none but who reads that", async () => {
  const { fleet } = await start(fn("tick", { type: "in.came" }, { emits: emitsTick }), fn("sum", { type: "chain.tick" }, { needs: { tiers: ["edge", "cloud"], processors: 1, priority: 1 } }));
  assert.equal(await placeOf(fleet, "sum"), "cloud");
  const other = appDocumentSchema.parse({ ...app(fn("must", { type: "never.came" }, { needs: { tiers: ["cloud"], processors: 1, priority: 9 } })), name: "law" });
  assert.deepEqual(await fleet.drive(fleet.control.deploy(other)), ["chain/sum moves from cloud to edge-1: what is made for it on m1 and m2 does not come to edge-1, which is not above them"]);
  const local = appDocumentSchema.parse({ ...app(fn("keep", { type: "in.came" }, { emits: { "chain.tick": { stream: "local", class: "derived" } } })), name: "keeper" });
  await fleet.drive(fleet.control.deploy(local));
  const makers = (await inForce(fleet)).inputs.apps.find((one) => one.app === "chain")?.units.find(({ name }) => name === "sum")?.makers;
  assert.deepEqual(makers, [{ node: "m1" }, { node: "m2" }]);
});
