/** Three real nodes with certificates of a few seconds: from the invitation to the revocation, with the commands that people use. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { revocationListSchema, signedRevocationsSchema } from "@holon/core/identity/messages.ts";
import { encodeFrame } from "@holon/core/link/frame.ts";
import { isNodeName } from "@holon/core/units.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { NodeIdentity } from "@holon/platform/identity.ts";
import { createNet } from "@holon/platform/net.ts";
import { z } from "zod";
import { assertRefused } from "./testing/assert-refused.ts";
import { runHolon } from "./testing/holon-process.ts";
import type { MachineNode } from "./machine/compose.ts";
import { audited, isOpen, Machines, plant } from "./testing/machines.ts";
import { until } from "./testing/wait.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";

const turn = takesTurns(2);

const certificateMs = 6_000;
const identitySchema = z.object({ chain: z.array(z.string()) });

/** Of the certificate in a node's folder. */
function certificateOf(data: string, name: string): X509Certificate {
  return new X509Certificate(identitySchema.parse(JSON.parse(readFileSync(join(data, name, "identity/identity.json"), "utf8"))).chain[0] ?? "");
}

/** Whom the list that a node has on its disk refuses. */
function readRevoked(data: string, name: string): readonly string[] {
  const path = join(data, name, "identity/revocations.json");
  if (!existsSync(path)) return [];
  return revocationListSchema.parse(JSON.parse(signedRevocationsSchema.parse(JSON.parse(readFileSync(path, "utf8"))).list)).revoked.map(({ node }) => node);
}

const pinnedDirector = (data: string, node: string): string => readFileSync(join(data, node, "pinned/director.root.json"), "utf8");
const directorRoot = (data: string): string => z.object({ roots: z.array(z.string()) }).parse(JSON.parse(readFileSync(join(data, "cloud-1/director.json"), "utf8"))).roots.at(-1) ?? "";

