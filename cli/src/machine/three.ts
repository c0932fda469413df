/** A cloud, an edge site and a gateway on this machine: separate data folders, real TLS links over loopback. */
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import type { Control } from "@holon/control/index.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { isNodeName } from "@holon/core/units.ts";
import { createClock } from "@holon/platform/clock.ts";
import { enrollThrough } from "@holon/platform/identity/ask.ts";
import { NodeIdentity } from "@holon/platform/identity.ts";
import type { TraceOutput } from "@holon/platform/trace.ts";
import { throwIfEnded } from "../ending.ts";
import { startNode, type MachineNode } from "./compose.ts";
import { openLocalPublisher, pinPublisher } from "./local-publisher.ts";
import { makeToken } from "./token.ts";

export interface Three {
  readonly cloud: MachineNode;
  readonly edge: MachineNode;
  readonly gateway: MachineNode;
  /** Folder of the publisher whose root these nodes have pinned. */
  readonly publisher: string;
  close(): Promise<void>;
}

export interface ThreeOptions {
  readonly data: string;
  /** First of seven ports in a row; 0 lets the system choose each. */
  readonly portBase: number;
  readonly jurisdiction: string;
  /** What ends the command before it has started: thrown when all that was started is closed. */
  readonly ended?: AbortSignal;
  /** What a node measures, where that is not what every node does. */
  readonly telemetry?: (node: string) => NodeConfig["telemetry"];
  /** To whom a node tells what is wrong. */
  readonly alerts?: (node: string) => NodeConfig["alerts"];
  readonly trace: { readonly level: "debug" | "info" | "warn" | "error"; readonly output: TraceOutput };
}

export const defaultPortBase = 7400;

export async function startThree(options: ThreeOptions): Promise<Three> {
  const { data, portBase, jurisdiction, trace } = options;
  const token = await makeToken(data);
  const publisher = await openLocalPublisher(data);
  const started: MachineNode[] = [];
  const close = async (): Promise<void> => {
    for (const machine of started.splice(0).reverse()) await machine.close();
  };
  const at = (offset: number): string => `127.0.0.1:${portBase === 0 ? 0 : portBase + offset}`;
  const start = async (config: NodeConfig, api: string, control?: Control): Promise<MachineNode> => {
    if (control !== undefined) await enrollHere(join(data, config.name), config, control);
    await pinPublisher(publisher, join(data, config.name));
    throwIfEnded(options.ended);
    const machine = await startNode({ config: { ...config, telemetry: options.telemetry?.(config.name), alerts: options.alerts?.(config.name) }, data, api, token, trace });
    started.push(machine);
    return machine;
  };
  try {
    const base = { apiVersion: "holon/v1" as const, jurisdiction, control: false, siblings: [] };
    const uplink = { jurisdiction }; // all three stand on this machine
    const cloud = await start({ ...base, name: "cloud-1", site: "cloud", tier: "cloud", control: true, listen: at(1) }, at(0));
    const edge = await start({ ...base, name: "edge-1", site: "plant", tier: "edge", listen: at(3), parent: addressOf(cloud), uplink: { ...uplink, node: "cloud-1" } }, at(4), cloud.control);
    const gateway = await start({ ...base, name: "gateway-1", site: "plant", tier: "gateway", parent: addressOf(edge), uplink: { ...uplink, node: "edge-1" } }, at(6), cloud.control);
    throwIfEnded(options.ended);
    return { cloud, edge, gateway, publisher, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A node beside control on the same machine needs no one to carry a token. What is enrolled already stays as it is, also revoked. */
export async function enrollHere(folder: string, { name, site, tier }: Pick<NodeConfig, "name" | "site" | "tier">, { registrar }: Control): Promise<void> {
  if (registrar === undefined) throw new HolonError("HOLON_INTERNAL", "control has no authority");
  const identity = await NodeIdentity.open(folder, createClock());
  const self = identity.self();
  if (self?.node === name && self.site === site && identity.authority() === registrar.fingerprint) return;
  const { token } = await registrar.invite({ node: name, site, tier });
  await enrollThrough(identity, token, registrar.enroll);
}

function addressOf({ node }: MachineNode): string {
  if (node.address === undefined || !isNodeName(node.config.name)) throw new HolonError("HOLON_INTERNAL", `${node.config.name} does not listen`);
  return node.address;
}
