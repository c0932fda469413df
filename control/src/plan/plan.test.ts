import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import type { KnownPlan } from "../store/fold.ts";
import { app, code, ControlFleet } from "../testing/control-fleet.ts";

const room = (perProcessorHour: number) => ({ processors: 2, memoryBytes: 4e9, diskBytes: 1e10, prices: { perProcessorHour }, uplink: { latencyMs: 10, perGigabyte: 0.05 } });

/** A cloud outside, two edges inside of which the second is dearer, a gateway below the first. */
const members: readonly MemberOptions[] = [
  { name: "cloud", tier: "cloud", jurisdiction: "US/CA", inventory: room(0.01) },
  { name: "edge-1", tier: "edge", parent: "cloud", site: "north", inventory: room(0.02) },
  { name: "edge-2", tier: "edge", parent: "cloud", site: "south", inventory: room(0.03) },
  { name: "gateway-1", tier: "gateway", parent: "edge-1", site: "plant", inventory: room(0.09) },
];

const needy = (needs: object, more: object = {}, version = "1"): AppDocument =>
  appDocumentSchema.parse({
    name: "pump",
    version,
    functions: [{ name: "sum", code: createHash("sha256").update(code).digest("hex"), on: { type: "in.came" }, emits: { "out.went": { stream: "data", class: "derived" } }, models: [], needs, ...more }],
    models: [],
    egress: [{ class: "derived", to: "*" }],
  });

async function start(): Promise<ControlFleet> {
  const fleet = await ControlFleet.start(members);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory }) => inventory?.capacity.processors === 2 && (name === "cloud" || inventory.uplink !== undefined)));
  return fleet;
}

/** By the documents that stand issued. */
const runs = (fleet: ControlFleet): readonly string[] => members.map(({ name }) => name).filter((node) => fleet.desired(node)?.apps.some(({ functions }) => functions.length > 0) === true);
const explain = (fleet: ControlFleet, node: string) => fleet.drive(fleet.control.explain("pump/sum", node));

/** Virtual time goes on whatever happens. */
async function pass(fleet: ControlFleet, ms: number): Promise<void> {
  await fleet.world.run({ timeMs: fleet.world.nowMs + ms });
}

test("what has needs lands on one node of the right jurisdiction, and says why there and not elsewhere", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(needy({ jurisdictions: ["EU"], tiers: ["edge", "cloud"] })));
  assert.deepEqual(runs(fleet), ["edge-1"]);
  assert.match((await explain(fleet, "edge-1")).text, /^pump\/sum is on edge-1: it costs .* less than on edge-2, the next best\.$/);
  assert.match((await explain(fleet, "cloud")).text, /^pump\/sum is not on cloud: it stands in US\/CA, and the unit may run in EU only\.$/);
  assert.match((await explain(fleet, "edge-2")).text, /most of it rent/);
  assert.match((await explain(fleet, "gateway-1")).text, /of tier gateway, and the unit is for edge, cloud/);
  const first = await fleet.drive(fleet.control.plan());
  await fleet.drive(fleet.control.deploy(needy({ jurisdictions: ["EU", "US"], tiers: ["edge", "cloud"] })));
  await fleet.until("what kept it from the cloud is gone, and with it the verdict", () => fleet.runningOn("cloud").includes("pump/sum"));
  assert.deepEqual(runs(fleet), ["cloud"]);
  assert.equal((await explain(fleet, "cloud")).verdict, "chosen");
  const second = await fleet.drive(fleet.control.plan());
  assert.equal(second?.plan.parent, first?.plan.hash);
  assert.equal(fleet.desired("cloud")?.plan, second?.plan.hash);
  await fleet.drive(fleet.control.remove("pump"));
  assert.deepEqual(runs(fleet), []);
});

