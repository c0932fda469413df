/** Many real nodes in this process: each its own log on disk, its own uplink and TLS socket. What no child uses is not there. */
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import type { Ports } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { isNodeName } from "@holon/core/units.ts";
import { openNode, type HolonNode } from "@holon/node/node.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { createDiscovery } from "@holon/platform/discovery.ts";
import { createDisk } from "@holon/platform/disk.ts";
import { createNet } from "@holon/platform/net.ts";
import { createRandom } from "@holon/platform/random.ts";
import type { JoinInfo } from "@holon/platform/trust-join.ts";

const openAtOnce = 16;
const none = (what: string): Promise<never> => Promise.reject(new HolonError("HOLON_INTERNAL", `a child of the bench has no ${what}`));
const shared = {
  clock: createClock(),
  random: createRandom(),
  crypto: createCrypto(),
  codec: createCodec(),
  model: { load: () => none("models") },
  runner: { start: () => none("functions") },
  door: { open: () => none("sources") },
  trace: { note: () => undefined },
} satisfies Partial<Ports>;

export interface ChildrenOptions {
  readonly folder: string;
  readonly count: number;
  readonly parent: string;
  readonly trust: JoinInfo;
  /** What each has to tell. */
  readonly events: number;
}

/** The children with their uplinks cut, and events on their disks. */
export async function openChildren(options: ChildrenOptions): Promise<readonly HolonNode[]> {
  const nodes: HolonNode[] = [];
  let next = 0;
  const open = async (): Promise<void> => {
    while (next < options.count) nodes.push(await openChild(options, ++next));
  };
  await Promise.all(Array.from({ length: openAtOnce }, open));
  return nodes;
}

async function openChild({ folder, parent, trust, events }: ChildrenOptions, number: number): Promise<HolonNode> {
  const name = `child-${number}`;
  if (!isNodeName(name)) throw new Error(`${name} is no node name`);
  const config: NodeConfig = { apiVersion: "holon/v1", site: "bench", jurisdiction: "EU", control: false, name, tier: "gateway", parent, siblings: [] };
  const node = await openNode(config, { ...shared, discovery: createDiscovery([]), disk: createDisk(join(folder, name)), net: createNet({ name, join: trust }) });
  node.cutUplink();
  const records = Array.from({ length: events }, (_, index) => node.events.record({ stream: "data", type: "bench.event", class: "public", producer: "bench", data: { index, text: "x".repeat(200) } }));
  await node.log.append({ records });
  return node;
}
