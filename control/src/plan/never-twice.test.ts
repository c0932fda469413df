import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { chanceFrom } from "@holon/core/chance.ts";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema } from "@holon/core/schema/app.ts";
import type { MemberOptions } from "@holon/sim/fleet.ts";
import { onItsTurn } from "../../../scripts/testing/turns.ts";
import { code, ControlFleet } from "../testing/control-fleet.ts";

const inventory = { processors: 2, memoryBytes: 4e9 };
const members: readonly MemberOptions[] = [
  { name: "cloud", tier: "cloud", inventory },
  { name: "edge-1", tier: "edge", parent: "cloud", site: "north", inventory, driftPpm: 4_000 },
  { name: "edge-2", tier: "edge", parent: "cloud", site: "south", inventory, driftPpm: -4_000 },
  { name: "edge-3", tier: "edge", parent: "edge-2", site: "west", inventory },
];
const places = ["cloud", "edge-1", "edge-2", "edge-3"] as const;

/** A unit that is to run where this node's site is a source, and so there or above. */
const appAt = (site: string, tier: string, version: number) =>
  appDocumentSchema.parse({
    name: "pump",
    version: String(version),
    functions: [{ name: "sum", code: createHash("sha256").update(code).digest("hex"), on: { type: "in.came" }, emits: {}, needs: { sources: [{ site }], tiers: [tier], onIsolation: "stop" } }],
    models: [],
  });

/** Links are cut and mended, nodes and control lose power, and the unit is sent elsewhere, all by chance; then all is mended. */
async function live(seed: number): Promise<void> {
  const chance = chanceFrom(seed);
  const fleet = await ControlFleet.start(members);
  await fleet.until("every node has told what it is made of", () => fleet.control.nodes().every(({ name, inventory: told }) => told?.capacity.processors === 2 && (name === "cloud" || told.uplink !== undefined)));
  const watch = fleet.watchTwice("pump/sum");
  let version = 0;
  const send = async (): Promise<void> => {
    const [site, tier] = ([["cloud", "cloud"], ["north", "edge"], ["south", "edge"], ["west", "edge"]] as const)[chance.below(4)] ?? ["cloud", "cloud"];
    await fleet.drive(fleet.control.deploy(appAt(site, tier, ++version)).catch((error: unknown) => assert.ok(error instanceof Error && "code" in error && error.code === "HOLON_PLACEMENT_UNMET", String(error))));
  };
  await send();
  for (let step = 0; step < 40; step++) {
    const name = places[1 + chance.below(3)] ?? "edge-1";
    const above = members.find((member) => member.name === name)?.parent ?? "cloud";
    const act = chance.below(6);
    if (act === 0) fleet.fleet.net.cut(name, above);
    if (act === 1) fleet.fleet.net.heal(name, above);
    if (act === 2) fleet.fleet.members.get(name)?.machine.crash("power", 1_000 + chance.below(60_000));
    if (act === 3) fleet.fleet.members.get("cloud")?.machine.crash("power", 1_000 + chance.below(20_000));
    await fleet.world.run({ timeMs: fleet.world.nowMs + chance.below(limits.nodeLeaseMs) });
    await fleet.until("control is up", () => fleet.fleet.members.get("cloud")?.machine.subject !== undefined);
    if (act >= 4) await send();
    assert.deepEqual(watch.twice(), [], `seed ${seed}, step ${step}: in two places`);
  }
  for (const { name, parent } of members) if (parent !== undefined) fleet.fleet.net.heal(name, parent);
  await fleet.drive(fleet.control.deploy(appAt("north", "edge", ++version)).catch(() => undefined)); // a node that is silent still is no place
  await fleet.world.run({ timeMs: fleet.world.nowMs + limits.nodeReturnMs + 2 * limits.nodeLeaseMs });
  await fleet.drive(fleet.control.deploy(appAt("north", "edge", ++version)));
  await fleet.until("it runs where it should", () => fleet.runningOn("edge-1").includes("pump/sum"));
  assert.deepEqual([watch.twice(), places.filter((node) => fleet.runningOn(node).includes("pump/sum"))], [[], ["edge-1"]]);
}

const seeds = Number(process.env["HOLON_LEASE_SEEDS"] ?? 1);

test(`what stops on islands is never in two places, whatever is cut, fails or is deployed, in ${seeds} lives`, onItsTurn(2, 3), async () => {
  for (let seed = 1; seed <= seeds; seed++) await live(seed);
});
