/** What nodes measured of data between units is what a plan is made from. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import { createFold, type ControlState } from "../store/fold.ts";
import { handedTold, letGoOfOld, type HandedState } from "../store/handed.ts";
import { code, ControlFleet } from "../testing/control-fleet.ts";
import { exchangedIn, standingBy } from "./exchanged.ts";
import { stagesOf } from "./stages.ts";

const room = (perProcessorHour: number) => ({ processors: 2, memoryBytes: 4e9, diskBytes: 1e10, prices: { perProcessorHour }, uplink: { latencyMs: 10, perGigabyte: 0.1 } });
const members: readonly MemberOptions[] = [
  { name: "cloud", tier: "cloud", inventory: room(0.01) },
  { name: "edge-1", tier: "edge", parent: "cloud", site: "north", inventory: room(0.02) },
  { name: "gateway-1", tier: "gateway", parent: "edge-1", site: "plant", inventory: room(0.9) },
  { name: "gateway-2", tier: "gateway", parent: "edge-1", site: "plant", inventory: room(0.9) },
];
const wallMs = Date.UTC(2026, 0, 1);
const blob = createHash("sha256").update(code).digest("hex");
const fn = (name: string, on: string, emits: string, needs: object, more: object = {}) => ({ name, code: blob, on: { type: on }, emits: { [emits]: { stream: "data", class: "derived" } }, models: [], needs, ...more });
const app = (functions: readonly object[], models: readonly object[] = []): AppDocument => appDocumentSchema.parse({ name: "pump", version: "1", functions, models, egress: [{ class: "derived", to: "*" }] });

async function start(document: AppDocument): Promise<ControlFleet> {
  const fleet = await ControlFleet.start(members);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory }) => inventory?.capacity.processors === 2 && (name === "cloud" || inventory.uplink !== undefined)));
  await fleet.drive(fleet.control.deploy(document));
  return fleet;
}

const inForce = async (fleet: ControlFleet) => (await fleet.drive(fleet.control.plan())) ?? assert.fail("no plan");
const places = async (fleet: ControlFleet): Promise<readonly string[]> => (await inForce(fleet)).plan.placements.map(({ unit, node }) => `${unit} ${node}`);
async function handed(fleet: ControlFleet, node: string, data: object): Promise<void> {
  await fleet.claim(node, "holon.unit.handed", { overMs: 3_600_000, units: [], ...data }, wallMs);
  await fleet.until("it is heard", () => fleet.hasHeard(node));
  await fleet.world.run({ timeMs: fleet.world.nowMs + 2 * limits.inventoryLookMs });
}

test("what one unit hands another is measured, and brings them together where that saves egress; it is no source of its own", async () => {
  const fleet = await start(app([fn("judge", "in.came", "pump.alert", { tiers: ["edge"] }), fn("sum", "pump.alert", "pump.total", {})]));
  assert.deepEqual(await places(fleet), ["pump/judge edge-1", "pump/sum cloud"]);
  await handed(fleet, "cloud", { units: [{ unit: "pump/sum", bytes: { "edge-1": 4e8 } }] });
  assert.deepEqual(await places(fleet), ["pump/judge edge-1", "pump/sum edge-1"]);
  const { inputs, known } = await inForce(fleet);
  assert.deepEqual(inputs.apps[0]?.flows, [{ from: "judge", to: "sum", bytesPerMonth: 4e8 * 720, hands: "up" }]);
  assert.deepEqual([inputs.apps[0]?.units[1]?.sources, known.because], [[], "data come from elsewhere, or more or less of them"]);
  const before = known.hash;
  await handed(fleet, "edge-1", { units: [{ unit: "pump/sum", bytes: { "edge-1": 4.2e8 } }] });
  assert.equal((await inForce(fleet)).known.hash, before, "about as much changes nothing");
});

test("of what a unit is handed where placed units and others make it, each has its part", async () => {
  const fleet = await start(app([fn("judge", "in.came", "pump.alert", { tiers: ["gateway"], sources: [{ site: "plant" }] }), fn("sum", "pump.*", "all.total", { tiers: ["cloud"] }), { ...fn("plain", "in.came", "pump.alert", {}), needs: undefined }]));
  const home = (await places(fleet))[0]?.split(" ")[1] ?? "";
  const other = home === "gateway-1" ? "gateway-2" : "gateway-1";
  await handed(fleet, "cloud", { units: [{ unit: "pump/sum", bytes: { [home]: 2e8, [other]: 5e8 } }] });
  const [units] = (await inForce(fleet)).inputs.apps;
  assert.deepEqual(units?.flows, [{ from: "judge", to: "sum", bytesPerMonth: 1e8 * 720, hands: "up" }]);
  assert.deepEqual(units?.units.find(({ name }) => name === "sum")?.sources, [{ site: "plant", node: other, bytesPerMonth: 6e8 * 720 }], "by the node where most of it comes in");
});

test("what an author says of a flow stands, whatever is measured", async () => {
  const rated = fn("judge", "in.came", "pump.alert", { tiers: ["edge"] });
  const fleet = await start(app([{ ...rated, emits: { "pump.alert": { stream: "data", class: "derived", bytesPerMonth: 9e11 } } }, fn("sum", "pump.alert", "pump.total", {})]));
  assert.deepEqual(await places(fleet), ["pump/judge edge-1", "pump/sum edge-1"]);
});

test("a model that answers stands above those that ask it, on the tier that control chooses, beside them where they ask much", async () => {
  const cascade = { above: "large", gate: { temperature: 1, threshold: 0.5 }, release: { class: "derived", because: "test" } };
  const models = [{ name: "small", graph: blob, cascade }, { name: "large", graph: blob, answers: {}, needs: { tiers: ["gateway", "edge", "cloud"] } }];
  const reading = { ...fn("read", "in.came", "digit.read", {}, { models: ["small"] }), needs: undefined };
  const fleet = await start(app([reading], models));
  assert.deepEqual(await places(fleet), ["pump/large cloud"]);
  await handed(fleet, "gateway-1", { models: [{ model: "pump/small", here: 800, above: 200, kept: 0, bytes: 5e8 }] });
  assert.deepEqual(await places(fleet), ["pump/large edge-1"]);
  const unit = (await inForce(fleet)).inputs.apps[0]?.units[0];
  assert.deepEqual([unit?.onTheWay, unit?.sources], [true, [{ site: "plant", node: "gateway-1", bytesPerMonth: 5e8 * 720 }]]);
  const placedFleet = await start(app([{ ...reading, needs: { tiers: ["gateway"], sources: [{ site: "plant" }] } }], models));
  const home = (await places(placedFleet)).find((line) => line.startsWith("pump/read"))?.split(" ")[1] ?? "";
  await handed(placedFleet, home, { models: [{ model: "pump/small", here: 800, above: 200, kept: 0, bytes: 5e9 }] });
  assert.deepEqual(await places(placedFleet), [`pump/large ${home}`, `pump/read ${home}`]);
});

test("why a model is cut where it is, and what a cascade spares, is said where one asks why it stands there", async () => {
  const release = { class: "derived", because: "test" };
  const cascade = { above: "large", gate: { temperature: 1, threshold: 0.5 }, release };
  const because = "cut after sum1 on gateway-1 (64 bytes cross), the rest on cloud: of 7 places to cut the cheapest";
  const needs = { tiers: ["edge", "cloud"] };
  const models = [{ name: "small", graph: blob, cascade }, { name: "large", graph: blob, answers: {}, needs }, { name: "head", graph: blob, split: { above: "tail", release, because } }, { name: "tail", graph: blob, answers: {}, needs }];
  const fleet = await start(app([{ ...fn("read", "in.came", "digit.read", {}, { models: ["small", "head"] }), needs: undefined }], models));
  const why = async (unit: string, node: string): Promise<string> => (await fleet.drive(fleet.control.explain(unit, node))).text;
  assert.match(await why("pump/tail", "cloud"), /is on cloud: .*\. pump\/head is the head of a model whose rest is pump\/tail: cut after sum1 on gateway-1/);
  assert.match(await why("pump/large", "cloud"), /how much that is nobody has told yet/);
  const told = (above: number) => handed(fleet, "gateway-1", { models: [{ model: "pump/small", here: 1000 - above, above, kept: 0, bytes: above * 100 }, { model: "pump/head", here: 0, above: 500, kept: 0, bytes: 32_000 }] });
  await told(200);
  assert.match(await why("pump/large", "edge-1"), /pump\/small spares 80 % of the questions, 80000 bytes an hour: 200 of 1000 rows an hour went up to pump\/large, in 20000 bytes, as of 2026-01-01T00:00:00\.000Z\./);
  assert.match(await why("pump/read", "gateway-1"), /has no needs, and runs on every node of tier gateway\. pump\/small spares 80 %.* 500 of 500 rows an hour were answered by pump\/tail, in 32000 bytes/);
  await told(950);
  assert.match(await why("pump/large", "cloud"), /pump\/small is hardly worth its place: 950 of 1000 rows/);
});

test("what a model asked counts where it is asked now: not where its asker stood before a move, and not for longer than a week after its node told it last", async () => {
  const cascade = { above: "large", gate: { temperature: 1, threshold: 0.5 }, release: { class: "derived", because: "test" } };
  const models = [{ name: "small", graph: blob, cascade }, { name: "large", graph: blob, answers: {}, needs: { tiers: ["edge", "cloud"] } }];
  const read = fn("read", "in.came", "digit.read", { tiers: ["gateway"] }, { models: ["small"] });
  const state = (rows: readonly (readonly [string, object])[]) => {
    const kept: HandedState & Pick<ControlState, "nodes"> = { nodes: new Map(), handed: new Map(), origins: new Map(), asked: new Map() };
    for (const name of ["gateway-1", "gateway-2"]) kept.nodes.set(name, { name, tier: "gateway", site: "plant", jurisdiction: "EU/DE", parent: null, api: null, startedAt: "", reported: undefined });
    for (const [node, { day, ...row }] of rows as readonly (readonly [string, { readonly day: number }])[]) assert.ok(handedTold(kept, () => true, node, dayText(day), { overMs: 3_600_000, units: [], models: [{ model: "pump/small", here: 1, above: 1, kept: 0, ...row }] }));
    return kept;
  };
  const dayText = (day: number): string => new Date(Date.UTC(2027, 0, day)).toISOString();
  const onFirst = standingBy([{ unit: "pump/read", node: "gateway-1" }]);
  const onSecond = standingBy([{ unit: "pump/read", node: "gateway-2" }]);
  const document = app([read], models);
  const perMonth = (bytes: number): number => bytes * 720;
  const moved = state([["gateway-1", { day: 1, bytes: 500 }]]);
  assert.equal(exchangedIn(document, moved, onFirst).between("read", "large"), perMonth(500));
  assert.equal(exchangedIn(document, moved, onSecond).between("read", "large"), perMonth(500), "until it tells from there: what it asked last");
  handedTold(moved, () => true, "gateway-2", dayText(2), { overMs: 3_600_000, units: [], models: [{ model: "pump/small", here: 1, above: 1, kept: 0, bytes: 700 }] });
  assert.equal(exchangedIn(document, moved, onSecond).between("read", "large"), perMonth(700), "not both");
  assert.deepEqual([...(exchangedIn(document, moved, onSecond).from("large") ?? [])], [], "and it is no source from elsewhere");
  assert.ok(!letGoOfOld(moved, "gateway-2", dayText(8)));
  assert.ok(letGoOfOld(moved, "gateway-2", dayText(10)));
  const everywhere = app([{ ...read, needs: undefined }], models);
  assert.deepEqual([...(exchangedIn(everywhere, state([["gateway-1", { day: 1, bytes: 500 }], ["gateway-2", { day: 1, bytes: 300 }]]), standingBy([])).from("large") ?? [])], [["gateway-1", perMonth(500)], ["gateway-2", perMonth(300)]]);
});

test("a node that goes on telling of itself, and for a week nothing of a model, does not ask by it any more", async () => {
  const cascade = { above: "large", gate: { temperature: 1, threshold: 0.5 }, release: { class: "derived", because: "test" } };
  const models = [{ name: "small", graph: blob, cascade }, { name: "large", graph: blob, answers: {}, needs: { tiers: ["edge", "cloud"] } }];
  const fleet = await start(app([{ ...fn("read", "in.came", "digit.read", {}, { models: ["small"] }), needs: undefined }], models));
  await handed(fleet, "gateway-1", { models: [{ model: "pump/small", here: 800, above: 200, kept: 0, bytes: 5e8 }] });
  const sources = async () => (await inForce(fleet)).inputs.apps[0]?.units[0]?.sources;
  assert.deepEqual(await sources(), [{ site: "plant", node: "gateway-1", bytesPerMonth: 5e8 * 720 }]);
  const { inventory } = fleet.control.nodes().find(({ name }) => name === "gateway-1") ?? assert.fail();
  for (const [day, now] of [[6, { node: "gateway-1", bytesPerMonth: 5e8 * 720 }], [9, { bytesPerMonth: 0 }]] as const) {
    await fleet.claim("gateway-1", "holon.node.inventory", inventory, wallMs + day * 86_400_000);
    await fleet.until("it is heard", () => fleet.hasHeard("gateway-1"));
    await fleet.world.run({ timeMs: fleet.world.nowMs + 2 * limits.inventoryLookMs });
    assert.deepEqual(await sources(), [{ site: "plant", ...now }]);
  }
});

test("what nobody can have moved, and what is told of no deployed unit, is no figure; what is taken away is forgotten", async () => {
  const document = app([fn("judge", "in.came", "pump.alert", { tiers: ["edge"] }), fn("sum", "pump.alert", "pump.total", {})]);
  const fleet = await start(document);
  await handed(fleet, "edge-1", { overMs: 1e-300, units: [{ unit: "pump/sum", bytes: { "edge-1": 1e300, "gateway-1": 1e300 } }] });
  await fleet.claim("edge-1", "holon.node.inventory", { ...fleet.control.nodes().find(({ name }) => name === "edge-1")?.inventory, prices: { perProcessorHour: { value: 1e308, asOfMs: wallMs, source: "measured" } } }, wallMs);
  await fleet.until("it is heard", () => fleet.hasHeard("edge-1"));
  await fleet.world.run({ timeMs: fleet.world.nowMs + 2 * limits.inventoryLookMs });
  assert.deepEqual(await places(fleet), ["pump/judge edge-1", "pump/sum cloud"]);
  const fold = createFold(fleet.log);
  await handed(fleet, "edge-1", { units: [{ unit: "pump/sum", bytes: { "edge-1": 5 } }, { unit: "pump/made-up", bytes: { "edge-1": 5 } }], models: [{ model: "pump/none", here: 1, above: 1, kept: 0, bytes: 5 }] });
  await fleet.drive(fold.catchUp());
  assert.deepEqual([[...fold.state.handed.keys()], [...fold.state.asked.keys()]], [["pump/sum"], []]);
  await fleet.drive(fleet.control.remove("pump"));
  await fleet.drive(fold.catchUp());
  assert.deepEqual([...fold.state.handed.keys()], []);
});

test("a cascade that could not ask spares nothing", () => {
  const models = [{ name: "small", graph: blob, cascade: { above: "large", gate: { temperature: 1, threshold: 0.5 }, release: { class: "derived", because: "test" } } }, { name: "large", graph: blob, answers: { tier: "cloud" } }];
  const row = { model: "pump/small", here: 0, above: 0, kept: 1000, bytes: 0, overMs: 3_600_000, atMs: wallMs };
  const of = (more: object) => stagesOf(app([], models), "large", { nodes: new Map(), asked: new Map([["pump/small", new Map([["gateway-1", { ...row, ...more }]])]]) }, new Map())[0] ?? "";
  assert.match(of({}), /pump\/small is hardly worth its place: 0 of 1000 rows an hour went up to pump\/large, in 0 bytes, 1000 more were to and could not, as of/);
  assert.match(of({ here: 800, above: 100, kept: 100, bytes: 5000 }), /spares 80 % of the questions, 40000 bytes an hour: 100 of 1000 rows .* 100 more were to and could not/);
});

test("each replica tells what it was handed, and all of it counts; where a unit stood before, and a word that is told anew, make nothing swing", () => {
  const document = app([fn("sum", "in.came", "pump.total", { replicas: 2 })]);
  const kept: HandedState & Pick<ControlState, "nodes"> = { nodes: new Map(), handed: new Map(), origins: new Map(), asked: new Map() };
  for (const name of ["gateway-1", "gateway-2"]) kept.nodes.set(name, { name, tier: "gateway", site: "plant", jurisdiction: "EU/DE", parent: null, api: null, startedAt: "", reported: undefined });
  const tell = (node: string, bytes: Readonly<Record<string, number>>, hour = 0): boolean => handedTold(kept, () => true, node, new Date(wallMs + hour * 3_600_000).toISOString(), { overMs: 3_600_000, units: [{ unit: "pump/sum", bytes }] });
  const on = (...nodes: readonly string[]) => Object.fromEntries(exchangedIn(document, kept, standingBy(nodes.map((node) => ({ unit: "pump/sum", node })))).from("sum") ?? []);
  tell("edge-1", { "gateway-1": 100 });
  tell("cloud", { "gateway-2": 900 }, 1);
  const both = { "gateway-1": 72_000, "gateway-2": 648_000 };
  assert.deepEqual(on("edge-1", "cloud"), both);
  tell("edge-1", { "gateway-1": 100 }, 2);
  assert.deepEqual(on("edge-1", "cloud"), both, "who told last does not matter");
  assert.deepEqual([on("cloud"), on("gateway-1")], [{ "gateway-2": 648_000 }, { "gateway-1": 72_000 }], "where it stands; as long as nothing was told from there, what was told last");
  assert.ok(!letGoOfOld(kept, "edge-1", new Date(wallMs + 6 * 86_400_000).toISOString()));
  assert.ok(letGoOfOld(kept, "edge-1", new Date(wallMs + 9 * 86_400_000).toISOString()));
  assert.deepEqual([...(kept.origins.get("pump/sum") ?? [])].map(([node]) => node), ["gateway-2"], "from where nothing came for a week nothing comes");
  letGoOfOld(kept, "cloud", new Date(wallMs + 99 * 86_400_000).toISOString());
  assert.deepEqual(on("cloud"), { "gateway-2": 648_000 }, "the last word is kept: a quiet week is no reason to forget it");
});
