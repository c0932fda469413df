/** Siblings that went around for each other while an uplink was down are nobody's children when it is open again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { worldBeginsMs } from "./clock.ts";
import { Fleet } from "./fleet.ts";
import { wideAreaLine } from "./net/link-profile.ts";
import { holonProgram } from "./programs/program.ts";
import { World } from "./world.ts";

const minuteMs = 60_000;
const telemetry = telemetrySettingsSchema.parse({ everyMs: 10_000 });
const siblings = ["gateway-1", "gateway-2"] as const;

async function bringUp(seed: number): Promise<Fleet> {
  const fleet = new Fleet(new World(seed), await holonProgram(), { withoutReadings: true, profileOf: () => ({ ...wideAreaLine, lossChance: 0, resetChance: 0 }) });
  fleet.add({ name: "cloud", tier: "cloud", telemetry });
  fleet.add({ name: "edge-1", tier: "edge", parent: "cloud", telemetry, site: "hall" });
  for (const name of siblings) fleet.add({ name, tier: "gateway", parent: "edge-1", telemetry, site: "plant", siblings: siblings.filter((other) => other !== name) });
  await fleet.bringUp();
  await fleet.world.run({ timeMs: fleet.world.nowMs + minuteMs });
  return fleet;
}

const telemetryOf = (fleet: Fleet, name: string) => fleet.members.get(name)?.machine.subject?.telemetry ?? assert.fail(`${name} has no telemetry`);
const rowsAt = async (fleet: Fleet, name: string) => (await fleet.world.drive(telemetryOf(fleet, name).fleet({}))).nodes.map(({ node, state, link, parent, since }) => `${node} ${state} ${link} ${parent} ${since}`);

/** What silences of siblings anybody was told of since then. */
async function silencesSince(fleet: Fleet, sinceMs: number): Promise<readonly string[]> {
  const told = [];
  for (const name of fleet.members.keys()) {
    const { alerts } = await fleet.world.drive(telemetryOf(fleet, name).alerts({}));
    told.push(...alerts.filter(({ kind, since, subject }) => kind === "silence" && subject.startsWith("gateway") && Date.parse(since) - worldBeginsMs > sinceMs).map(({ message }) => `${name}: ${message}`));
  }
  return told;
}

test("after a way round nobody keeps a sibling below itself, in no row and no count; nor does a sibling that is started anew, or one that saw it end in order", async () => {
  const fleet = await bringUp(11);
  const { world, net } = fleet;
  const machineOf = (name: string) => fleet.members.get(name)?.machine ?? assert.fail(`no ${name}`);
  const check = async (what: string, sinceMs: number): Promise<void> => {
    await world.run({ timeMs: world.nowMs + minuteMs });
    for (const name of siblings) assert.deepEqual((await rowsAt(fleet, name)).filter((row) => !row.startsWith(`${name} `)), [], `${what}: at ${name}`);
    for (const above of ["cloud", "edge-1"]) for (const name of siblings) assert.ok((await rowsAt(fleet, above)).some((row) => /^\S+ (present|crashed) up edge-1 /.test(row) && row.startsWith(`${name} `)), `${what}: ${name} at ${above}: ${(await rowsAt(fleet, above)).join()}`);
    assert.deepEqual(await silencesSince(fleet, sinceMs), [], what);
  };
  net.cut("gateway-1", "edge-1");
  await world.run({ timeMs: world.nowMs + minuteMs });
  net.healAll();
  await world.run({ timeMs: world.nowMs + minuteMs });
  await check("an uplink was cut", world.nowMs);
  machineOf("edge-1").crash("process", 20_000);
  await world.run({ timeMs: world.nowMs + minuteMs });
  await check("the node above was started anew", world.nowMs);
  machineOf("gateway-2").crash("process", 20_000);
  const crashedMs = world.nowMs;
  await world.run({ timeMs: world.nowMs + minuteMs });
  await check("a sibling was started anew", world.nowMs);
  const about = (await silencesSince(fleet, crashedMs - minuteMs)).filter((told) => told.includes("gateway-1 "));
  assert.deepEqual(about, [], "the other one was well");
  await world.drive(machineOf("gateway-1").close());
  await world.run({ timeMs: world.nowMs + 20_000 });
  machineOf("gateway-1").start();
  const stoppedMs = world.nowMs - 30_000;
  await world.run({ timeMs: world.nowMs + minuteMs });
  await check("a sibling was stopped in order", stoppedMs);
});
