/** A node with more to send than its line carries: it is heard, and what it tells of itself comes late. That is another thing than silence, and than a node that said that it stops. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { worldBeginsMs } from "./clock.ts";
import { Fleet } from "./fleet.ts";
import { wideAreaLine } from "./net/link-profile.ts";
import { holonProgram } from "./programs/program.ts";
import { World } from "./world.ts";

const everyMs = 15_000;
const telemetry = telemetrySettingsSchema.parse({ everyMs });
const patienceMs = 2 * everyMs + limits.telemetryGraceMs;

test("of three nodes one is slow, one silent and one gone, and the slow one is told as present when its line has carried all", async () => {
  const world = new World(11);
  let bytesPerMs = wideAreaLine.bytesPerMs;
  const fleet = new Fleet(world, await holonProgram(), { withoutReadings: true, profileOf: (from, to) => ({ ...wideAreaLine, lossChance: 0, resetChance: 0, bytesPerMs: [from, to].includes("narrow") ? bytesPerMs : wideAreaLine.bytesPerMs }) });
  fleet.add({ name: "cloud", tier: "cloud", telemetry });
  for (const name of ["narrow", "cut", "stopped"]) fleet.add({ name, tier: "gateway", parent: "cloud", telemetry });
  await fleet.bringUp();
  const states = async (): Promise<Record<string, string>> => Object.fromEntries((await world.drive(fleet.root.machine.subject?.telemetry?.fleet({}) ?? assert.fail("no telemetry"))).nodes.map(({ node, state }) => [node, state]));
  await world.run({ timeMs: world.nowMs + 2 * everyMs });
  assert.deepEqual(await states(), { cloud: "present", cut: "present", narrow: "present", stopped: "present" });

  bytesPerMs = 1;
  const { log, events } = fleet.members.get("narrow")?.machine.subject ?? assert.fail("it does not run");
  const random = world.random.fork("text");
  const text = (): string => Buffer.from(random.bytes(3_000)).toString("base64");
  for (let count = 0; count < 120; count++) await world.drive(log.append({ records: [events?.record({ stream: "alarm", type: "press.jam", class: "public", producer: "test", data: { text: text() } }) ?? assert.fail("no events")] }));
  fleet.net.cut("cut", "cloud", { reset: true });
  await world.drive(fleet.members.get("stopped")?.machine.subject?.close() ?? assert.fail("it does not run"));
  let seen = await states();
  for (const untilMs = world.nowMs + 4 * patienceMs; seen["narrow"] !== "slow" && world.nowMs < untilMs; seen = await states()) await world.run({ timeMs: world.nowMs + 1_000 });
  assert.deepEqual(seen, { cloud: "present", cut: "silent", narrow: "slow", stopped: "gone" });
  const status = await world.drive(fleet.root.machine.subject?.telemetry?.fleet({ state: "slow" }) ?? assert.fail("no telemetry"));
  const [row] = status.nodes;
  const { since = null, through = null, heardAt = null } = row ?? {};
  assert.ok(since !== null && through !== null && Date.parse(since) === Date.parse(through) + patienceMs, `since ${since}, known through ${through}`);
  assert.ok(heardAt !== null && worldBeginsMs + world.nowMs - Date.parse(heardAt) < patienceMs, `heard ${heardAt}`);
  assert.deepEqual([status.completeness.excused, status.completeness.unknown, status.completeness.missing.map(({ node }) => node).sort()], [1, 2, ["cut", "narrow"]]);

  bytesPerMs = wideAreaLine.bytesPerMs;
  for (const untilMs = world.nowMs + 40 * patienceMs; (await states())["narrow"] !== "present" && world.nowMs < untilMs; ) await world.run({ timeMs: world.nowMs + 1_000 });
  assert.deepEqual((await states())["narrow"], "present");
});
