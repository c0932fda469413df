/** Nodes of which nobody declared anything: what their machines show is what is planned by. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import { code, ControlFleet } from "../testing/control-fleet.ts";

const host = { processors: 2, memoryBytes: 4e9 };
const members: readonly MemberOptions[] = [
  { name: "cloud", tier: "cloud", host },
  { name: "edge-1", tier: "edge", parent: "cloud", site: "north", host },
  { name: "edge-2", tier: "edge", parent: "cloud", site: "south", host },
];
const app = appDocumentSchema.parse({
  name: "pump",
  version: "1",
  functions: [{ name: "sum", code: createHash("sha256").update(code).digest("hex"), on: { type: "in.came" }, emits: {}, needs: { tiers: ["edge"], processors: 1 } }],
  models: [],
  egress: [{ class: "derived", to: "*" }],
});

test("a machine that shows that it is busy is given no more, and explain names what is left of it", async () => {
  const fleet = await ControlFleet.start(members);
  const machine = fleet.fleet.members.get("edge-1")?.machine.host ?? assert.fail("it has one");
  machine.busy = 0.9;
  const loadOf = (node: string) => fleet.control.nodes().find(({ name }) => name === node)?.inventory?.load.processors?.value;
  for (let look = 0; look < 12 && (loadOf("edge-1") === undefined || loadOf("edge-2") === undefined); look++) await fleet.world.run({ timeMs: fleet.world.nowMs + limits.inventoryLookMs });
  assert.deepEqual([loadOf("edge-1")?.toFixed(1), loadOf("edge-2")], ["1.8", 0]);
  const [, edge] = fleet.control.nodes();
  assert.deepEqual([edge?.inventory?.capacity.processors, edge?.inventory?.capacity.source, edge?.inventory?.capacity.sources], [2, "measured", undefined]);
  await fleet.drive(fleet.control.deploy(app));
  await fleet.until("it runs where there is room", () => fleet.runningOn("edge-2").includes("pump/sum"));
  assert.match((await fleet.drive(fleet.control.explain("pump/sum", "edge-1"))).text, /it has 0\.2 processors left, and the unit needs 1/);
});
