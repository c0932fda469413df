import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { app, ControlFleet } from "./testing/control-fleet.ts";

const pass = (fleet: ControlFleet, ms: number): Promise<unknown> => fleet.world.run({ timeMs: fleet.world.nowMs + ms });
const driftOf = (fleet: ControlFleet, node: string): readonly string[] => fleet.control.nodes().find(({ name }) => name === node)?.drift.map(({ kind }) => kind) ?? [];

test("KubeEdge #4048: no workload is started anew because a link came back", async () => {
  const fleet = await ControlFleet.start();
  await fleet.drive(fleet.control.deploy(app("pump")));
  await fleet.until("it runs", () => fleet.runningOn("gateway-1").includes("pump/judge"));
  const status = () => fleet.fleet.members.get("gateway-1")?.machine.subject?.status?.().agent ?? assert.fail("gateway-1 is down");
  await pass(fleet, 120_000);
  const { starts, version } = status();
  assert.equal(starts, 1);
  for (let flap = 0; flap < 20; flap++) {
    fleet.fleet.net.cut("gateway-1", "edge-1", { reset: flap % 2 === 0 });
    if (flap % 3 === 0) fleet.fleet.net.cut("edge-1", "cloud");
    await pass(fleet, flap % 10 === 9 ? 3_600_000 : 500 + 700 * flap);
    fleet.fleet.net.heal("gateway-1", "edge-1");
    fleet.fleet.net.heal("edge-1", "cloud");
    await pass(fleet, 5_000);
  }
  await fleet.restart("edge-1");
  await fleet.restart("cloud");
  await pass(fleet, 60_000);
  assert.deepEqual([status().starts, status().version, status().state], [starts, version, "settled"], "after 20 outages and a restart of all above");
  // The same document in a newer version, as another app changes, leaves it alone as well.
  await fleet.drive(fleet.control.deploy(app("fan")));
  await fleet.until("the other runs beside it", () => fleet.runningOn("gateway-1").length === 2);
  assert.equal(status().starts, 2);
});

test("a node that is behind its document is shown so, with since when, until it has reached it", async () => {
  const fleet = await ControlFleet.start();
  await pass(fleet, 2 * limits.conditionLookMs);
  assert.deepEqual(driftOf(fleet, "gateway-1"), []);
  fleet.fleet.net.cut("gateway-1", "edge-1");
  await fleet.drive(fleet.control.deploy(app("pump")));
  await pass(fleet, 60_000);
  await fleet.drive(fleet.control.deploy(app("pump", "2")));
  const [drift] = fleet.control.nodes().find(({ name }) => name === "gateway-1")?.drift ?? [];
  assert.equal(drift?.kind, "version");
  assert.match(drift.text, /^it runs document none, and is to run 2$/);
  const behindMs = Date.parse(drift.since);
  await pass(fleet, 30_000);
  assert.equal(Date.parse(fleet.control.nodes().find(({ name }) => name === "gateway-1")?.drift[0]?.since ?? ""), behindMs, "since the first document that it has not reached");
  fleet.fleet.net.heal("gateway-1", "edge-1");
  await fleet.until("it has reached it", () => driftOf(fleet, "gateway-1").length === 0);
});

test("a node that was revoked is to run nothing, and differs from nothing", async () => {
  const fleet = await ControlFleet.start();
  await pass(fleet, 2 * limits.conditionLookMs);
  fleet.fleet.net.cut("gateway-1", "edge-1");
  await fleet.drive(fleet.control.deploy(app("pump")));
  await pass(fleet, 2 * limits.conditionLookMs);
  assert.deepEqual(driftOf(fleet, "gateway-1"), ["version"]);
  await fleet.claim("cloud", "holon.node.revoked", { node: "gateway-1" });
  await fleet.until("control has read it", () => fleet.control.nodes().some(({ name, isRevoked }) => name === "gateway-1" && isRevoked));
  await fleet.drive(fleet.control.deploy(app("fan")));
  assert.deepEqual(driftOf(fleet, "gateway-1"), []);
});