test("an app without needs runs on every node of its tier, with a plan and without, and that can be explained too", async () => {
  const fleet = await start();
  const { functions: [fn], ...rest } = needy({});
  const { needs: _, ...plain } = fn ?? assert.fail();
  await fleet.drive(fleet.control.deploy({ ...rest, functions: [{ ...plain, run: { tier: "edge" } }] }));
  assert.deepEqual(runs(fleet), ["edge-1", "edge-2"]);
  assert.equal(await fleet.drive(fleet.control.plan()), undefined);
  assert.match((await explain(fleet, "edge-2")).text, /has no needs, and runs on every node of tier edge/);
  assert.match((await explain(fleet, "cloud")).text, /is not on cloud: it runs on every node of tier edge, and cloud is of tier cloud/);
  await assert.rejects(fleet.drive(fleet.control.explain("pump/other", "cloud")), { code: "HOLON_UNIT_UNKNOWN", message: /app pump has no function, model, source or reduction other; it has sum/ });
  for (const unit of ["pump/sum/more", "pump", "/", "pump/"]) await assert.rejects(fleet.drive(fleet.control.explain(unit, "cloud")), { code: "HOLON_UNIT_UNKNOWN", message: /a unit is named app\/unit/ });
  await assert.rejects(fleet.drive(fleet.control.explain("nothing/sum", "cloud")), { code: "HOLON_UNIT_UNKNOWN", message: /no app nothing is deployed/ });
  await assert.rejects(fleet.drive(fleet.control.explain("pump/sum", "cloud-9")), { code: "HOLON_NODE_UNKNOWN" });
  await fleet.drive(fleet.control.deploy(needy({}, { run: { tier: "edge" } })));
  assert.deepEqual(runs(fleet), ["edge-1"], "with needs the tier is one of them");
});

test("what no node may run is refused with the reason of each, and a trial changes nothing", async () => {
  const fleet = await start();
  const before = fleet.log.head({ origin: fleet.log.origin, stream: "audit" })?.hash;
  const japan = await fleet.drive(fleet.control.preview(needy({ jurisdictions: ["JP"] })));
  assert.match(japan.refused ?? "", /pump\/sum can run on no node: cloud: it stands in US\/CA, and the unit may run in JP only; edge-1: it stands in EU\/DE/);
  const fits = await fleet.drive(fleet.control.preview(needy({ jurisdictions: ["EU/DE"] })));
  assert.deepEqual(fits.changes.map(({ change, unit, node }) => `${change} ${unit} ${node}`), ["+ pump/sum edge-1"]);
  assert.match(fits.changes[0]?.why ?? "", /is on edge-1: it costs/);
  await assert.rejects(fleet.drive(fleet.control.deploy(needy({ jurisdictions: ["JP"] }))), { code: "HOLON_PLACEMENT_UNMET", message: /may run in JP only/ });
  await assert.rejects(fleet.drive(fleet.control.deploy(needy({ processors: 64 }))), { code: "HOLON_PLACEMENT_UNMET", message: /1 processors left, and the unit needs 64; how much of it is in use is unknown, and 50 % are taken for it/ });
  await assert.rejects(fleet.drive(fleet.control.deploy(needy({ sources: [{ site: "plant" }], tiers: ["edge"], jurisdictions: ["EU"], latencyMsMax: 5 }))), { code: "HOLON_PLACEMENT_UNMET", message: /how long a call takes is unknown/ });
  await assert.rejects(fleet.drive(fleet.control.deploy(needy({ effects: ["plant", "plnat"] }))), { code: "HOLON_PLACEMENT_UNMET", message: /pump\/sum names site plnat in `effects`, of which no node was ever heard; sites are cloud, north, plant, south/ });
  await assert.rejects(fleet.drive(fleet.control.deploy(needy({ sources: [{ site: "plnat" }] }))), { code: "HOLON_PLACEMENT_UNMET", message: /names site plnat in `sources`/ });
  assert.match((await fleet.drive(fleet.control.preview(needy({ effects: ["plnat"] })))).refused ?? "", /names site plnat/);
  await assert.rejects(fleet.drive(fleet.control.deploy(needy({ sources: [{ site: "plant", node: "gatway-1" }] }))), { code: "HOLON_PLACEMENT_UNMET", message: /pump\/sum names node gatway-1 of site plant in `sources`, which was never heard; nodes there are gateway-1$/ });
  assert.match((await fleet.drive(fleet.control.preview(needy({ sources: [{ site: "plant", node: "edge-1" }] })))).refused ?? "", /names node edge-1 of site plant in `sources`, which is of site north; nodes there are gateway-1$/);
  assert.equal((await fleet.drive(fleet.control.preview(needy({ sources: [{ site: "plant", node: "gateway-1" }] })))).refused, undefined);
  const four = await fleet.drive(fleet.control.preview(needy({ replicas: 5 })));
  assert.match(four.refused ?? "", /^pump\/sum \(replica \d\) can run on no node: cloud: another replica is on the same node, .*; edge-1: another replica is on the same node/);
  assert.equal(fleet.log.head({ origin: fleet.log.origin, stream: "audit" })?.hash, before);
  assert.deepEqual([runs(fleet), fleet.control.apps().length], [[], 0]);
  await fleet.drive(fleet.control.deploy(needy({ jurisdictions: ["EU/DE"] })));
  assert.deepEqual((await fleet.drive(fleet.control.preview(needy({ jurisdictions: ["EU/DE"] })))).changes, []);
});

