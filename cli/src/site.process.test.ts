/** Three real gateways of one site below a cloud: real TLS between siblings, real disks, real time. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { startNode, type MachineNode } from "./machine/compose.ts";
import { enrollHere } from "./machine/three.ts";
import { until } from "./testing/wait.ts";

const names = ["gateway-1", "gateway-2", "gateway-3"] as const;

test("siblings elect a lead, and one whose uplink is cut is relayed by another", { timeout: 120_000 }, async (context) => {
  const data = tempFolder(context);
  const machines: MachineNode[] = [];
  context.after(async () => {
    for (const machine of machines.reverse()) await machine.close();
  });
  const start = async (config: NodeConfig): Promise<MachineNode> => {
    const machine = await startNode({ config, data, api: "127.0.0.1:0", token: "t".repeat(43), trace: { level: "error", output: process.stderr } });
    machines.push(machine);
    return machine;
  };
  const base = { apiVersion: "holon/v1" as const, jurisdiction: "EU/DE" };
  const cloud = await start({ ...base, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0", siblings: [] });
  const addresses = new Map(await Promise.all(names.map(async (name) => [name, `127.0.0.1:${await freePort()}`] as const)));
  assert.ok(cloud.control !== undefined);
  for (const name of names) await enrollHere(join(data, name), { name, site: "plant", tier: "gateway" }, cloud.control);
  const parent = cloud.node.address ?? "";
  for (const name of names) {
    const siblings = names.filter((sibling) => sibling !== name).map((sibling) => ({ name: sibling, address: `wss://${addresses.get(sibling) ?? ""}` }));
    await start({ ...base, name, site: "plant", tier: "gateway", control: false, listen: addresses.get(name), parent, siblings });
  }
  const gateways = machines.slice(1).map(({ node }) => node);
  await until("all siblings know one lead", () => new Set(gateways.map((node) => node.status().election?.lead)).size === 1 && gateways[0]?.status().election?.lead !== null);
  await until("the cloud knows the lead", () => cloud.control?.nodes().some(({ name, leads }) => leads && name === gateways[0]?.status().election?.lead) === true);

  const [cut] = gateways;
  assert.ok(cut !== undefined);
  cut.cutUplink();
  await cut.log.append({ records: [cut.events.record({ stream: "data", type: "test.told", class: "public", producer: "test", data: {} })] });
  const lane = { origin: cut.log.origin, stream: "data" } as const;
  await until("the record is at the cloud", () => cloud.node.log.head(lane)?.hash === cut.log.head(lane)?.hash);
  assert.equal(cut.status().uplink?.state, "cut");
  assert.ok(cut.status().election?.relayedBy != null);
});

/** A port that was free a moment ago: siblings must know each other's address before either listens. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}
