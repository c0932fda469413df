/** What changes in the world reaches the planner, and what merely swings moves nothing. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { PlacementWeights } from "@holon/core/schema/needs.ts";
import type { NodeReport } from "@holon/core/schema/node-report.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import { code, ControlFleet } from "../testing/control-fleet.ts";

const room = (perProcessorHour: number) => ({ processors: 2, memoryBytes: 4e9, diskBytes: 1e10, prices: { perProcessorHour }, power: { processorWatts: 20 }, carbonGramsPerKilowattHour: 300, uplink: { latencyMs: 10, perGigabyte: 0.05 } });
const members: readonly MemberOptions[] = [
  { name: "cloud", tier: "cloud", inventory: room(0.5) },
  { name: "edge-1", tier: "edge", parent: "cloud", site: "north", inventory: room(0.02) },
  { name: "edge-2", tier: "edge", parent: "cloud", site: "south", inventory: room(0.03) },
  { name: "gateway-1", tier: "gateway", parent: "edge-1", site: "plant", inventory: room(0.9) },
  { name: "gateway-2", tier: "gateway", parent: "edge-2", site: "yard", inventory: room(0.9) },
];

const pump = (needs: object): AppDocument =>
  appDocumentSchema.parse({
    name: "pump",
    version: "1",
    functions: [{ name: "sum", code: createHash("sha256").update(code).digest("hex"), on: { type: "in.came" }, emits: {}, needs: { tiers: ["edge"], processors: 1, ...needs } }],
    models: [],
  });

async function start(needs: object): Promise<ControlFleet> {
  const fleet = await ControlFleet.start(members);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory }) => inventory?.capacity.processors === 2 && (name === "cloud" || inventory.uplink !== undefined)));
  await fleet.drive(fleet.control.deploy(pump(needs)));
  assert.equal(await placeOf(fleet), "edge-1");
  return fleet;
}

const inForce = async (fleet: ControlFleet) => (await fleet.drive(fleet.control.plan())) ?? assert.fail("no plan");
const placeOf = async (fleet: ControlFleet): Promise<string | undefined> => (await inForce(fleet)).plan.placements[0]?.node;
const pass = (fleet: ControlFleet, ms: number): Promise<unknown> => fleet.world.run({ timeMs: fleet.world.nowMs + ms });

/** The node tells of itself anew. */
async function tells(fleet: ControlFleet, node: string, more: Partial<NodeReport>): Promise<void> {
  const told = fleet.control.nodes().find(({ name }) => name === node)?.inventory ?? assert.fail(`${node} told nothing`);
  await fleet.claim(node, "holon.node.inventory", { ...told, ...more });
  await fleet.until("it is heard", () => fleet.hasHeard(node));
  await pass(fleet, 3 * limits.inventoryLookMs);
}
const declared = (value: number) => ({ value, asOfMs: 1.8e12, source: "declared" as const });
const measured = (value: number) => ({ value, asOfMs: 1.8e12, source: "measured" as const });

test("a price that rises moves a unit where the move pays, and says so", async () => {
  const fleet = await start({});
  await tells(fleet, "edge-1", { prices: { perProcessorHour: declared(0.2) } });
  assert.deepEqual([await placeOf(fleet), (await inForce(fleet)).known.because], ["edge-2", "edge-1: price perProcessorHour 0.02 → 0.2"]);
});

test("what weighs how much is the operator's: a change of it is looked at when control starts, in all of the fleet", async () => {
  const file: { placement?: PlacementWeights } = {};
  const fleet = await ControlFleet.start(members, { config: (config) => (config.control ? { ...config, ...file } : config) });
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory }) => inventory?.capacity.processors === 2 && (name === "cloud" || inventory.uplink !== undefined)));
  await pass(fleet, (2 + limits.bandwidthProbes) * limits.inventoryLookMs); // what a node tells itself would take the place of what is told for it here
  await fleet.drive(fleet.control.deploy(pump({})));
  await tells(fleet, "edge-1", { carbonGramsPerKilowattHour: declared(900), power: { processorWatts: declared(10) } });
  await tells(fleet, "edge-2", { carbonGramsPerKilowattHour: declared(20), power: { processorWatts: declared(10) } });
  assert.equal(await placeOf(fleet), "edge-1", "at ten cents a kilogram it is not worth a move");
  file.placement = { perKilogramCarbon: 10 };
  await fleet.restart("cloud");
  await fleet.until("all are heard again", () => members.every(({ name }) => fleet.hasHeard(name)));
  await pass(fleet, 3 * limits.inventoryLookMs);
  assert.equal(await placeOf(fleet), "edge-2");
  const { known, inputs } = await inForce(fleet);
  assert.deepEqual([known.because, inputs.policy.perKilogramCarbon, inputs.policy.perMove], ["what weighs how much changed", 10, 0.5]);
});

test("dirtier current moves a unit", async () => {
  const fleet = await start({});
  await tells(fleet, "edge-1", { carbonGramsPerKilowattHour: declared(100_000) });
  assert.equal(await placeOf(fleet), "edge-2"); // before the node itself tells anew what it has
});

