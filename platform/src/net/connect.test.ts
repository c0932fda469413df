import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Listener } from "@holon/core/ports.ts";
import { createNet } from "../net.ts";
import { testFleet, type TestMember } from "../testing/test-fleet.ts";

async function open(context: TestContext, { net }: Pick<TestMember, "net">): Promise<Listener> {
  const listener = await net.listen("127.0.0.1:0", (connection) => connection.receive({ frame: () => undefined, closed: () => undefined }));
  context.after(() => listener.close());
  return listener;
}

test("whoever dials tells whom it did not take, and nothing of who did not take it", async (t) => {
  const fleet = await testFleet();
  const [gateway, edge, revoked] = [await fleet.member("gateway-1"), await fleet.member("edge-1"), await fleet.member("edge-2")];
  const doors = {
    honest: await open(t, edge),
    false: await open(t, { ...revoked, net: createNet({ name: fleet.name("edge-9"), identity: revoked.identity }) }),
    foreign: await open(t, await (await testFleet()).member("edge-1")),
    revoked: await open(t, revoked),
  };
  const tells = async (door: keyof typeof doors, expected?: string): Promise<readonly unknown[]> => {
    const told: unknown[] = [];
    const connection = await gateway.net.connect(doors[door].address, expected === undefined ? undefined : fleet.name(expected), ({ code, proved, claimed }) => told.push([code, proved, claimed])).catch(() => undefined);
    connection?.close("seen");
    return told;
  };
  assert.deepEqual(await tells("honest", "edge-1"), []);
  assert.deepEqual(await tells("honest", "cloud-1"), [["HOLON_LINK_REFUSED", "edge-1", undefined]]);
  assert.deepEqual(await tells("false"), [["HOLON_IDENTITY_FALSE", "edge-2", "edge-9"]]);
  assert.deepEqual(await tells("foreign"), [["HOLON_IDENTITY_UNTRUSTED", undefined, undefined]]);
  const through = revoked.identity.self()?.number ?? 0;
  await gateway.identity.revoke(await fleet.authority.sign({ version: 4, revoked: [{ node: "edge-2", through }] }));
  assert.deepEqual(await tells("revoked"), [["HOLON_IDENTITY_REVOKED", "edge-2", "edge-2"]]);
  await edge.identity.revoke(await fleet.authority.sign({ version: 5, revoked: [{ node: "gateway-1", through: gateway.identity.self()?.number ?? 0 }] }));
  assert.deepEqual(await tells("honest"), [], "that stands in the trail of who refused");
});
