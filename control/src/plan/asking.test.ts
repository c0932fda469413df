/** Models of which the plan says how much is done where the rows are: from what nodes tell to what they are told. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import { code, ControlFleet } from "../testing/control-fleet.ts";

const room = (perProcessorHour: number, uplink: object = {}) => ({ processors: 4, memoryBytes: 8e9, diskBytes: 1e10, prices: { perProcessorHour, perGigabyteHour: 0.001, perKilowattHour: 0 }, uplink: { latencyMs: 10, perGigabyte: 0.1, bytesPerSecond: 1e6, ...uplink } });
const members: readonly MemberOptions[] = [
  { name: "cloud", tier: "cloud", inventory: room(0.01) },
  { name: "gateway-1", tier: "gateway", parent: "cloud", site: "plant", inventory: room(0.05) },
  { name: "gateway-2", tier: "gateway", parent: "cloud", site: "mine", inventory: room(0.05, { perGigabyte: 90, latencyMs: 300 }) },
];
const blob = createHash("sha256").update(code).digest("hex");
const wallMs = Date.UTC(2026, 0, 1);
const release = { class: "derived", because: "test" };
const needs = { tiers: ["cloud"] };
const part = (name: string, more: object): object => ({ name, graph: blob, ...more });
/** The work is in the last part; 64 bytes a row after the second, 4,000 after the first. */
const parts = [
  part("net", { split: { above: "net-2", release, auto: { ms: [1, 1, 40], bytes: [4000, 64, 40], pace: { gateway: 1.5, cloud: 0.1 } } } }),
  part("net-2", { split: { above: "net-3", release }, answers: {}, needs }),
  part("net-3", { answers: {}, needs }),
];
const read = (models: readonly string[], more: object = {}): object => ({ name: "read", code: blob, on: { type: "in.came" }, emits: {}, models, ...more });
const app = (functions: readonly object[], models: readonly object[]): AppDocument => appDocumentSchema.parse({ name: "eye", version: "1", functions, models, egress: [{ class: "derived", to: "*" }] });

async function start(document: AppDocument): Promise<ControlFleet> {
  const fleet = await ControlFleet.start(members);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory }) => inventory?.capacity.processors === 4 && (name === "cloud" || inventory.uplink !== undefined)));
  await fleet.drive(fleet.control.deploy(document));
  return fleet;
}
async function asked(fleet: ControlFleet, node: string, row: object): Promise<void> {
  await fleet.claim(node, "holon.unit.handed", { overMs: 3_600_000, units: [], models: [{ here: 0, above: 0, kept: 0, bytes: 0, ...row }] }, wallMs);
  await fleet.until("it is heard", () => fleet.hasHeard(node));
  await fleet.world.run({ timeMs: fleet.world.nowMs + 2 * limits.inventoryLookMs });
}
const told = (fleet: ControlFleet, node: string) => ({ stages: fleet.desired(node)?.stages, spare: fleet.desired(node)?.spare, models: fleet.desired(node)?.apps[0]?.models.map(({ name }) => name) });
const why = async (fleet: ControlFleet, unit: string, node: string): Promise<string> => (await fleet.drive(fleet.control.explain(unit, node))).text;

test("a model in parts is cut on each node where that is cheapest, and cut anew when it is asked more", async () => {
  const fleet = await start(app([read(["net"])], parts));
  assert.deepEqual(told(fleet, "gateway-1"), { stages: { "eye/net": 2 }, spare: ["eye/net-2", "eye/net-3"], models: ["net", "net-2", "net-3"] });
  assert.deepEqual(told(fleet, "gateway-2"), { stages: { "eye/net": 3 }, spare: ["eye/net-2", "eye/net-3"], models: ["net", "net-2", "net-3"] }, "600 ms there and back take longer than all of it here");
  assert.deepEqual(told(fleet, "cloud"), { stages: undefined, spare: undefined, models: ["net-2", "net-3"] });
  assert.match(await why(fleet, "eye/net", "gateway-1"), /eye\/net on gateway-1: cut after net-2 costs .* a month, .* ms and 104 bytes a row, with the end on cloud, instead of .*all of it here .*; by rows that nobody has counted yet and times as its publisher measured them\./);
  assert.match(await why(fleet, "eye/net-3", "cloud"), /Of 2 nodes that ask eye\/net: cut after net-2 on 1, none of it asked on 1\./);
  assert.match(await why(fleet, "eye/net-2", "cloud"), /stands where eye\/net-3 does/);
  const before = fleet.desired("gateway-2")?.version ?? 0;
  await asked(fleet, "gateway-1", { model: "eye/net", above: 100, bytes: 6_400 });
  assert.deepEqual([told(fleet, "gateway-1").stages, fleet.desired("gateway-2")?.version], [{ "eye/net": 2 }, before], "what is asked a little changes nothing");
  // 90 a gigabyte: a dear line keeps what would take a processor's time that is cheaper.
  await asked(fleet, "gateway-2", { model: "eye/net", here: 5e4 });
  assert.deepEqual(told(fleet, "gateway-2").stages, { "eye/net": 3 });
  const plan = (await fleet.drive(fleet.control.plan())) ?? assert.fail();
  assert.deepEqual(plan.plan.stages, [{ model: "eye/net", node: "gateway-1", here: 2 }, { model: "eye/net", node: "gateway-2", here: 3 }]);
  assert.deepEqual(plan.inputs.apps[0]?.stages?.[0]?.askers, [{ node: "gateway-1", rowsPerMonth: 100 * 720 }, { node: "gateway-2", rowsPerMonth: 5e4 * 720 }]);
});