test("a curve that a node reads moves what is no job, too, and swings within a quarter do not", async () => {
  const fleet = await ControlFleet.start(members.map((member) => ({ ...member, inventory: { ...room(member.name === "edge-1" ? 0.02 : member.name === "edge-2" ? 0.0201 : 0.9), carbonGramsPerKilowattHour: undefined } })));
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory }) => inventory?.capacity.processors === 2 && (name === "cloud" || inventory.uplink !== undefined)));
  const curve = async (node: string, grams: number) => {
    const startMs = 1.8e12 - 48 * 3_600_000;
    await fleet.claim(node, "holon.node.curve", { kind: "carbon", startMs, values: Array.from({ length: 96 }, () => grams), asOfMs: 1.8e12, from: "file grid.csv" });
    await fleet.until("it is heard", () => fleet.hasHeard(node));
    await pass(fleet, 3 * limits.inventoryLookMs);
  };
  for (const node of ["edge-1", "edge-2"]) await curve(node, 300);
  await fleet.drive(fleet.control.deploy(pump({})));
  assert.equal(await placeOf(fleet), "edge-1");
  const first = (await inForce(fleet)).plan.hash;
  await curve("edge-1", 350);
  assert.equal((await inForce(fleet)).plan.hash, first);
  await curve("edge-1", 100_000);
  assert.deepEqual([await placeOf(fleet), (await inForce(fleet)).known.because], ["edge-2", "carbon or price of electricity changed"]);
});

test("a link that becomes slow moves what has a bound of latency, and only that", async () => {
  const bound = await start({ effects: ["north"], latencyMsMax: 80, callMs: 1, sources: [] });
  await bound.drive(bound.control.deploy(pump({ effects: ["cloud"], latencyMsMax: 80, callMs: 1 })));
  assert.equal(await placeOf(bound), "edge-1");
  const uplink = bound.control.nodes().find(({ name }) => name === "edge-1")?.inventory?.uplink ?? assert.fail();
  await tells(bound, "edge-1", { uplink: { ...uplink, latencyMs: measured(300) } });
  assert.equal(await placeOf(bound), "edge-2");
  const free = await start({});
  await tells(free, "edge-1", { uplink: { ...uplink, latencyMs: measured(300) } });
  assert.equal(await placeOf(free), "edge-1");
});

test("a policy that forbids it on a node moves a unit, and the reason is told", async () => {
  const fleet = await start({});
  const text = 'policy fleet 1\n\npermit nodes\n  who node *\n  does run\n\nforbid north\n  who node edge-1\n  does run\n  what pump/sum\n  because "the north is being rebuilt"\n';
  await fleet.drive(fleet.control.adoptPolicy(text));
  assert.deepEqual([await placeOf(fleet), (await inForce(fleet)).known.because], ["edge-2", "the policy changed"]);
  assert.match((await fleet.drive(fleet.control.explain("pump/sum", "edge-1"))).text, /the policy does not let it run there: .*north/);
  await fleet.until("it runs there", () => fleet.runningOn("edge-2").includes("pump/sum"));
});

test("a unit follows its data: a device that moves to another gateway, or sends more from there, moves it", async () => {
  const fleet = await start({});
  const handed = (bytes: Readonly<Record<string, number>>) => fleet.claim("edge-1", "holon.unit.handed", { overMs: 3_600_000, units: [{ unit: "pump/sum", bytes }] });
  await handed({ "gateway-1": 5e8 });
  await pass(fleet, 60_000);
  assert.deepEqual([await placeOf(fleet), (await inForce(fleet)).known.because], ["edge-1", "data come from elsewhere, or more or less of them"]);
  await handed({ "gateway-1": 1e5, "gateway-2": 5e8 });
  await pass(fleet, 60_000);
  assert.equal(await placeOf(fleet), "edge-2");
});

test("values that swing to and fro move nothing: a price within what a move costs, a load, a latency, and data within a quarter", async () => {
  const fleet = await start({});
  const uplink = fleet.control.nodes().find(({ name }) => name === "edge-1")?.inventory?.uplink ?? assert.fail();
  const places = new Set<string | undefined>();
  for (let swing = 0; swing < 12; swing++) {
    const isHigh = swing % 2 === 0;
    await tells(fleet, "edge-1", { prices: { perProcessorHour: declared(isHigh ? 0.0304 : 0.02) }, load: { processors: measured(isHigh ? 0.9 : 0.1) }, uplink: { ...uplink, latencyMs: measured(isHigh ? 80 : 5) } });
    await fleet.claim("edge-1", "holon.unit.handed", { overMs: 3_600_000, units: [{ unit: "pump/sum", bytes: { "gateway-1": isHigh ? 1_000_000 : 1_150_000 } }] });
    await pass(fleet, 60_000);
    places.add(await placeOf(fleet));
  }
  assert.deepEqual([...places], ["edge-1"]);
  assert.equal(fleet.desired("edge-1")?.version, 1, "and no document is issued anew");
});