test("what comes from a site is handled there or above it", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(needy({ sources: [{ site: "plant" }], tiers: ["edge"] })));
  assert.deepEqual(runs(fleet), ["edge-1"]);
  assert.match((await explain(fleet, "edge-2")).text, /what comes from plant does not pass it/);
});

test("of a node that falls silent when nothing moves for it an explanation tells that it is", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(needy({ jurisdictions: ["EU"], tiers: ["edge"] })));
  assert.deepEqual(runs(fleet), ["edge-1"]);
  const hash = (await fleet.drive(fleet.control.plan()))?.plan.hash;
  assert.notEqual((await explain(fleet, "edge-2")).reason, "silent");
  for (const node of ["edge-1", "edge-2"]) fleet.fleet.net.cut(node, "cloud");
  await pass(fleet, 2 * limits.nodeLeaseMs);
  assert.equal((await explain(fleet, "edge-2")).reason, "silent");
  assert.match((await explain(fleet, "edge-2")).text, /^pump\/sum is not on edge-2: it has been silent for longer than its lease, and nothing new is given to it until/);
  const { verdict, text } = await explain(fleet, "edge-1");
  assert.deepEqual([verdict, /Since that plan was made, at \S+Z, edge-1 has been silent for longer than its lease\.$/.test(text)], ["chosen", true], text);
  assert.equal((await fleet.drive(fleet.control.plan()))?.plan.hash, hash, "by the plan that was");
  assert.equal((await explain(fleet, "gateway-1")).reason, "tier", "what lasts is told first");
});

test("a node that is lost keeps what goes on by itself; what stops on islands moves after the lease, and not back when the node is back", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(needy({ jurisdictions: ["EU"], tiers: ["edge"] })));
  const stopping = { ...needy({ jurisdictions: ["EU"], tiers: ["edge"], onIsolation: "stop" }), name: "guard" };
  await fleet.drive(fleet.control.deploy(stopping));
  const places = async (): Promise<readonly string[]> => ((await fleet.drive(fleet.control.plan()))?.plan.placements ?? []).map(({ unit, node }) => `${unit} ${node}`);
  assert.deepEqual(await places(), ["guard/sum edge-1", "pump/sum edge-1"]);
  await fleet.until("it runs there", () => fleet.runningOn("edge-1").length === 2);

  const watch = fleet.watchTwice("guard/sum");
  fleet.fleet.net.cut("edge-1", "cloud");
  await pass(fleet, limits.nodeLeaseMs / 2);
  assert.deepEqual(await places(), ["guard/sum edge-1", "pump/sum edge-1"], "a short outage moves nothing");
  await fleet.until("it stops on the island", () => !fleet.runningOn("edge-1").includes("guard/sum"));
  assert.deepEqual(fleet.runningOn("edge-1"), ["pump/sum"], "and nothing else does");
  await fleet.until("it is started elsewhere", () => fleet.runningOn("edge-2").includes("guard/sum"));
  assert.deepEqual(await places(), ["guard/sum edge-2", "pump/sum edge-1"]);
  assert.match((await fleet.drive(fleet.control.explain("guard/sum", "edge-1"))).text, /silent for longer than its lease/);

  const moved = await fleet.drive(fleet.control.plan());
  const versions = () => members.map(({ name }) => fleet.desired(name)?.version);
  fleet.fleet.net.heal("edge-1", "cloud");
  await fleet.until("it is told", () => fleet.hasHeard("edge-1"));
  const settled = versions();
  await pass(fleet, limits.nodeLeaseMs);
  const times = /^guard\/sum is not on edge-1: it was silent for longer than its lease, and is heard again since (\S+Z): something new is given to it from (\S+Z) on, if it is heard until then/.exec((await fleet.drive(fleet.control.explain("guard/sum", "edge-1"))).text) ?? assert.fail("it is told that it is back");
  assert.equal(Date.parse(times[2] ?? "") - Date.parse(times[1] ?? ""), limits.nodeReturnMs);
  await pass(fleet, limits.nodeReturnMs + limits.nodeLeaseMs);
  assert.equal((await fleet.drive(fleet.control.plan()))?.plan.hash, moved?.plan.hash, "the same plan");
  assert.deepEqual(versions(), settled, "and the same documents");
  assert.match((await fleet.drive(fleet.control.explain("guard/sum", "edge-1"))).text, /edge-1 was silent for longer than its lease when the plan in force was made, at \S+Z; it is present since/);
  assert.deepEqual(fleet.runningOn("edge-1"), ["pump/sum"]);
  assert.deepEqual(watch.twice(), [], "never in two places");
});

