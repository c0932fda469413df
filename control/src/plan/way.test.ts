import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import { code, ControlFleet } from "../testing/control-fleet.ts";
import { isWayKnown, jurisdictionsBetween } from "./way.ts";

test("the way leads up to control and down again, whatever the tree, and around no circle", () => {
  const nodes = new Map(Object.entries({ cloud: [null, "US"], region: ["cloud", "EU/FR"], a: ["region", "EU/DE"], b: ["region", "EU/IT"], c: ["cloud", "CH"], x: ["y", "X"], y: ["x", "Y"] } as const).map(([name, [parent, jurisdiction]]) => [name, { parent: parent && `wss://${parent}.example:7401`, jurisdiction, inventory: parent === null ? {} : { uplink: { parent } } }]));
  assert.deepEqual(jurisdictionsBetween(nodes, "cloud", "a", "b"), ["EU/FR", "US"]);
  assert.deepEqual(jurisdictionsBetween(nodes, "cloud", "a", "c"), ["EU/FR", "US"]);
  assert.deepEqual(jurisdictionsBetween(nodes, "cloud", "cloud", "b"), ["EU/FR"]);
  assert.deepEqual(jurisdictionsBetween(nodes, "cloud", "x", "b"), ["Y", "US", "EU/FR"]);
  assert.deepEqual([isWayKnown(nodes, "cloud", "a", "b"), isWayKnown(nodes, "cloud", "x", "b")], [true, false]);
  nodes.delete("region");
  assert.equal(isWayKnown(nodes, "cloud", "a", "c"), false, "where region stands nobody knows");
});

const policy = (to: string): string => `policy union 1

permit all-of-it
  who  node * function *
  does run open use
  what pump/*

permit trail
  who   any
  does  leave
  class public
  from  *
  to    *

permit in-the-union
  who   any
  does  leave share
  class derived aggregate
  from  *
  to    ${to}
`;

/** A unit on edge-1 is to go to edge-2, by a policy that lets what is derived go to these; resolves when it is there, or stays. */
async function moveFrom(fleet: ControlFleet, to: string): Promise<void> {
  const sum = (jurisdiction: string) =>
    appDocumentSchema.parse({ name: "pump", version: "1", functions: [{ name: "sum", code: createHash("sha256").update(code).digest("hex"), on: { type: "in.came" }, emits: {}, needs: { jurisdictions: [jurisdiction], tiers: ["gateway"] } }], models: [], egress: [] });
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory: told }) => told?.capacity.processors === 2 && (name === "cloud" || told.uplink !== undefined)));
  await fleet.drive(fleet.control.adoptPolicy(policy(to)));
  await fleet.drive(fleet.control.deploy(sum("EU/DE")));
  await fleet.until("it runs", () => fleet.runningOn("edge-1").includes("pump/sum"));
  await fleet.drive(fleet.fleet.members.get("edge-1")?.machine.subject?.log.append({ cells: [{ key: "state/pump/sum/last", value: new TextEncoder().encode("17") }] }) ?? assert.fail("edge-1 is down"));
  await fleet.drive(fleet.control.deploy(sum("EU/IT")));
  await fleet.until("it is kept, or there", () => fleet.control.moves()[0]?.phase === "kept" || fleet.runningOn("edge-2").includes("pump/sum"));
}

test("what a unit holds goes nowhere by way of a relay that stands where it may not be, however far above", async () => {
  const inventory = { processors: 2, memoryBytes: 4e9, diskBytes: 1e10 };
  const uplink = { jurisdiction: "EU/FR" };
  for (const [to, isKept] of [["EU", true], ["EU US", false]] as const) {
    const fleet = await ControlFleet.start([
      { name: "cloud", tier: "cloud", jurisdiction: "EU/FR", inventory },
      { name: "region", tier: "edge", parent: "cloud", site: "region", jurisdiction: "US", uplink, inventory },
      { name: "hall", tier: "edge", parent: "region", site: "hall", jurisdiction: "EU/DE", uplink: { jurisdiction: "US" }, inventory },
      { name: "edge-1", tier: "gateway", parent: "hall", site: "north", jurisdiction: "EU/DE", uplink: { jurisdiction: "EU/DE" }, inventory },
      { name: "edge-2", tier: "gateway", parent: "cloud", site: "south", jurisdiction: "EU/IT", uplink, inventory },
    ]);
    await moveFrom(fleet, to);
    assert.equal(fleet.control.moves()[0]?.phase === "kept", isKept, to);
  }
});

test("what a unit holds goes nowhere by way of a control plane that stands where it may not be", async () => {
  const inventory = { processors: 2, memoryBytes: 4e9, diskBytes: 1e10 };
  for (const [to, isKept] of [["EU", true], ["EU US", false]] as const) {
    const fleet = await ControlFleet.start([
      { name: "cloud", tier: "cloud", jurisdiction: "US", inventory },
      { name: "region", tier: "edge", parent: "cloud", site: "region", jurisdiction: "EU/FR", uplink: { jurisdiction: "US" }, inventory },
      { name: "edge-1", tier: "gateway", parent: "region", site: "north", jurisdiction: "EU/DE", uplink: { jurisdiction: "EU/FR" }, inventory },
      { name: "edge-2", tier: "gateway", parent: "region", site: "south", jurisdiction: "EU/IT", uplink: { jurisdiction: "EU/FR" }, inventory },
    ]);
    await moveFrom(fleet, to);
    assert.equal(fleet.control.moves()[0]?.phase === "kept", isKept, to);
    const atControl = [...(fleet.fleet.members.get("cloud")?.machine.medium.names.files.keys() ?? [])].filter((path) => path.startsWith("states/"));
    if (isKept) assert.deepEqual(atControl, []);
  }
});
