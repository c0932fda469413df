/** Real nodes of one fleet in this process: a cloud with control, and gateways of one site below it that name each other. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Control } from "@holon/control/index.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import type { HolonNode } from "@holon/node/index.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { startNode, type MachineNode } from "../machine/compose.ts";
import { enrollHere } from "../machine/three.ts";
import { freePortBase } from "./free-ports.ts";

export interface Machines {
  readonly cloud: HolonNode;
  readonly control: Control;
  /** In the order of their names. */
  readonly gateways: readonly HolonNode[];
}

/** They end, the last first, with the test. */
export async function startMachines(context: TestContext, names: readonly string[]): Promise<Machines> {
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
  const { node: cloud, control } = await start({ ...base, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: "127.0.0.1:0", siblings: [] });
  assert.ok(control !== undefined);
  const portBase = await freePortBase(); // siblings know each other's address before either listens
  const addressOf = (name: string): string => `127.0.0.1:${portBase + names.indexOf(name)}`;
  for (const name of names) await enrollHere(join(data, name), { name, site: "plant", tier: "gateway" }, control);
  const gateways: HolonNode[] = [];
  for (const name of names) {
    const siblings = names.filter((sibling) => sibling !== name).map((sibling) => ({ name: sibling, address: `wss://${addressOf(sibling)}` }));
    gateways.push((await start({ ...base, name, site: "plant", tier: "gateway", control: false, listen: addressOf(name), parent: cloud.address ?? "", siblings })).node);
  }
  return { cloud, control, gateways };
}
