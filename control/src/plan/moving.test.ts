import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import { moveBook, type Move, type MoveFacts } from "./moving.ts";
import { code, ControlFleet } from "../testing/control-fleet.ts";

const inventory = { processors: 2, memoryBytes: 4e9, diskBytes: 1e10 };
const members: readonly MemberOptions[] = [
  { name: "cloud", tier: "cloud", inventory },
  { name: "edge-1", tier: "edge", parent: "cloud", site: "north", inventory },
  { name: "edge-2", tier: "edge", parent: "cloud", site: "south", jurisdiction: "EU/FR", inventory },
];

const sum = (jurisdictions: readonly string[], more: object = {}, on: object = { type: "in.came" }): AppDocument =>
  appDocumentSchema.parse({
    name: "pump",
    version: "1",
    functions: [{ name: "sum", code: createHash("sha256").update(code).digest("hex"), on, emits: {}, needs: { jurisdictions, tiers: ["edge"], ...more } }],
    models: [],
    egress: [{ class: "derived", to: "*" }],
  });

async function start(): Promise<ControlFleet> {
  const fleet = await ControlFleet.start(members);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory: told }) => told?.capacity.processors === 2 && (name === "cloud" || told.uplink !== undefined)));
  await fleet.drive(fleet.control.deploy(sum(["EU/DE"])));
  await fleet.until("it runs", () => fleet.runningOn("edge-1").includes("pump/sum"));
  return fleet;
}

/** By the documents that stand issued. */
const held = (fleet: ControlFleet): readonly string[] => members.map(({ name }) => name).filter((node) => fleet.desired(node)?.apps.some(({ functions }) => functions.length > 0) === true);

test("a unit is in no document of its new home before it has departed from the old one, and the new one starts it with what control granted", async () => {
  const fleet = await start();
  const watch = fleet.watchTwice("pump/sum");
  fleet.fleet.net.cut("edge-1", "cloud");
  await fleet.drive(fleet.control.deploy(sum(["EU/FR"])));
  await fleet.world.run({ timeMs: fleet.world.nowMs + 60_000 });
  assert.deepEqual([held(fleet), fleet.control.moves().map(({ from, to, phase }) => [from, to, phase])], [["edge-1"], [["edge-1", "edge-2", "leaving"]]], "an island keeps what it runs");
  assert.deepEqual(fleet.desired("edge-1")?.moving?.leaves?.map(({ to, jurisdiction }) => [to, jurisdiction]), [["edge-2", "EU/FR"]], "its guard is to be asked for where it goes");
  fleet.fleet.net.heal("edge-1", "cloud");
  await fleet.until("it runs there", () => fleet.runningOn("edge-2").includes("pump/sum") && fleet.control.moves().length === 0);
  assert.deepEqual([held(fleet), fleet.runningOn("edge-1"), watch.twice()], [["edge-2"], [], []]);
});

test("a unit whose new home never answers comes back to the old one, stays there for a while, and is tried again", async () => {
  const fleet = await start();
  const watch = fleet.watchTwice("pump/sum");
  fleet.fleet.net.cut("edge-2", "cloud");
  await fleet.drive(fleet.control.deploy(sum(["EU/FR"])));
  await fleet.until("nobody runs it, and one may ask for it", () => fleet.control.moves()[0]?.phase === "sealed" && held(fleet).join() === "edge-2");
  await fleet.until("it is back", () => fleet.runningOn("edge-1").includes("pump/sum"));
  await fleet.until("and stays", () => fleet.control.moves()[0]?.phase === "kept");
  assert.match(fleet.control.moves()[0]?.because ?? "", /^edge-2 did not ask for it within 180 s$/);
  fleet.fleet.net.heal("edge-2", "cloud");
  await fleet.world.run({ timeMs: fleet.world.nowMs + limits.moveAgainMs / 2 });
  assert.deepEqual([fleet.runningOn("edge-1"), fleet.runningOn("edge-2")], [["pump/sum"], []], "the document that it missed gives it nothing");
  await fleet.world.run({ timeMs: fleet.world.nowMs + limits.moveAgainMs });
  await fleet.until("it goes at last", () => fleet.runningOn("edge-2").includes("pump/sum") && fleet.control.moves().length === 0);
  assert.deepEqual([fleet.runningOn("edge-1"), watch.twice()], [[], []]);
});