test("a preview says where a model would be cut, and why, before it is deployed; and nothing of cuts that stay", async () => {
  const fleet = await ControlFleet.start(members);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory }) => inventory?.capacity.processors === 4 && (name === "cloud" || inventory.uplink !== undefined)));
  const document = app([read(["net"])], parts);
  const cutsIn = async (of: AppDocument): Promise<readonly (readonly [unit: string, node: string, because: string])[]> => (await fleet.drive(fleet.control.preview(of))).changes.filter(({ change }) => change === "%").map((cut) => [cut.unit, cut.node, cut.why] as const);
  const cuts = await cutsIn(document);
  assert.deepEqual(cuts.map(([unit, node]) => [unit, node]), [["eye/net", "gateway-1"], ["eye/net", "gateway-2"]]);
  assert.match(cuts[0]?.[2] ?? "", /^eye\/net on gateway-1: cut after net-2 costs .* instead of .*all of it here /);
  assert.match(cuts[1]?.[2] ?? "", /^eye\/net on gateway-2: all of it here costs .* instead of .*cut after net-2 /);
  await fleet.drive(fleet.control.deploy(document));
  assert.deepEqual(await cutsIn(document), []);
  const dear = app([read(["net"])], [part("net", { split: { above: "net-2", release, auto: { ms: [1, 1, 40], bytes: [4000, 1e9, 40], pace: { gateway: 1.5, cloud: 0.1 } } } }), ...parts.slice(1)]);
  assert.deepEqual((await cutsIn(dear)).map(([unit, node, because]) => [unit, node, because.replace(/ costs .*/, "")]), [["eye/net", "gateway-1", "eye/net on gateway-1: cut after net"]]);
});

test("of a placed function the model is cut where the function stands", async () => {
  const fleet = await start(app([read(["net"], { needs: { tiers: ["gateway"], sources: [{ site: "plant" }] } })], parts));
  assert.deepEqual([told(fleet, "gateway-1").stages, told(fleet, "gateway-2").stages], [{ "eye/net": 2 }, undefined]);
});

test("a cascade whose small model is seldom sure asks the large one alone; one that is often sure does not; a copy stands where the way is dear and its needs let it", async () => {
  const cascade = { above: "large", gate: { temperature: 1, threshold: 0.5 }, release, auto: { ms: [6, 8], bytes: [800, 40] } };
  const models = (tiers: readonly string[]): readonly object[] => [part("small", { cascade }), part("large", { answers: {}, needs: { tiers } })];
  const fleet = await start(app([read(["small"])], models(["cloud"])));
  assert.deepEqual(told(fleet, "gateway-1"), { stages: { "eye/small": 1 }, spare: undefined, models: ["small"] }, "nobody knows yet");
  assert.match(await why(fleet, "eye/small", "gateway-1"), /small first .*nothing else is known well enough to choose/);
  await asked(fleet, "gateway-1", { model: "eye/small", here: 10_000, above: 990_000, bytes: 8e8 });
  assert.deepEqual(told(fleet, "gateway-1").stages, { "eye/small": 0 });
  assert.match(await why(fleet, "eye/small", "gateway-1"), /large alone, above costs .* instead of small first/);
  await asked(fleet, "gateway-1", { model: "eye/small", above: 1_000_000, direct: 1_000_000, bytes: 8e8 });
  assert.deepEqual(told(fleet, "gateway-1").stages, { "eye/small": 0 }, "what went up unseen says nothing of what it would be sure of");
  await asked(fleet, "gateway-1", { model: "eye/small", here: 31_000, above: 969_000, direct: 968_000, bytes: 8e8 });
  assert.deepEqual(told(fleet, "gateway-1").stages, { "eye/small": 1 });
  const copied = await start(app([read(["small"])], models(["gateway", "cloud"])));
  await asked(copied, "gateway-2", { model: "eye/small", here: 1_000, above: 99_000, bytes: 8e7 });
  const end = (await copied.drive(copied.control.plan()))?.plan.placements.find(({ unit }) => unit === "eye/large")?.node;
  assert.notEqual(end, undefined);
  for (const node of ["gateway-1", "gateway-2"]) if (node !== end) assert.ok((told(copied, node).stages?.["eye/small"] === 2) === (told(copied, node).models?.includes("large") === true));
  assert.ok(told(copied, "gateway-2").models?.includes("large"));
});