test("what stops on islands waits for the node that it leaves, and a restart of control forgets neither that nor the plan", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(needy({ jurisdictions: ["EU"], tiers: ["edge"], onIsolation: "stop" })));
  await fleet.until("it runs", () => fleet.runningOn("edge-1").includes("pump/sum"));
  const watch = fleet.watchTwice("pump/sum");
  fleet.fleet.net.cut("edge-1", "cloud");
  await fleet.drive(fleet.control.deploy(needy({ jurisdictions: ["US"], tiers: ["cloud"], onIsolation: "stop" }, {}, "2")));
  assert.equal((await fleet.drive(fleet.control.plan()))?.plan.placements[0]?.node, "cloud");
  assert.deepEqual(runs(fleet), ["edge-1"], "the next one waits, since nobody knows what the island does");
  const before = (await fleet.drive(fleet.control.plan()))?.plan.hash;
  await fleet.restart("cloud");
  assert.equal((await fleet.drive(fleet.control.plan()))?.plan.hash, before);
  assert.deepEqual(runs(fleet), ["edge-1"]);
  await fleet.until("the lease is over", () => fleet.runningOn("cloud").includes("pump/sum"));
  assert.deepEqual([runs(fleet), watch.twice()], [["cloud"], []]);
});

test("a plan that is in force no more is listed, shown and explained as it was then", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(needy({ jurisdictions: ["EU"] })));
  const first = (await fleet.drive(fleet.control.plan())) ?? assert.fail("no plan");
  await fleet.drive(fleet.control.deploy(needy({ jurisdictions: ["US"] }, {}, "2")));
  const second = (await fleet.drive(fleet.control.plan())) ?? assert.fail("no plan");
  const adopted = await fleet.drive(fleet.control.plansAdopted(10));
  assert.deepEqual(adopted.map(({ hash, parent }) => [hash, parent]), [[second.plan.hash, first.plan.hash], [first.plan.hash, null]]);
  assert.equal((await fleet.drive(fleet.control.plansAdopted(1))).length, 1);
  const then = await fleet.drive(fleet.control.planNamed(first.plan.hash.slice(0, 12)));
  assert.deepEqual(then.plan, first.plan);
  const why = async (node: string, hash?: string): Promise<string> => (await fleet.drive(fleet.control.explain("pump/sum", node, hash))).text;
  assert.match(await why("edge-1", first.plan.hash), /^pump\/sum is on edge-1: it costs /);
  assert.match(await why("cloud", first.plan.hash), /it stands in US\/CA, and the unit may run in EU only\.$/);
  assert.match(await why("edge-1"), /it stands in EU\/DE, and the unit may run in US only\.$/);
  await assert.rejects(fleet.drive(fleet.control.planNamed("0".repeat(12))), { code: "HOLON_PLAN_MISSING", message: /none of the last 1000 plans begins with 000000000000/ });
});

const only = (version: number, node: string): string => `policy fleet ${version}\n\npermit here\n  who node ${node}\n  does run open\n\npermit use\n  who function *\n  does use\n`;