turn("a node is invited, enrolled through another, renewed in time and beyond it, and revoked", async (context) => {
  const machines = new Machines(context);
  const { data } = machines;
  const cloudConfig = { ...plant, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0", authority: { certificateMs } } as const;
  let cloud = await machines.start(cloudConfig);
  const listen = cloud.node.address?.replace("wss://", "") ?? "";

  assert.match(await machines.enroll(await machines.invite(cloud, "edge-1", "--tier", "edge")), /^edge-1 of plant is enrolled/);
  assert.deepEqual(pinnedDirector(data, "edge-1"), directorRoot(data), "what control had at that time");
  const edge = await machines.start({ ...plant, name: "edge-1", tier: "edge", listen: "127.0.0.1:0", parent: cloud.node.address, uplink: { node: "cloud-1" } });
  await until("the edge is linked", isOpen(edge));

  // The gateway reaches the edge alone.
  const token = await machines.invite(cloud, "gateway-1");
  assert.match(await machines.enroll(token, "--at", edge.node.address ?? ""), /^gateway-1 of plant is enrolled; /);
  assert.match(await machines.enroll(token, "--at", edge.node.address ?? ""), /^gateway-1 of plant is enrolled already; .*; start it$/, "as somebody does who was not told");
  assert.equal((await audited(cloud, "holon.node.refused")).length, 0);
  const gatewayConfig = { ...plant, name: "gateway-1", tier: "gateway", parent: edge.node.address, uplink: { node: "edge-1" } } as const;
  let gateway = await machines.start(gatewayConfig);
  await until("the gateway is linked", isOpen(gateway));

  // A replayed token, in the same life of control and in the next one.
  const thief = tempFolder(context);
  const replay = async (): Promise<void> => assertRefused(await runHolon(context, ["node", "enroll", "--token", token, "--data", thief]), "HOLON_INVITATION_USED", /gateway-1/);
  await replay();
  assert.equal((await audited(cloud, "holon.node.refused")).length, 1);
  await machines.stop(cloud);
  cloud = await machines.start({ ...cloudConfig, listen });
  await replay();
  const refused = await audited(cloud, "holon.node.refused");
  assert.deepEqual(refused.map(({ data: told }) => z.object({ code: z.string(), node: z.string() }).parse(told)), Array.from({ length: 2 }, () => ({ code: "HOLON_INVITATION_USED", node: "gateway-1" })));

  // Ahead of its date, over the open link.
  await until("the edge is linked again", isOpen(edge));
  const renewedOf = async (name: string): Promise<number> => (await audited(cloud, "holon.node.renewed")).filter(({ subject }) => subject === name).length;
  await until("the gateway has another certificate while it is linked", async () => (await renewedOf("gateway-1")) >= 1);
  assert.ok(isOpen(gateway)());

  // Beyond its date.
  await machines.stop(gateway);
  const { validToDate, serialNumber } = certificateOf(data, "gateway-1");
  const renewals = await renewedOf("gateway-1");
  await until("its certificate is over", () => Date.now() > validToDate.getTime());
  gateway = await machines.start(gatewayConfig);
  await until("the gateway is linked with another certificate", isOpen(gateway));
  assert.ok((await renewedOf("gateway-1")) > renewals);
  assert.notEqual(certificateOf(data, "gateway-1").serialNumber, serialNumber);

  // Revoked at the root; the edge hears of it over its link.
  assert.match(await machines.holon("node", "revoke", "gateway-1", "--because", "it was stolen", "--api", cloud.api, "--data", data), /refused from now on/);
  await until("the edge has heard of it", () => readRevoked(data, "edge-1").includes("gateway-1"));
  await gateway.node.log.append({ records: [gateway.node.events.record({ stream: "data", type: "test.after", class: "public", producer: "test", data: {} })] });
  await until("the edge refuses it", async () => {
    const came = await edge.node.log.find({ accepts: ({ origin }) => origin === "gateway-1", type: "test.after", limit: 1 });
    assert.equal(came.length, 0, "what a revoked node writes comes in: its open link was not ended, or it was given another");
    return gateway.node.status().uplink?.problem?.code === "HOLON_IDENTITY_REVOKED";
  });
  assert.match(await machines.holon("node", "show", "gateway-1", "--data", data, "--api", gateway.api), /^uplink +waiting; HOLON_IDENTITY_REVOKED .*invite and enrol it again/m, "whoever looks at it is told");
  await until("its own log says so, too", async () => /HOLON_IDENTITY_REVOKED/.test(await machines.holon("node", "logs", "gateway-1", "--data", data, "--api", gateway.api)));
  await until("the edge's trail tells of it", async () => (await audited(edge, "holon.link.refused")).some(({ data: told }) => z.object({ proved: z.string() }).safeParse(told).data?.proved === "gateway-1"));
  assert.match(await machines.holon("node", "list", "--api", cloud.api, "--data", data), /^gateway-1 .* revoked/m);
  assert.match(await machines.holon("doctor", "--api", cloud.api, "--data", data).catch(String), /^ok +nodes +(?!.*gateway-1).*$/m);
  assert.doesNotMatch(await machines.holon("doctor", "--api", cloud.api, "--data", data).catch(String), /^(?:warn|bad) +gateway-1/m, "nobody expects anything of it");
  const [revoked] = await audited(cloud, "holon.node.revoked");
  assert.equal(z.object({ because: z.string() }).parse(revoked?.data).because, "it was stolen");
  await gateway.node.log.append({ records: [gateway.node.events.record({ stream: "data", type: "test.told", class: "public", producer: "test", data: {} })] }); // it works on alone

  // Its certificate renews no more, however it asks; a new invitation brings it back.
  await machines.stop(gateway);
  await machines.enroll(await machines.invite(cloud, "gateway-1"));
  gateway = await machines.start(gatewayConfig);
  await until("it is back", isOpen(gateway));
});

turn("a copied data folder links with the same certificate, and its other history is found", async (context) => {
  const machines = new Machines(context);
  const cloud = await machines.start({ ...plant, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0" });
  await machines.enroll(await machines.invite(cloud, "gateway-1"));
  const config = { ...plant, name: "gateway-1", tier: "gateway", parent: cloud.node.address } as const;
  const drained = ({ node }: MachineNode) => (): boolean => node.status().uplink?.state === "open" && node.status().uplink?.backlog === 0;
  const live = async (data?: string): Promise<void> => {
    const machine = await machines.start(config, data);
    await machine.node.announce();
    await until("it is linked and has delivered", drained(machine));
    await machines.stop(machine);
  };
  await live();
  const copy = tempFolder(context);
  cpSync(join(machines.data, "gateway-1"), join(copy, "gateway-1"), { recursive: true });
  rmSync(join(copy, "gateway-1/lock"), { recursive: true, force: true });
  await live();
  await live(copy);
  await until("the fork is told", async () => (await audited(cloud, "holon.link.fork")).length > 0);
});

turn("a peer that offers as another node, or of another site, than its certificate says is cut off, and the trail tells of it", async (context) => {
  const machines = new Machines(context);
  const cloud = await machines.start({ ...plant, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0" });
  await machines.enroll(await machines.invite(cloud, "gateway-2"));
  const name = "gateway-2";
  assert.ok(isNodeName(name));
  const net = createNet({ name, identity: await NodeIdentity.open(join(machines.data, name), createClock()) });
  for (const [node, site] of [["gateway-1", "plant"], ["gateway-2", "cloud"]] as const) {
    const connection = await net.connect(cloud.node.address ?? "");
    const reason = new Promise<string>((resolve) => connection.receive({ frame: () => undefined, closed: resolve }));
    connection.send(encodeFrame({ kind: "stream", header: { op: "offer", protocol: 1, node, site, tier: "gateway", lanes: [], desired: [] } }, createCodec()));
    assert.equal(await reason, "HOLON_IDENTITY_FALSE");
  }
  const told = await until("the first is in the trail", async () => (await audited(cloud, "holon.link.refused"))[0]);
  assert.deepEqual(z.object({ code: z.string(), proved: z.string(), claimed: z.string() }).parse(told.data), { code: "HOLON_IDENTITY_FALSE", proved: "gateway-2", claimed: "gateway-1" });
});

turn("a node that is configured as another than it was enrolled as does not start under that name", async (context) => {
  const machines = new Machines(context);
  const cloud = await machines.start({ ...plant, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0" });
  await machines.enroll(await machines.invite(cloud, "gateway-2"));
  cpSync(join(machines.data, "gateway-2"), join(machines.data, "gateway-1"), { recursive: true });
  await assert.rejects(machines.start({ ...plant, name: "gateway-1", tier: "gateway", parent: cloud.node.address }), (error) => error instanceof HolonError && error.code === "HOLON_IDENTITY_FALSE");
});
