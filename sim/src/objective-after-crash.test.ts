/** What an objective has counted is known again after a power cut, before anything is said of its budget. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { alertingSchema } from "@holon/core/schema/alerting.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { Fleet } from "./fleet.ts";
import { wideAreaLine } from "./net/link-profile.ts";
import { holonProgram } from "./programs/program.ts";
import { World } from "./world.ts";

const everyMs = 10_000;
const telemetry = telemetrySettingsSchema.parse({ everyMs });

test("a power cut on an island takes nothing of what was counted before the island began", async () => {
  const fleet = new Fleet(new World(5), await holonProgram(), { profileOf: () => ({ ...wideAreaLine, lossChance: 0, resetChance: 0 }) });
  const alerts = alertingSchema.parse({ objectives: [{ name: "kept", kind: "loss", stream: "local", target: 0.9, periodMs: 3_600_000, per: "node" }] });
  fleet.add({ name: "cloud", tier: "cloud", telemetry });
  fleet.add({ name: "gateway-1", tier: "gateway", parent: "cloud", telemetry, alerts });
  await fleet.bringUp();
  const { world } = fleet;
  const { machine } = fleet.members.get("gateway-1") ?? assert.fail();
  const counted = async (): Promise<number> => {
    const { objectives } = await world.drive(machine.subject?.telemetry?.objectives() ?? assert.fail("no telemetry"));
    return objectives.find(({ scope }) => scope === "gateway-1")?.total ?? 0;
  };
  const run = (ms: number): Promise<unknown> => world.run({ timeMs: world.nowMs + ms });
  await run(20 * everyMs);
  const connected = await counted();
  fleet.net.cut("gateway-1", "cloud");
  await run(20 * everyMs);
  const before = await counted();
  assert.ok(connected > 0 && before > connected, `${connected}, then ${before}`);
  machine.crash("power", 1_000);
  await run(6 * everyMs);
  const after = await counted();
  assert.ok(after >= before, `${before} before the power cut, ${after} after it`);
});
