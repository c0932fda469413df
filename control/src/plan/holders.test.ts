import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import { nextHolders, type HolderFacts } from "./holders.ts";
import { code, ControlFleet } from "../testing/control-fleet.ts";

const inventory = { processors: 2, memoryBytes: 4e9, diskBytes: 1e10 };
const members: readonly MemberOptions[] = [
  { name: "cloud", tier: "cloud", inventory },
  { name: "edge-1", tier: "edge", parent: "cloud", site: "north", inventory },
  { name: "edge-2", tier: "edge", parent: "cloud", site: "south", jurisdiction: "EU/FR", inventory },
];
const unit = "pump/sum";

const sum = (...jurisdictions: readonly string[]): AppDocument =>
  appDocumentSchema.parse({
    name: "pump",
    version: "1",
    functions: [{ name: "sum", code: createHash("sha256").update(code).digest("hex"), on: { type: "in.came" }, emits: {}, needs: { jurisdictions, tiers: ["edge"], onIsolation: "stop" } }],
    models: [],
    egress: [{ class: "derived", to: "*" }],
  });

const stateOn = (fleet: ControlFleet, node: string): string => new TextDecoder().decode(fleet.fleet.members.get(node)?.machine.subject?.log.cell("state/pump/sum/last"));

/** It ran on edge-1, which was cut off for so long that its lease is over; no other node may have it. */
async function leftNowhere(): Promise<ControlFleet> {
  const fleet = await ControlFleet.start(members);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory: told }) => told?.capacity.processors === 2 && (name === "cloud" || told.uplink !== undefined)));
  await fleet.drive(fleet.control.deploy(sum("EU/DE")));
  await fleet.until("it runs", () => fleet.runningOn("edge-1").includes(unit));
  await fleet.drive(fleet.fleet.members.get("edge-1")?.machine.subject?.log.append({ cells: [{ key: "state/pump/sum/last", value: new TextEncoder().encode("90") }] }) ?? assert.fail("edge-1 is down"));
  fleet.fleet.net.cut("edge-1", "cloud");
  await fleet.until("it is in no document", () => fleet.desired("edge-1")?.apps.every(({ functions }) => functions.length === 0) === true);
  return fleet;
}

for (const restarts of [false, true]) {
  test(`what a unit holds is fetched from who had it last, though it stood nowhere meanwhile${restarts ? " and control was started anew" : ""}`, async () => {
    const fleet = await leftNowhere();
    const watch = fleet.watchTwice(unit);
    fleet.fleet.net.heal("edge-1", "cloud");
    await fleet.until("edge-1 has its document", () => fleet.control.node("edge-1")?.reported?.version === fleet.desired("edge-1")?.version);
    await fleet.world.run({ timeMs: fleet.world.nowMs + 60_000 });
    assert.deepEqual(fleet.runningOn("edge-1"), []);
    if (restarts) await fleet.restart("cloud");
    await fleet.drive(fleet.control.deploy(sum("EU/FR")));
    await fleet.until("control knows what its nodes hold", () => fleet.control.moves().length > 0);
    assert.deepEqual(fleet.control.moves().map(({ from, to, phase }) => [from, to, phase]), [["edge-1", "edge-2", "leaving"]]);
    await fleet.until("it runs there", () => fleet.runningOn("edge-2").includes(unit) && fleet.control.moves().length === 0);
    assert.deepEqual([stateOn(fleet, "edge-2"), fleet.runningOn("edge-1"), watch.twice(), await fleet.told("cloud", "holon.unit.anew")], ["90", [], [], []]);
  });
}

test("where who had it last is not heard, it begins anew, which the trail and an explanation say; a control that was just started waits for a lease", async () => {
  const fleet = await leftNowhere();
  await fleet.restart("cloud");
  const startedMs = fleet.world.nowMs;
  await fleet.drive(fleet.control.deploy(sum("EU/FR")));
  assert.match((await fleet.drive(fleet.control.explain(unit, "edge-2"))).text, /pump\/sum/);
  await fleet.until("it runs there", () => fleet.runningOn("edge-2").includes(unit));
  assert.ok(fleet.world.nowMs - startedMs >= limits.nodeLeaseMs);
  assert.deepEqual(await fleet.told("cloud", "holon.unit.anew"), [{ unit, node: "edge-2", from: "edge-1", because: "edge-1 was not heard for longer than its lease" }]);
  assert.match((await fleet.drive(fleet.control.explain(unit, "edge-2"))).text, /It began anew there at \S+, without what edge-1 holds of it, since edge-1 was not heard for longer than its lease\.$/);
  assert.equal(stateOn(fleet, "edge-1"), "90", "it is still where it was");
});

for (const restarts of [false, true]) test(`a unit that comes back to who had it last goes on there when that was heard for a while${restarts ? ", also by a control that was started anew meanwhile" : ""}, and nothing is told`, async () => {
  const fleet = await leftNowhere();
  fleet.fleet.net.heal("edge-1", "cloud");
  await fleet.until("it is heard", () => fleet.fleet.members.get("edge-1")?.machine.subject?.status?.().uplink?.state === "open");
  const healedMs = fleet.world.nowMs;
  await fleet.world.run({ timeMs: healedMs + 0.8 * limits.nodeReturnMs });
  assert.deepEqual(fleet.runningOn("edge-1"), []);
  if (restarts) await fleet.restart("cloud");
  await fleet.until("it is back", () => fleet.runningOn("edge-1").includes(unit));
  assert.ok(fleet.world.nowMs - healedMs < 1.4 * limits.nodeReturnMs, "what it was heard before counts");
  assert.deepEqual([stateOn(fleet, "edge-1"), fleet.control.moves(), await fleet.told("cloud", "holon.unit.anew")], ["90", [], []]);
});

test("of what is to run fewer times nobody is remembered, nor of what is deployed no more", () => {
  const on = (...nodes: readonly string[]) => new Map(["a", "b"].map((node) => [node, new Set(nodes.includes(node) ? [unit] : [])]));
  const facts = (more: Partial<HolderFacts>): HolderFacts => ({ held: on("a", "b"), assigned: on("a"), deployed: new Set([unit]), delegated: new Set(), movesBefore: [], moves: [], wanted: () => 1, whyNot: () => "it was revoked", at: "now", ...more });
  assert.deepEqual(nextHolders([], facts({})), { holders: [], begun: [] });
  assert.deepEqual(nextHolders([], facts({ wanted: () => 2 })).holders, [{ unit, node: "b" }]);
  assert.deepEqual(nextHolders([{ unit, node: "b" }], facts({ deployed: new Set() })), { holders: [], begun: [] });
  const begun = { unit, node: "a", anew: { on: "b", at: "now", because: "it was revoked" } };
  assert.deepEqual(nextHolders([], facts({ held: on("a"), assigned: on("b") })), { holders: [begun], begun: [begun] });
});
