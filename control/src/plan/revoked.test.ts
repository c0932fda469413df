/** What a node that was revoked leaves behind: no further document, and no alert that nobody could end any more. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { encodeStoredEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import type { ShownAlert } from "@holon/core/telemetry/alert.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import type { MemberOptions } from "@holon/sim/member.ts";
import { app, ControlFleet } from "../testing/control-fleet.ts";

const members: readonly MemberOptions[] = [{ name: "cloud", tier: "cloud" }, { name: "edge-1", tier: "edge", parent: "cloud" }, ...["gateway-1", "gateway-2"].map((name) => ({ name, tier: "gateway", parent: "edge-1" }) as const)];

const revoke = async (fleet: ControlFleet, node: string): Promise<void> => {
  await fleet.claim("cloud", "holon.node.revoked", { node });
  await fleet.until("control has read it", () => fleet.control.nodes().some(({ name, isRevoked }) => name === node && isRevoked));
};

test("control issues one more document for a node that was revoked, which is empty, and none behind it: neither with a deployment nor with a policy", async () => {
  const fleet = await ControlFleet.start();
  await fleet.drive(fleet.control.deploy(app("pump")));
  await revoke(fleet, "gateway-1");
  await fleet.until("nothing is left to it", () => fleet.desired("gateway-1")?.apps.length === 0);
  const last = fleet.desired("gateway-1")?.version;
  const others = fleet.desired("edge-1")?.version ?? 0;
  for (const version of [1, 2]) await fleet.drive(fleet.control.adoptPolicy(`policy plant ${version}\npermit runs\n  who any\n  does run open use\n`));
  await fleet.drive(fleet.control.deploy(app("pump", "2")));
  assert.ok((fleet.desired("edge-1")?.version ?? 0) > others, "who belongs is told");
  assert.equal(fleet.desired("gateway-1")?.version, last);
  await fleet.restart("cloud");
  await fleet.drive(fleet.control.deploy(app("pump", "3")));
  assert.equal(fleet.desired("gateway-1")?.version, last);
  await fleet.claim("cloud", "holon.node.enrolled", { node: "gateway-1" });
  await fleet.until("who is enrolled again is given what is deployed", () => (fleet.desired("gateway-1")?.version ?? 0) > (last ?? 0) && fleet.desired("gateway-1")?.apps.length === 1);
});

test("what a node told and is open when it is revoked is over, and says why, where it stands open and above; what others tell of too goes on", async () => {
  const fleet = await ControlFleet.start(members.map((member) => ({ ...member, telemetry: telemetrySettingsSchema.parse({ everyMs: 10_000 }) })));
  const subject = (node: string) => fleet.fleet.members.get(node)?.machine.subject ?? assert.fail(node);
  const tell = async (node: string, type: string, data: unknown): Promise<void> => {
    const time = isoTime((fleet.fleet.members.get(node)?.machine.clock.wallMs() ?? assert.fail()));
    const bytes = encodeStoredEvent({ type, source: `/${node}/test`, time, recordedtime: time, clock: "synced", class: "public", jurisdiction: "EU/DE", subject: "pump", data });
    await fleet.drive(subject(node).log.append({ records: [{ stream: "alarm", class: "public", bytes }] }));
  };
  const burning = (node: string) => ({ id: `load/${node}/1`, rule: "machine/load", kind: "loss", subject: "hall", severity: "ticket", state: "firing", since: isoTime((fleet.fleet.members.get(node)?.machine.clock.wallMs() ?? assert.fail())), until: null, value: 2, threshold: 1, message: "it burns", count: 1, node });
  const alertsAt = async (node: string): Promise<readonly ShownAlert[]> => (await fleet.drive(subject(node).telemetry?.alerts({}) ?? assert.fail())).alerts;
  const stateOf = async (node: string, rule: string): Promise<string | undefined> => (await alertsAt(node)).find((one) => one.rule === rule)?.state;
  const until = async (what: string, condition: () => Promise<boolean>): Promise<void> => {
    for (let count = 0; count < 60; count++) {
      if (await condition()) return;
      await fleet.world.run({ timeMs: fleet.world.nowMs + limits.alertLookMs });
    }
    assert.fail(what);
  };

  await tell("gateway-1", "pump.stuck", { state: "open" });
  await tell("gateway-1", "holon.alert.fired", { ...burning("gateway-1"), rule: "machine/alone" });
  for (const node of ["gateway-1", "gateway-2"]) await tell(node, "holon.alert.fired", burning(node));
  for (const node of ["cloud", "edge-1"]) for (const rule of ["gateway-1/pump.stuck", "machine/alone", "machine/load"]) await until(`${rule} is open at ${node}`, async () => (await stateOf(node, rule)) === "firing");

  await revoke(fleet, "gateway-1");
  for (const rule of ["gateway-1/pump.stuck", "machine/alone"]) {
    await until(`${rule} is over`, async () => (await stateOf("cloud", rule)) === "resolved");
    const [alert] = (await alertsAt("cloud")).filter((one) => one.rule === rule);
    assert.match(alert?.message ?? "", /gateway-1 was revoked/);
    assert.equal(alert?.because, "gateway-1 was revoked");
  }
  assert.equal(await stateOf("cloud", "machine/load"), "firing");
  await revoke(fleet, "gateway-2");
  await until("nobody tells of it any more", async () => (await stateOf("cloud", "machine/load")) === "resolved");
  await fleet.restart("cloud");
  assert.match((await alertsAt("cloud")).find(({ rule }) => rule === "machine/load")?.message ?? "", /gateway-1 and gateway-2 were revoked|gateway-2 was revoked/);
});