test("what has no needs and may not run on a node of its tier is said to be kept from there: by the policy, by its seal, as revoked", async () => {
  const fleet = await start();
  const plain = app("watch");
  const gatewayed = appDocumentSchema.parse({ ...plain, sources: [{ kind: "host", name: "host", type: "host.reading" }] });
  await fleet.drive(fleet.control.deploy(gatewayed));
  const of = async (unit: string) => fleet.drive(fleet.control.explain(`watch/${unit}`, "gateway-1"));
  assert.deepEqual([(await of("judge")).verdict, (await of("host")).verdict], ["chosen", "chosen"]);
  await fleet.drive(fleet.control.adoptPolicy(only(1, "edge-1")));
  for (const unit of ["judge", "host"]) {
    const { verdict, reason, text } = await of(unit);
    assert.deepEqual([verdict, reason], ["rejected", "policy"], text);
    assert.match(text, new RegExp(`^watch/${unit} is not on gateway-1: it .*, but the policy does not let it run there: no rule of policy fleet 1 lets node gateway-1 `));
  }
  const tried = await fleet.drive(fleet.control.preview(app("more")));
  assert.match(tried.changes.find(({ unit }) => unit === "more/judge")?.why ?? "", /^more\/judge is given to gateway-1 by its tier, and does not run there: the policy does not let it run there: /);
  await fleet.drive(fleet.control.adoptPolicy(only(2, "gateway-1")));
  assert.equal((await of("judge")).verdict, "chosen");
  await fleet.drive(fleet.control.deploy({ ...gatewayed, version: "2", sealTo: ["north"] }));
  assert.match((await of("judge")).text, /but what the app is made of is sealed to north, and gateway-1 is of plant\.$/);
  await fleet.claim("cloud", "holon.node.revoked", { node: "gateway-1" });
  await fleet.until("it is revoked", () => [...fleet.control.looks()].some(({ node, isRevoked }) => isRevoked && node.name === "gateway-1"));
  assert.match((await of("judge")).text, /but that node was revoked\.$/);
  assert.deepEqual((await fleet.drive(fleet.control.preview(app("more")))).changes, [], "and nothing of a new app would come there");
});

test("what is deployed and stands nowhere any more is told by the app, the plan and an alarm, which is closed when it has a place again", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(needy({ tiers: ["edge"] })));
  assert.deepEqual([fleet.control.unplaced(), await fleet.told("cloud", "holon.unit.unplaced")], [[], []]);
  await fleet.drive(fleet.control.adoptPolicy(only(1, "cloud")));
  assert.deepEqual(fleet.control.unplaced(), [{ unit: "pump/sum", replica: 0 }]);
  const held = (await fleet.drive(fleet.control.plan())) ?? assert.fail();
  const [left] = await fleet.drive(fleet.control.left(held));
  assert.match(left?.why ?? "", /^cloud: it is of tier cloud.*; edge-1: the policy does not let it run there: no rule of policy fleet 1 lets node edge-1 run pump\/sum; edge-2: the policy/);
  const told = async () => (await fleet.told("cloud", "holon.unit.unplaced")).map(({ unit, left: count, of, state }) => [unit, count ?? null, of ?? null, state ?? null]);
  assert.deepEqual(await told(), [["pump/sum", 1, 1, null]]);
  await fleet.restart("cloud");
  await pass(fleet, 30_000);
  assert.equal((await told()).length, 1, "a restart tells nothing twice");
  await pass(fleet, limits.unplacedTellMs);
  assert.equal((await told()).length, 2, "it lasts");
  await fleet.drive(fleet.control.adoptPolicy(only(2, "*")));
  assert.deepEqual([fleet.control.unplaced(), (await told()).at(-1)], [[], ["pump/sum", null, null, "closed"]]);
  await pass(fleet, 2 * limits.unplacedTellMs);
  assert.equal((await told()).length, 3);
});

