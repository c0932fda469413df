/** Three real nodes whose authority's key was stolen: with the commands that people use, and a thief who has the key, and the fleet in the end without him. */
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { Authority } from "@holon/core/ports.ts";
import { isNodeName } from "@holon/core/units.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { createClock } from "@holon/platform/clock.ts";
import { openAuthority } from "@holon/platform/identity/authority.ts";
import { certifyHere } from "@holon/platform/identity/here.ts";
import { NodeIdentity } from "@holon/platform/identity.ts";
import { createNet } from "@holon/platform/net.ts";
import { z } from "zod";
import { assertRefused } from "./testing/assert-refused.ts";
import { runHolon } from "./testing/holon-process.ts";
import { audited, isOpen, Machines, plant } from "./testing/machines.ts";
import { until } from "./testing/wait.ts";

const refusalSchema = z.object({ code: z.string(), node: z.string().nullish(), claimed: z.string().nullish(), proved: z.string().nullish() });

test("a stolen intermediate is replaced with the root's key: nodes come back by themselves, and what the thief signs is refused", async (context) => {
  const machines = new Machines(context);
  const { data } = machines;
  const cloudConfig = { ...plant, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0" } as const;
  let cloud = await machines.start(cloudConfig);
  const listen = cloud.node.address?.replace("wss://", "") ?? "";
  await machines.enroll(await machines.invite(cloud, "edge-1", "--tier", "edge"));
  await machines.enroll(await machines.invite(cloud, "gateway-1"));
  const edge = await machines.start({ ...plant, name: "edge-1", tier: "edge", listen: "127.0.0.1:0", parent: cloud.node.address });
  const gatewayConfig = { ...plant, name: "gateway-1", tier: "gateway", parent: edge.node.address } as const;
  const gateway = await machines.start(gatewayConfig);
  await until("both are linked", () => isOpen(edge)() && isOpen(gateway)());
  await machines.stop(gateway); // it is away when it happens

  const [thiefs, medium] = [tempFolder(context), join(tempFolder(context), "root.json")];
  await machines.holon("node", "authority", "--data", data, "--take-root", medium);
  cpSync(join(data, "cloud-1/authority"), join(thiefs, "authority"), { recursive: true });
  const replace = ["node", "authority", "--data", data, "--renew", "--stolen", "--root", medium];
  assertRefused(await runHolon(context, replace), "HOLON_DATA_IN_USE", /cloud-1/);
  await machines.stop(cloud);
  assert.match(await machines.holon(...replace), /series 2\nstart cloud-1: /);
  cloud = await machines.start({ ...cloudConfig, listen });
  await until("the edge is back", isOpen(edge));
  const back = await machines.start(gatewayConfig);
  await until("the gateway is back, through the edge", isOpen(back));
  const seriesOf = async (name: string): Promise<number | undefined> => (await NodeIdentity.open(join(data, name), createClock())).self()?.series;
  assert.deepEqual([await seriesOf("cloud-1"), await seriesOf("edge-1"), await seriesOf("gateway-1")], [2, 2, 2]);

  const thief = await openAuthority(thiefs, createClock());
  for (const name of ["cloud-1", "edge-1", "gateway-1"]) {
    const identity = await NodeIdentity.open(join(thiefs, name), createClock());
    await certifyHere(identity, thief, { node: name, site: "plant", tier: "edge" }, createClock());
    if (!isNodeName(name)) assert.fail();
    const net = createNet({ name, identity });
    for (const { node } of [cloud, edge]) await assert.rejects(net.connect(node.address ?? ""), (error) => error instanceof HolonError && error.code === "HOLON_IDENTITY_UNTRUSTED", name);
  }
  const told = async (machine: typeof cloud, type: string): Promise<readonly z.infer<typeof refusalSchema>[]> => (await audited(machine, type)).map((event) => refusalSchema.parse(event.data));
  for (const machine of [cloud, edge]) assert.ok((await told(machine, "holon.link.refused")).some(({ code }) => code === "HOLON_IDENTITY_SERIES"));
  const trapped = await caught(context, thief, join(thiefs, "trap"));
  await machines.stop(back);
  const lured = await machines.start({ ...gatewayConfig, parent: trapped });
  const lures = await until("who dialled him tells of him in its own trail", async () => (await audited(lured, "holon.link.refused"))[0]);
  assert.deepEqual(refusalSchema.parse(lures.data), { code: "HOLON_IDENTITY_SERIES", proved: null, claimed: "edge-1" });
  assert.match(await machines.holon("node", "show", "gateway-1", "--api", lured.api, "--data", data), /^authority\s+series 2 of the authority$/m);
  await until("control's trail tells of him", async () => (await audited(cloud, "holon.node.refused")).some(({ data: said }) => JSON.stringify(said).includes("control gave it none for that key")));
  await machines.enroll(await machines.invite(cloud, "gateway-2")); // who joins now knows the series from the token
});

/** A machine of the thief's that answers as the gateway's parent; its address. */
async function caught(context: TestContext, thief: Authority, folder: string): Promise<string> {
  const identity = await NodeIdentity.open(folder, createClock());
  const name = "edge-1";
  await certifyHere(identity, thief, { node: name, site: "plant", tier: "edge" }, createClock());
  if (!isNodeName(name)) assert.fail();
  const listener = await createNet({ name, identity }).listen("127.0.0.1:0", (connection) => connection.close("caught"));
  context.after(() => listener.close());
  return listener.address;
}
