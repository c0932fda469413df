/** What a unit holds goes with it where it is left to a site, or taken back from one: also where control was put back from a backup of before. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import { backUp, restore } from "@holon/sim/copies.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import { takesTurns } from "../../../scripts/testing/turns.ts";
import { code, ControlFleet } from "../testing/control-fleet.ts";

const inventory = { processors: 2, memoryBytes: 4e9, diskBytes: 1e10 };
const gateways = ["gateway-1", "gateway-2", "gateway-3"];
const members: readonly MemberOptions[] = [
  { name: "cloud", tier: "cloud", inventory },
  { name: "edge-1", tier: "edge", parent: "cloud", site: "north", inventory },
  ...gateways.map((name): MemberOptions => ({ name, tier: "gateway", parent: "cloud", site: "plant", siblings: gateways.filter((other) => other !== name), inventory })),
];
const falls = takesTurns(4);
const putBack = takesTurns(2);
const unit = "pump/sum";
type Place = "site" | "gateway" | "edge";

/** Left to the site, on one of its gateways by control, or on the edge. */
const sum = (place: Place, version: string): AppDocument =>
  appDocumentSchema.parse({
    name: "pump", version, models: [],
    functions: [{ name: "sum", code: createHash("sha256").update(code).digest("hex"), on: { type: "in.came" }, emits: {}, needs: { tiers: [place === "edge" ? "edge" : "gateway"], onIsolation: "stop", ...(place === "site" ? { delegated: true } : {}) } }],
    egress: [{ class: "derived", to: "*" }],
  });

const runsOn = (fleet: ControlFleet): readonly string[] => members.map(({ name }) => name).filter((name) => fleet.runningOn(name).includes(unit));
const cellOf = (fleet: ControlFleet, node: string): string => new TextDecoder().decode(fleet.fleet.members.get(node)?.machine.subject?.log.cell("state/pump/sum/last"));

async function settledAt(fleet: ControlFleet, place: Place): Promise<string> {
  const fits = (name: string | undefined): boolean => name !== undefined && (place === "edge" ? name === "edge-1" : gateways.includes(name));
  await fleet.until(`it runs at the ${place}`, () => runsOn(fleet).length === 1 && fits(runsOn(fleet)[0]) && fleet.control.moves().length === 0);
  return runsOn(fleet)[0] ?? "";
}

async function start(): Promise<ControlFleet> {
  const fleet = await ControlFleet.start(members);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory: told }) => told?.capacity.processors === 2 && (name === "cloud" || told.uplink !== undefined) && (!gateways.includes(name) || told.siblings?.length === 2)));
  return fleet;
}

const holding = (fleet: ControlFleet, node: string, value = "90"): Promise<unknown> => fleet.drive(fleet.fleet.members.get(node)?.machine.subject?.log.append({ cells: [{ key: "state/pump/sum/last", value: new TextEncoder().encode(value) }] }) ?? assert.fail(`${node} is down`));
const pass = (fleet: ControlFleet, ms: number): Promise<unknown> => fleet.world.run({ timeMs: fleet.world.nowMs + ms });

/** It goes there with what it holds, and is never in two places. */
async function assertGoesTo(fleet: ControlFleet, place: Place, version: string, value = "90"): Promise<void> {
  const watch = fleet.watchTwice(unit);
  await fleet.drive(fleet.control.deploy(sum(place, version)));
  const home = await settledAt(fleet, place);
  await fleet.until("all members are told so", () => gateways.every((name) => (fleet.desired(name)?.delegation !== undefined) === (place === "site")));
  await pass(fleet, limits.nodeLeaseMs);
  const stands = await settledAt(fleet, place);
  assert.deepEqual([runsOn(fleet), cellOf(fleet, stands), watch.twice().slice(0, 2)], [[stands], value, []], `it went to ${home}`);
}

for (const [first, then] of [["gateway", "site"], ["site", "gateway"], ["site", "edge"], ["edge", "site"]] as const) {
  test(`from the ${first} to the ${then}, and back`, async () => {
    const fleet = await start();
    await fleet.drive(fleet.control.deploy(sum(first, "1")));
    await holding(fleet, await settledAt(fleet, first));
    await assertGoesTo(fleet, then, "2");
    await assertGoesTo(fleet, first, "3");
  });
}