test("what holds raw readings does not leave its node: it stays, and the reason is told", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(sum(["EU/DE"], {}, { http: { method: "GET", path: "/sum" } })));
  await fleet.until("it runs anew", () => fleet.runningOn("edge-1").includes("pump/sum"));
  await fleet.drive(fleet.fleet.members.get("edge-1")?.machine.subject?.log.append({ cells: [{ key: "state/pump/sum/last", value: new TextEncoder().encode("17") }] }) ?? assert.fail("edge-1 is down"));
  await fleet.drive(fleet.control.deploy(sum(["EU/FR"], {}, { http: { method: "GET", path: "/sum" } })));
  await fleet.until("it is kept", () => fleet.control.moves()[0]?.phase === "kept");
  assert.match(fleet.control.moves()[0]?.because ?? "", /what it holds is of class raw, which may not leave edge-1/);
  const why = async (node: string): Promise<string> => (await fleet.drive(fleet.control.explain("pump/sum", node))).text;
  assert.match(await why("edge-2"), /^pump\/sum is to be on edge-2, and runs on edge-1 still: what it holds is of class raw, which may not leave edge-1\. By the plan: pump\/sum is on edge-2/);
  assert.match(await why("edge-1"), /^pump\/sum is to be on edge-2, and runs on edge-1, here, still: .*By the plan: pump\/sum is not on edge-1/);
  await fleet.until("it goes on", () => fleet.runningOn("edge-1").includes("pump/sum"));
});

test("a unit leaves a node that was revoked with nothing, since nobody may ask it", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(sum(["EU"])));
  fleet.fleet.net.cut("edge-1", "cloud");
  await fleet.claim("cloud", "holon.node.revoked", { node: "edge-1" });
  await fleet.until("it runs elsewhere", () => fleet.runningOn("edge-2").includes("pump/sum"));
  assert.deepEqual(fleet.control.moves(), []);
});

test("a unit that stays since nobody knows the way begins elsewhere when its node is lost, and goes where the plan has it now", () => {
  const unit = "pump/sum";
  const facts = (more: Partial<MoveFacts>): MoveFacts => ({
    held: new Map([["a", new Set([unit])]]), placed: new Map([[unit, ["b"]]]), deployed: new Set([unit]), delegated: new Set(), stopping: new Set([unit]), keepers: new Map(), nextVersion: () => 2, departed: () => undefined, isTaken: () => false, isGone: () => false,
    isLeaseOver: () => false, isPresent: () => true, isHeard: () => false, jurisdictionOf: () => "EU/DE", jurisdictionsBetween: () => [], isWayKnown: () => false, ageMs: () => 0, policy: undefined, ...more,
  });
  const isHere = (moves: readonly Move[], at: MoveFacts, node: string): boolean => moveBook.isHere(moves, at, unit, node, () => true);
  const kept = moveBook.next([], facts({}));
  assert.deepEqual(kept.map(({ phase, to }) => [phase, to]), [["kept", "b"]]);
  assert.deepEqual([isHere(kept, facts({}), "a"), isHere(kept, facts({}), "b")], [true, false]);
  const lost = facts({ isLeaseOver: (node) => node === "a" });
  const after = moveBook.next(kept, lost);
  assert.deepEqual([after, isHere(after, lost, "a"), isHere(after, lost, "b")], [[], false, true]);
  const third = facts({ placed: new Map([[unit, ["c"]]]), isWayKnown: (_from, to) => to === "c" });
  assert.deepEqual(moveBook.next(kept, third).map(({ phase, to }) => [phase, to]), [["leaving", "c"]]);
});

test("what a unit holds arrives though its app is left to sites while it is on its way", async () => {
  const fleet = await start();
  await fleet.drive(fleet.fleet.members.get("edge-1")?.machine.subject?.log.append({ cells: [{ key: "state/pump/sum/last", value: new TextEncoder().encode("17") }] }) ?? assert.fail("edge-1 is down"));
  fleet.fleet.net.cut("edge-2", "cloud");
  await fleet.drive(fleet.control.deploy(sum(["EU/FR"])));
  await fleet.until("it is sealed", () => fleet.control.moves()[0]?.phase === "sealed");
  await fleet.drive(fleet.control.deploy(sum(["EU/FR"], { delegated: true, onIsolation: "stop" })));
  assert.equal(fleet.control.moves()[0]?.phase, "sealed");
  fleet.fleet.net.heal("edge-2", "cloud");
  await fleet.until("it runs there", () => fleet.runningOn("edge-2").includes("pump/sum"));
  assert.equal(new TextDecoder().decode(fleet.fleet.members.get("edge-2")?.machine.subject?.log.cell("state/pump/sum/last")), "17");
});