test("a node that came after the plan was made is told as such, and not as none of it", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(needy({ tiers: ["edge"] })));
  await fleet.join({ name: "edge-3", tier: "edge", parent: "cloud", site: "west", inventory: room(9) });
  await fleet.until("it is heard", () => fleet.control.known().some(({ name }) => name === "edge-3"));
  const plan = await fleet.drive(fleet.control.plan());
  assert.ok(plan?.inputs.inventory.nodes.every(({ name }) => name !== "edge-3"), "the plan is older");
  assert.equal((await explain(fleet, "edge-3")).text, "pump/sum is not on edge-3: edge-3 came after the plan in force was made, and the next one, within about 70 s, is the first to look at it.");
  await pass(fleet, limits.inventoryLookMs + 2 * limits.planLookMs);
  assert.equal((await explain(fleet, "edge-3")).reason, "dearer");
});

test("what is born at the gateways is explained as what has needs is", async () => {
  const fleet = await start();
  const document = appDocumentSchema.parse({ ...needy({ jurisdictions: ["EU"] }), sources: [{ kind: "host", name: "host", type: "host.reading" }], reductions: [{ kind: "discard", name: "rest", on: "host.reading" }] });
  await fleet.drive(fleet.control.deploy(document));
  for (const name of ["host", "rest"]) {
    const of = async (node: string) => fleet.drive(fleet.control.explain(`pump/${name}`, node));
    assert.deepEqual(await of("gateway-1"), { verdict: "chosen", reason: "tier", text: `pump/${name} is on gateway-1: it stands at every gateway, where readings are born.` });
    assert.deepEqual(await of("edge-1"), { verdict: "rejected", reason: "tier", text: `pump/${name} is not on edge-1: it stands at every gateway, where readings are born, and edge-1 is of tier edge.` });
  }
});

test("a plan that cannot be read is no reason not to start: the fleet is planned anew, and what runs stays", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(needy({ tiers: ["edge"] })));
  const issued = members.map(({ name }) => fleet.desired(name)?.version);
  const known = (await fleet.drive(fleet.control.plan()))?.known ?? assert.fail();
  await fleet.claim("cloud", "holon.plan.adopted", { ...planOf(known), hash: "0".repeat(64), blob: "0".repeat(64) });
  await fleet.restart("cloud");
  const plan = (await fleet.drive(fleet.control.plan()))?.plan;
  assert.deepEqual([plan?.parent, plan?.placements.map(({ node }) => node)], [null, ["edge-1"]]);
  assert.deepEqual(members.map(({ name }) => fleet.desired(name)?.version), issued);
});

function planOf({ adoptedAt: _adoptedAt, ...data }: KnownPlan): object {
  return data;
}

test("a node that was revoked is no place of what runs on each of its tier", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(app("watch")));
  const gateways = members.filter(({ tier }) => tier === "gateway").map(({ name }) => name);
  assert.ok(gateways.every((name) => fleet.desired(name)?.apps.length === 1));
  const [revoked = ""] = gateways;
  await fleet.claim("cloud", "holon.node.revoked", { node: revoked });
  await fleet.drive(fleet.control.deploy(app("watch", "2")));
  await fleet.until("it is left out", () => fleet.desired(revoked)?.apps.length === 0);
});

test("a node that was revoked is gone, and all of it moves; one that joins is a place from then on", async () => {
  const fleet = await start();
  const needs = { jurisdictions: ["EU"], tiers: ["edge"] };
  await fleet.drive(fleet.control.deploy(needy(needs)));
  await fleet.claim("edge-2", "holon.node.revoked", { node: "edge-1" });
  await fleet.until("what another node claims is heard", () => fleet.hasHeard("edge-2"));
  assert.deepEqual(runs(fleet), ["edge-1"], "only control revokes");
  await fleet.claim("cloud", "holon.node.revoked", { node: "edge-1" });
  await fleet.until("it has moved", () => runs(fleet).join() === "edge-2");
  assert.equal((await explain(fleet, "edge-1")).reason, "gone");
  assert.equal((await fleet.drive(fleet.control.plan()))?.known.because, "edge-1 is gone");
  await fleet.join({ name: "edge-3", tier: "edge", parent: "cloud", site: "west", inventory: { ...room(0.005), prices: { perProcessorHour: 0.005 } } });
  await fleet.until("what is much cheaper pays the move", () => fleet.desired("edge-3")?.apps.length === 1);
  assert.match((await explain(fleet, "edge-3")).text, /is on edge-3/);
  assert.equal(fleet.desired("edge-2")?.apps.length, 0);
});