test("what was kept in the site from when it was left to it before is of another time", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(sum("site", "1")));
  const home = await settledAt(fleet, "site");
  await holding(fleet, home);
  await pass(fleet, 30_000); // siblings have it
  await assertGoesTo(fleet, "edge", "2");
  await holding(fleet, "edge-1", "91");
  fleet.fleet.members.get(home)?.machine.crash("process");
  await pass(fleet, 1.2 * limits.nodeLeaseMs); // it goes to who kept it before
  await assertGoesTo(fleet, "site", "3", "91");
  fleet.fleet.members.get(home)?.machine.start();
  await pass(fleet, 1.2 * limits.nodeLeaseMs);
  await assertGoesTo(fleet, "gateway", "4", "91");
  await holding(fleet, await settledAt(fleet, "gateway"), "92");
  await assertGoesTo(fleet, "site", "5", "92");
});

test("it is brought from who had it last in the site, whoever its home is", async () => {
  const fleet = await start();
  await fleet.drive(fleet.control.deploy(sum("site", "1")));
  const home = await settledAt(fleet, "site");
  await holding(fleet, home);
  await pass(fleet, 30_000);
  for (const name of gateways) fleet.fleet.net.cut(name, "cloud");
  fleet.fleet.members.get(home)?.machine.crash("process");
  await fleet.until("another member has it", () => runsOn(fleet).some((name) => gateways.includes(name) && name !== home));
  const [other = ""] = runsOn(fleet);
  assert.equal(cellOf(fleet, other), "90");
  await holding(fleet, other, "91");
  fleet.fleet.members.get(home)?.machine.start();
  for (const name of gateways) fleet.fleet.net.heal(name, "cloud");
  await assertGoesTo(fleet, "edge", "2", "91");
});

for (const name of ["cloud", ...gateways]) {
  for (const afterMs of [200, 1_000, 2_000, 5_000]) {
    falls(`${name} falls ${afterMs} ms after it was taken back from the site`, async () => {
      const fleet = await start();
      await fleet.drive(fleet.control.deploy(sum("site", "1")));
      await holding(fleet, await settledAt(fleet, "site"));
      await pass(fleet, 30_000);
      const watch = fleet.watchTwice(unit);
      await fleet.drive(fleet.control.deploy(sum("edge", "2")));
      await pass(fleet, afterMs);
      const machine = fleet.fleet.members.get(name)?.machine ?? assert.fail();
      machine.crash("process");
      fleet.world.after(3_000, () => machine.start());
      await pass(fleet, 4_000);
      await settledAt(fleet, "edge");
      assert.deepEqual([cellOf(fleet, "edge-1"), watch.twice().slice(0, 2)], ["90", []]);
    });
  }
}

for (const [first, since, then] of [["gateway", "site", "edge"], ["gateway", "site", "gateway"], ["site", "edge", "site"], ["site", "gateway", "site"], ["edge", "site", "edge"], [undefined, "site", "edge"], [undefined, "site", "site"], [undefined, "edge", "site"]] as const) {
  putBack(`put back from before: ${first === undefined ? "not deployed" : `at the ${first}`}; since then at the ${since}; then deployed for the ${then}`, async () => {
    const fleet = await start();
    if (first !== undefined) {
      await fleet.drive(fleet.control.deploy(sum(first, "1")));
      await settledAt(fleet, first);
    }
    const cloud = fleet.fleet.members.get("cloud") ?? assert.fail("there is a root");
    const backup = backUp(cloud);
    await fleet.drive(fleet.control.deploy(sum(since, "2")));
    await holding(fleet, await settledAt(fleet, since));
    await pass(fleet, 10_000);
    restore(fleet.fleet, cloud, backup, 1_000);
    await fleet.until("control is up again", () => cloud.machine.subject !== undefined);
    await assertGoesTo(fleet, then, "3");
  });
}
