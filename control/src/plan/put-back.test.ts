/** Control that was put back from a backup of before units moved, or were deployed at all: it learns where they stand before it gives them to anybody. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import { backUp, restore, type Backup } from "@holon/sim/copies.ts";
import type { Member } from "@holon/sim/fleet.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import { code, ControlFleet } from "../testing/control-fleet.ts";

const inventory = { processors: 2, memoryBytes: 4e9, diskBytes: 1e10 };
const members: readonly MemberOptions[] = [
  { name: "cloud", tier: "cloud", inventory },
  { name: "edge-1", tier: "edge", parent: "cloud", site: "north", inventory },
  { name: "edge-2", tier: "edge", parent: "cloud", site: "south", jurisdiction: "EU/FR", inventory },
  { name: "edge-3", tier: "edge", parent: "cloud", site: "west", jurisdiction: "EU/IT", inventory },
];
const unit = "pump/sum";

const sum = (jurisdiction: string, onIsolation: "stop" | "continue" = "stop", version = "1", tier = "edge"): AppDocument =>
  appDocumentSchema.parse({
    name: "pump",
    version,
    functions: [{ name: "sum", code: createHash("sha256").update(code).digest("hex"), on: { type: "in.came" }, emits: {}, needs: { jurisdictions: [jurisdiction], tiers: [tier], onIsolation } }],
    models: [],
    egress: [{ class: "derived", to: "*" }],
  });

async function start(): Promise<ControlFleet> {
  const fleet = await ControlFleet.start(members);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory: told }) => told?.capacity.processors === 2 && (name === "cloud" || told.uplink !== undefined)));
  return fleet;
}

const cloudOf = (fleet: ControlFleet): Member => fleet.fleet.members.get("cloud") ?? assert.fail("there is a root");
const stateOn = (fleet: ControlFleet, node: string): string => new TextDecoder().decode(fleet.fleet.members.get(node)?.machine.subject?.log.cell("state/pump/sum/last"));
const holding = (fleet: ControlFleet, node: string): Promise<unknown> => fleet.drive(fleet.fleet.members.get(node)?.machine.subject?.log.append({ cells: [{ key: "state/pump/sum/last", value: new TextEncoder().encode("90") }] }) ?? assert.fail(`${node} is down`));
const pass = (fleet: ControlFleet, ms: number): Promise<unknown> => fleet.world.run({ timeMs: fleet.world.nowMs + ms });

async function putBack(fleet: ControlFleet, backup: Backup): Promise<void> {
  restore(fleet.fleet, cloudOf(fleet), backup, 1_000);
  await fleet.until("control is up again", () => cloudOf(fleet).machine.subject !== undefined);
}

/** It runs on edge-1, and then on edge-2; control is put back from before it did the one or the other. */
async function moved(from: "before it was deployed" | "before it moved", onIsolation: "stop" | "continue"): Promise<ControlFleet> {
  const fleet = await start();
  const backups = [backUp(cloudOf(fleet))];
  await fleet.drive(fleet.control.deploy(sum("EU/DE", onIsolation)));
  await fleet.until("it runs on edge-1", () => fleet.runningOn("edge-1").includes(unit));
  backups.push(backUp(cloudOf(fleet)));
  await fleet.drive(fleet.control.deploy(sum("EU/FR", onIsolation)));
  await fleet.until("it runs on edge-2", () => fleet.runningOn("edge-2").includes(unit) && fleet.control.moves().length === 0);
  await holding(fleet, "edge-2");
  await putBack(fleet, backups[from === "before it moved" ? 1 : 0] ?? assert.fail());
  return fleet;
}

for (const onIsolation of ["stop", "continue"] as const) {
  for (const from of ["before it was deployed", "before it moved"] as const) {
    for (const [to, place] of [["EU/IT", "edge-3"], ["EU/DE", "edge-1"], ["EU/FR", "edge-2"]] as const) {
      test(`a unit (${onIsolation}) that control knows nothing of any more, since it was put back from ${from}, goes to ${place} with what it holds, and is never in two places`, async () => {
        const fleet = await moved(from, onIsolation);
        const watch = fleet.watchTwice(unit);
        await fleet.drive(fleet.control.deploy(sum(to, onIsolation, "2")));
        await fleet.until("it runs where it should", () => fleet.runningOn(place).includes(unit) && fleet.control.moves().length === 0);
        await pass(fleet, 2 * limits.nodeLeaseMs);
        assert.deepEqual([members.map(({ name }) => name).filter((name) => fleet.runningOn(name).includes(unit)), stateOn(fleet, place), watch.twice()], [[place], "90", []]);
      });
    }
  }
}

for (const onIsolation of ["stop", "continue"] as const) {
  test(`a unit (${onIsolation}) that ran beside control when the backup was made does not begin there again while it runs elsewhere`, async () => {
    const fleet = await start();
    await fleet.drive(fleet.control.deploy(sum("EU/DE", onIsolation, "1", "cloud")));
    await fleet.until("it runs beside control", () => fleet.runningOn("cloud").includes(unit));
    const backup = backUp(cloudOf(fleet));
    await fleet.drive(fleet.control.deploy(sum("EU/FR", onIsolation)));
    await fleet.until("it runs on edge-2", () => fleet.runningOn("edge-2").includes(unit) && fleet.control.moves().length === 0);
    await holding(fleet, "edge-2");
    const watch = fleet.watchTwice(unit);
    await putBack(fleet, backup);
    await pass(fleet, 3 * limits.nodeLeaseMs);
    await fleet.drive(fleet.control.deploy(sum("EU/DE", onIsolation, "2", "cloud")));
    await fleet.until("it runs beside control again", () => fleet.runningOn("cloud").includes(unit) && fleet.control.moves().length === 0);
    await pass(fleet, limits.nodeLeaseMs);
    assert.deepEqual([stateOn(fleet, "cloud"), watch.twice().slice(0, 2)], ["90", []]);
  });
}