test("a plan that follows from a node that was revoked on a site that decides for itself says so, and not that a site was cut off", async () => {
  const gateways = ["gateway-1", "gateway-2", "gateway-3"];
  const fleet = await ControlFleet.start([{ name: "cloud", tier: "cloud", inventory: room(0.01) }, ...gateways.map((name): MemberOptions => ({ name, tier: "gateway", parent: "cloud", site: "plant", siblings: gateways.filter((other) => other !== name), inventory: room(0.02) }))]);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory }) => inventory?.capacity.processors === 2 && (name === "cloud" || (inventory.uplink !== undefined && inventory.siblings?.length === 2))));
  await fleet.drive(fleet.control.deploy(needy({ tiers: ["gateway"], onIsolation: "stop", delegated: true }))).then((warnings) => assert.deepEqual(warnings, []));
  const home = (await fleet.drive(fleet.control.plan()))?.plan.placements[0]?.node ?? assert.fail("it stands nowhere");
  const because = async () => (await fleet.drive(fleet.control.plan()))?.known.because ?? "";
  for (const name of gateways) fleet.fleet.net.cut(name, "cloud");
  await pass(fleet, 3 * limits.nodeLeaseMs);
  const before = await because();
  await fleet.claim("cloud", "holon.node.revoked", { node: home });
  await pass(fleet, limits.planLookMs);
  assert.deepEqual([before, (await because()).includes(`${home} is gone`)], ["a site that decides for itself was cut off, or is back", true]);
});

test("that a node of a site which decides for itself fell silent, or came, is said as such, and not that the policy changed", async () => {
  const gateways = ["gateway-1", "gateway-2", "gateway-3"];
  const fleet = await ControlFleet.start([{ name: "cloud", tier: "cloud", inventory: room(0.05) }, ...gateways.map((name): MemberOptions => ({ name, tier: "gateway", parent: "cloud", site: "plant", siblings: gateways.filter((other) => other !== name), inventory: room(0.02) }))]);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory }) => inventory?.capacity.processors === 2 && (name === "cloud" || (inventory.uplink !== undefined && inventory.siblings?.length === 2))));
  await fleet.drive(fleet.control.deploy(needy({ tiers: ["gateway", "cloud"], onIsolation: "stop", delegated: true })));
  const placed = async () => (await fleet.drive(fleet.control.plan()))?.plan.placements[0]?.node;
  const reasons = async () => (await fleet.drive(fleet.control.plansAdopted(20))).map(({ because }) => because);
  const home = (await placed()) ?? assert.fail("it stands nowhere");
  const before = (await reasons()).length;
  fleet.fleet.members.get(home)?.machine.freezeInCall(1, 4 * limits.nodeLeaseMs);
  await pass(fleet, 3 * limits.nodeLeaseMs);
  const since = (await reasons()).slice(0, -before);
  assert.deepEqual([since.some((because) => because.includes(`${home} is silent`)), since.includes("the policy changed"), gateways.includes((await placed()) ?? ""), (await placed()) === home], [true, false, true, false], since.join("; "));
  const { reason, text } = await fleet.drive(fleet.control.explain("pump/sum", "cloud"));
  assert.deepEqual([reason, text], ["left", `pump/sum is not on cloud: it is left to site plant, of which ${home} is not heard and may run it still.`]);

  await pass(fleet, limits.nodeReturnMs + 3 * limits.nodeLeaseMs);
  assert.equal((await reasons()).includes("the policy changed"), false, (await reasons()).join("; "));

  await fleet.drive(fleet.control.adoptPolicy('policy fleet 1\n\npermit nodes\n  who node *\n  does run\n\nforbid late\n  who node edge-9\n  does run\n  what pump/sum\n  because "it is new"\n'));
  await pass(fleet, limits.planLookMs);
  const known = (await reasons()).length;
  await fleet.join({ name: "edge-9", tier: "edge", parent: "cloud", site: "north", inventory: room(0.02) });
  await pass(fleet, 2 * limits.planLookMs + limits.inventoryLookMs);
  assert.deepEqual((await reasons()).slice(0, -known).filter((because) => because === "the policy changed"), []);
});

