/** Records of thousands of nodes, as they would have come over links, byte for byte as their own logs would write them. */
import { encodeStoredEvent } from "@holon/core/event/stored.ts";
import { emptyHash, encodeRun, parseRunHead, runBytes } from "@holon/core/log/run.ts";
import { epochFromChance, isNodeName, type NodeName } from "@holon/core/units.ts";
import { integrity } from "@holon/node/testing/temp-log.ts";
import type { HolonNode } from "@holon/node/index.ts";

export const nodesPerSite = 20;
const publicClass = 1 << 4;

interface Told {
  readonly name: NodeName;
  readonly site: string;
  sequence: number;
  hash: Uint8Array;
}

export interface ManyNodes {
  /** So many of them say that they took what they were issued, or refused it. */
  report(from: number, count: number, data: { readonly version: number; readonly outcome: "settled" | "refused" }): Promise<void>;
}

/** They start, and say who is above them. */
export async function fillFleet({ log }: HolonNode, count: number): Promise<ManyNodes> {
  const nodes = Array.from({ length: count }, (_, place): Told => {
    const site = `site-${Math.floor(place / nodesPerSite)}`;
    return { name: nodeName(place), site, sequence: 0, hash: emptyHash };
  });
  const write = async (batch: readonly Told[], eventsOf: (node: Told) => readonly { readonly type: string; readonly data: unknown }[]): Promise<void> => {
    await log.appendRuns(batch.map((node) => runOf(node, eventsOf(node))));
  };
  for (let from = 0; from < count; from += 500) {
    await write(nodes.slice(from, from + 500), (node) => [
      { type: "holon.node.started", data: { site: node.site, tier: isLead(node) ? "edge" : "gateway", jurisdiction: "EU/DE", parent: "wss://above:7401", api: null } },
      { type: "holon.node.inventory", data: { capacity: {}, load: {}, providers: ["cpu"], prices: {}, power: {}, uplink: { parent: isLead(node) ? log.origin : nodeName(nodesPerSite * Number(node.site.slice(5))) } } },
    ]);
  }
  return { report: (from, size, data) => write(nodes.slice(from, from + size), () => [{ type: "holon.node.reported", data }]) };
}

const isLead = ({ name }: Told): boolean => Number(name.slice(2)) % nodesPerSite === 0;

function nodeName(place: number): NodeName {
  const name = `n-${place}`;
  if (!isNodeName(name)) throw new Error(`${name} is no node name`);
  return name;
}

const epoch = epochFromChance(new Uint8Array(13));

function runOf(node: Told, events: readonly { readonly type: string; readonly data: unknown }[]) {
  const recordedMs = Date.now();
  const time = new Date(recordedMs).toISOString();
  const records = events.map(({ type, data }) => encodeStoredEvent({ type, source: `/${node.name}/node`, time, recordedtime: time, clock: "synced", class: "public", jurisdiction: "EU/DE", data }));
  const bytes = new Uint8Array(runBytes(node.name, records.length, records.reduce((sum, record) => sum + record.length, 0)));
  const content = { origin: node.name, epoch, stream: "audit", firstSequence: node.sequence + 1, previousHash: node.hash, classes: publicClass, recordedMs, records } as const;
  node.hash = encodeRun(bytes, new DataView(bytes.buffer), 0, content, integrity);
  node.sequence += records.length;
  const header = parseRunHead(bytes, bytes.length, integrity);
  if (header === undefined) throw new Error("the run does not read");
  return { header, bytes };
}
