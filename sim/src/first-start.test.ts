/** A node that starts for the first time while a window of telemetry ends has no run behind it that could have crashed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { openNode } from "@holon/node/index.ts";
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

test("a start that failed is no run: neither before the first one, nor between two", async () => {
  const world = new World(6);
  const program = await holonProgram();
  let failing = 0;
  const fleet = new Fleet(world, {
    ...program,
    async boot(config, ports) {
      for (; config.name === "edge-1" && failing > 0; failing -= 1) {
        // It takes so long to fail that windows end meanwhile.
        const listen = () => new Promise<never>((_, reject) => void ports.clock.after(3 * everyMs, () => reject(new HolonError("HOLON_IDENTITY_MISSING", "edge-1 has no certificate"))));
        await assert.rejects(openNode(config, { ...ports, net: { ...ports.net, listen } }), { code: "HOLON_IDENTITY_MISSING" });
      }
      return program.boot(config, ports);
    },
  }, { withoutReadings: true });
  fleet.add({ name: "cloud", tier: "cloud", telemetry });
  await fleet.bringUp();
  failing = 2;
  const { machine } = fleet.add({ name: "edge-1", tier: "edge", parent: "cloud", telemetry });
  const ended = async () => {
    await world.run({ condition: () => fleet.areUp(), timeMs: world.nowMs + 120_000 });
    await world.run({ timeMs: world.nowMs + 5 * everyMs });
    const { nodes } = await world.drive(fleet.root.machine.subject?.telemetry?.fleet({}) ?? assert.fail("no telemetry"));
    return (nodes.find(({ node }) => node === "edge-1") ?? assert.fail("no edge-1")).ended;
  };
  machine.start();
  assert.equal(await ended(), null, "it never ran before");
  const stopMs = world.nowMs + worldBeginsMs;
  await world.drive(machine.close());
  failing = 1;
  machine.start();
  const stopped = await ended();
  assert.equal(stopped?.how, "stopped");
  assert.ok(Date.parse(stopped.at) < stopMs + everyMs, `${stopped.at}, and it was stopped at ${stopMs}`);
  const crashMs = world.nowMs + worldBeginsMs;
  failing = 1;
  machine.crash("process", 1_000);
  const crashed = await ended();
  assert.equal(crashed?.how, "crashed");
  assert.ok(Date.parse(crashed.at) <= crashMs, `${crashed.at}, and it crashed at ${crashMs}`);
});