test("a control plane that was put back from a backup gives no number to another document that a node has already", async () => {
  const fleet = await start();
  const versionOf = (): number => fleet.desired("edge-1")?.version ?? 0;
  const tell = (version: number): Promise<unknown> => fleet.claim("edge-1", "holon.node.reported", { version, outcome: "settled", document: "ab".repeat(8) });
  await fleet.drive(fleet.control.deploy(needy({ jurisdictions: ["EU"], tiers: ["edge"] })));
  await fleet.until("it runs there", () => fleet.runningOn("edge-1").includes("pump/sum"));
  const first = versionOf();
  await tell(first); // of that version another one, from before the backup was put back
  await fleet.until("it is given one that it does not have", () => versionOf() === first + 1);
  await pass(fleet, 10_000);
  assert.deepEqual([versionOf(), fleet.runningOn("edge-1")], [first + 1, ["pump/sum"]], "once");
  await tell(first + 7);
  await fleet.until("that is heard", () => fleet.control.nodes().some(({ name, reported }) => name === "edge-1" && reported?.version === first + 7));
  await fleet.drive(fleet.control.remove("pump"));
  await fleet.until("the next is above all that the node has told of", () => versionOf() === first + 8);
});

test("what is deployed and waits for a silent node keeps nothing of its app from being deployed, and is told; what is new there is refused", async () => {
  const fleet = await start();
  const [first] = needy({}).functions;
  const both = (version: string): AppDocument => appDocumentSchema.parse({ ...needy({ tiers: ["gateway"], onIsolation: "stop" }, {}, version), functions: [{ ...first, needs: { tiers: ["gateway"], onIsolation: "stop" } }, { ...first, name: "two", needs: { tiers: ["edge"] } }] });
  assert.deepEqual(await fleet.drive(fleet.control.deploy(both("1"))), []);
  fleet.fleet.net.cut("gateway-1", "edge-1");
  await pass(fleet, 3 * limits.nodeLeaseMs);
  const waits = ["pump/sum stands nowhere until gateway-1 is present again, which is silent: as before"];
  const seen = await fleet.drive(fleet.control.preview(both("2")));
  assert.deepEqual([seen.refused, seen.warnings], [undefined, waits]);
  assert.deepEqual(await fleet.drive(fleet.control.deploy(both("2"))), waits);
  await fleet.until("the rest of it runs in the new version", () => fleet.desired("edge-1")?.apps[0]?.version === "2");
  const refused = { code: "HOLON_PLACEMENT_UNMET", message: /gateway-1: it has been silent for longer than its lease/ };
  await assert.rejects(fleet.drive(fleet.control.deploy({ ...both("1"), name: "other" })), refused, "nothing of it stood there");
  await assert.rejects(fleet.drive(fleet.control.deploy(appDocumentSchema.parse({ ...both("3"), functions: [...both("3").functions, { ...first, name: "three", needs: { tiers: ["gateway"] } }] }))), { ...refused, message: /pump\/three can run on no node/ });
  await assert.rejects(fleet.drive(fleet.control.deploy(needy({ tiers: ["gateway"], jurisdictions: ["JP"] }))), { code: "HOLON_PLACEMENT_UNMET", message: /may run in JP only/ }, "that no node may run it is no matter of silence");
});

test("a unit that is delegated where no site can decide is told, at deployment, before it, and after it", async () => {
  const fleet = await start();
  const left = needy({ tiers: ["gateway"], onIsolation: "stop", delegated: true });
  const why = "site plant does not decide on it: that takes 3 members or more that all name each other as `siblings`. Where gateway-1 is cut off for longer than its lease, it stops";
  assert.deepEqual((await fleet.drive(fleet.control.preview(left))).warnings, [`function sum is \`delegated\`, and ${why}`]);
  assert.deepEqual(await fleet.drive(fleet.control.deploy(left)), [`function sum is \`delegated\`, and ${why}`]);
  assert.ok((await explain(fleet, "gateway-1")).text.endsWith(`It is \`delegated\`, and ${why}.`));
  assert.ok(!(await explain(fleet, "edge-1")).text.includes("delegated"));
});