test("a unit that goes on beside control runs again soon after control was started anew", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(sum("EU/DE", "continue", "1", "cloud")));
  await fleet.until("it runs beside control", () => fleet.runningOn("cloud").includes(unit));
  await fleet.restart("cloud");
  const startedMs = fleet.world.nowMs;
  await fleet.until("it runs again", () => fleet.runningOn("cloud").includes(unit));
  assert.ok(fleet.world.nowMs - startedMs < limits.nodeLeaseMs / 2, `${fleet.world.nowMs - startedMs} ms`);
});

test("whose unit was begun elsewhere while it was away runs it no more, though control does not remember that it did", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(sum("EU/DE")));
  await fleet.until("it runs on edge-1", () => fleet.runningOn("edge-1").includes(unit));
  const backup = backUp(cloudOf(fleet));
  fleet.fleet.net.cut("edge-1", "cloud");
  await fleet.drive(fleet.control.deploy(sum("EU/FR")));
  await fleet.until("it begins on edge-2", () => fleet.runningOn("edge-2").includes(unit));
  const watch = fleet.watchTwice(unit);
  await pass(fleet, 10_000);
  await putBack(fleet, backup);
  fleet.fleet.net.heal("edge-1", "cloud"); // it holds the document of the backup
  await pass(fleet, 3 * limits.nodeLeaseMs);
  assert.deepEqual(watch.twice(), []);
  await fleet.until("it runs somewhere", () => members.some(({ name }) => fleet.runningOn(name).includes(unit)));
});

test("a node that is away when control is put back, and comes after its unit was begun elsewhere, runs it no more", async () => {
  const fleet = await moved("before it moved", "stop");
  const watch = fleet.watchTwice(unit);
  fleet.fleet.net.cut("edge-2", "cloud");
  await fleet.drive(fleet.control.deploy(sum("EU/DE", "stop", "2")));
  await fleet.until("it runs on edge-1", () => fleet.runningOn("edge-1").includes(unit));
  await pass(fleet, 10_000);
  fleet.fleet.net.heal("edge-2", "cloud");
  await pass(fleet, 2 * limits.nodeReturnMs);
  assert.deepEqual([members.map(({ name }) => name).filter((name) => fleet.runningOn(name).includes(unit)), watch.twice()], [["edge-1"], []]);
});

const late: MemberOptions = { name: "edge-4", tier: "edge", parent: "cloud", site: "east", jurisdiction: "EU/AT", inventory };

/** A node is enrolled after the backup, and has the unit, when control is put back; it is out of reach for a while then. */
async function newcomer(from: "before it was deployed" | "before it moved", onIsolation: "stop" | "continue", awayMs: number): Promise<ControlFleet> {
  const fleet = await start();
  if (from === "before it moved") {
    await fleet.drive(fleet.control.deploy(sum("EU/DE", onIsolation)));
    await fleet.until("it runs on edge-1", () => fleet.runningOn("edge-1").includes(unit));
  }
  const backup = backUp(cloudOf(fleet));
  await fleet.join(late);
  await deployUntilTaken(fleet, sum("EU/AT", onIsolation));
  await fleet.until("it runs on edge-4", () => fleet.runningOn("edge-4").includes(unit) && fleet.control.moves().length === 0);
  await holding(fleet, "edge-4");
  // The others have told something since, as nodes do all the time.
  await fleet.claim("edge-1", "holon.telemetry.window", {});
  await fleet.until("that is heard", () => fleet.hasHeard("edge-1"));
  if (awayMs > 0) fleet.fleet.net.cut("edge-4", "cloud");
  await putBack(fleet, backup);
  if (awayMs > 0) fleet.world.after(awayMs, () => fleet.fleet.net.heal("edge-4", "cloud"));
  return fleet;
}

/** As a person does: again, where no node may have it yet. */
async function deployUntilTaken(fleet: ControlFleet, document: AppDocument): Promise<void> {
  for (let left = 60; left > 0; left--) {
    const taken = await fleet.drive(fleet.control.deploy(document).then(() => true, (error: unknown) => (assert.match(String(error), /HOLON_PLACEMENT_UNMET|no node/), false)));
    if (taken) return;
    await pass(fleet, 5_000);
  }
  assert.fail("it is never taken");
}

for (const onIsolation of ["stop", "continue"] as const) {
  for (const from of ["before it was deployed", "before it moved"] as const) {
    for (const awayMs of [0, 30_000]) {
      for (const [to, place] of [["EU/AT", "edge-4"], from === "before it moved" ? ["EU/DE", "edge-1"] : ["EU/FR", "edge-2"]] as const) {
        test(`a unit (${onIsolation}) on a node that was enrolled after the backup of ${from}, and is away for ${awayMs / 1_000} s, goes to ${place} with what it holds, and is never in two places`, async () => {
          const fleet = await newcomer(from, onIsolation, awayMs);
          const watch = fleet.watchTwice(unit);
          await deployUntilTaken(fleet, sum(to, onIsolation, "2"));
          await fleet.until("it runs where it should", () => fleet.runningOn(place).includes(unit) && fleet.control.moves().length === 0);
          await pass(fleet, 2 * limits.nodeLeaseMs);
          assert.deepEqual([[...members, late].map(({ name }) => name).filter((name) => fleet.runningOn(name).includes(unit)), stateOn(fleet, place), watch.twice().slice(0, 2)], [[place], "90", []]);
        });
      }
    }
  }
}
