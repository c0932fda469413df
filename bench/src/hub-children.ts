/** Many real nodes in this process: each its own log on disk, its own uplink and TLS socket. What no child uses is not there. */
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import type { Authority, Disk, Ports } from "@holon/core/ports.ts";
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
import { benchAuthority, certify } from "./certify.ts";
import { tellFrames } from "./tell-frames.ts";

const openAtOnce = 16;
const smallDiskBytes = 48 << 20;
const none = (what: string): Promise<never> => Promise.reject(new HolonError("HOLON_INTERNAL", `a child of the bench has no ${what}`));
const shared = {
  clock: createClock(),
  random: createRandom(),
  crypto: createCrypto(),
  codec: createCodec(),
  model: { load: () => none("models") },
  runner: { start: () => none("functions") },
  door: { open: () => none("sources") },
  secrets: { read: () => none("secrets") },
  trace: { note: () => undefined },
} satisfies Partial<Ports>;

export interface ChildrenOptions {
  readonly folder: string;
  /** Number of the first; names are made of them. */
  readonly first: number;
  readonly count: number;
  readonly parent: string;
  /** Folder of the node that has the authority. */
  readonly authority: string;
  /** What each has to tell. */
  readonly events: number;
}

export interface Children {
  /** Lets all of them connect; milliseconds from then until each has delivered all. Rejects at the bound, with the reason of one that has not. */
  converge(boundMs: number): Promise<readonly number[]>;
}

interface Child {
  readonly node: HolonNode;
  /** Called after each frame that came in was handled. */
  readonly told: { look: () => void };
}

/** The children with their uplinks cut, and events on their disks. */
export async function openChildren(options: ChildrenOptions): Promise<Children> {
  const children: Child[] = [];
  const authority = await benchAuthority(options.authority);
  let next = options.first;
  const open = async (): Promise<void> => {
    while (next < options.first + options.count) children.push(await openChild(options, authority, next++));
  };
  await Promise.all(Array.from({ length: openAtOnce }, open));
  return { converge: (boundMs) => converge(children, boundMs) };
}

async function openChild({ folder, parent, events }: ChildrenOptions, authority: Authority, number: number): Promise<Child> {
  const name = `child-${number}`;
  if (!isNodeName(name)) throw new Error(`${name} is no node name`);
  const config: NodeConfig = { apiVersion: "holon/v1", site: "bench", jurisdiction: "EU", control: false, name, tier: "gateway", parent, siblings: [] };
  const told: Child["told"] = { look: () => undefined };
  const net = tellFrames(createNet({ name, identity: await certify(authority, join(folder, name), config) }), () => told.look());
  const node = await openNode(config, { ...shared, discovery: createDiscovery([]), disk: onSmallDisk(createDisk(join(folder, name))), net });
  node.cutUplink();
  const records = Array.from({ length: events }, (_, index) => node.events.record({ stream: "data", type: "bench.event", class: "public", producer: "bench", data: { index, text: "x".repeat(200) } }));
  await node.log.append({ records });
  return { node, told };
}

/** On a small disk nothing is kept aside for the day when it is full: thousands of reserves would be written before the bench begins. */
const onSmallDisk = (disk: Disk): Disk => ({ ...disk, space: () => Promise.resolve({ freeBytes: smallDiskBytes, totalBytes: smallDiskBytes }) });

function converge(children: readonly Child[], boundMs: number): Promise<readonly number[]> {
  const startMs = performance.now();
  const tookMs: number[] = [];
  const waiting = new Set(children.map(({ node }) => node));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const [first] = waiting;
      reject(new Error(`${waiting.size} of ${children.length} nodes have not delivered all in ${boundMs} ms: ${first?.status().uplink?.problem?.message ?? "no reason known"}`));
    }, boundMs);
    for (const { node, told } of children) {
      told.look = () => {
        const { state, backlog } = node.status().uplink ?? {};
        if (state !== "open" || backlog !== 0 || !waiting.delete(node)) return;
        told.look = () => undefined;
        tookMs.push(performance.now() - startMs);
        if (waiting.size > 0) return;
        clearTimeout(timer);
        resolve(tookMs);
      };
      node.healUplink();
    }
  });
}
