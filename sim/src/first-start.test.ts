/** A node that starts for the first time while a window of telemetry ends has no run behind it that could have crashed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { worldBeginsMs } from "./clock.ts";
import { Fleet } from "./fleet.ts";
import { holonProgram } from "./programs/program.ts";
import { World } from "./world.ts";

const everyMs = 1_000;
const telemetry = telemetrySettingsSchema.parse({ everyMs });
const beforeEndMs = [1, 2, 3, 4, 6, 8, 12, 16, 24];

test("of a node that has started once nobody is told that it crashed, wherever in a window it did", async () => {
  const world = new World(5);
  const fleet = new Fleet(world, await holonProgram(), { withoutReadings: true });
  fleet.add({ name: "cloud", tier: "cloud", telemetry });
  await fleet.bringUp();
  for (const ms of beforeEndMs) {
    const endMs = (Math.floor((worldBeginsMs + world.nowMs) / everyMs) + 2) * everyMs - worldBeginsMs;
    await world.run({ timeMs: endMs - ms });
    fleet.add({ name: `gateway-${ms}`, tier: "gateway", parent: "cloud", telemetry }).machine.start();
    await world.run({ condition: () => fleet.areUp(), timeMs: world.nowMs + 60_000 });
  }
  await world.run({ timeMs: world.nowMs + 5 * everyMs });
  const { nodes } = await world.drive(fleet.root.machine.subject?.telemetry?.fleet({}) ?? assert.fail("no telemetry"));
  assert.deepEqual(nodes.map(({ node, state }) => `${node} ${state}`).toSorted(), ["cloud present", ...beforeEndMs.map((ms) => `gateway-${ms} present`)].toSorted());
});
