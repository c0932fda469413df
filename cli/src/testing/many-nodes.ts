/** Records of thousands of nodes, as they would have come over links, byte for byte as their own logs would write them. */
import { encodeStoredEvent } from "@holon/core/event/stored.ts";
import { emptyHash, encodeRun, parseRunHead, runBytes } from "@holon/core/log/run.ts";
import { printKey } from "@holon/core/telemetry/key.ts";
import { createDurationMeter, gaugeOf, windowType, type Window } from "@holon/core/telemetry/window.ts";
import { epochFromChance, isNodeName, type NodeName } from "@holon/core/units.ts";
import { integrity } from "@holon/node/testing/temp-log.ts";
import type { HolonNode } from "@holon/node/index.ts";

export const nodesPerSite = 20;
const publicClass = 1 << 4;

interface Told {
  readonly name: NodeName;
  readonly site: string;
  readonly lanes: { readonly [stream in "audit" | "telemetry"]: { sequence: number; hash: Uint8Array } };
}

interface Happening {
  readonly type: string;
  readonly data: unknown;
}

export interface ManyNodes {
  /** So many of them say that they took what they were issued, or refused it. */
  report(from: number, count: number, data: { readonly version: number; readonly outcome: "settled" | "refused" }): Promise<void>;
  /** What so many of them measured in the minute that ends now, as nodes tell it. */
  measure(from: number, count: number): Promise<void>;
}

/** They start, and say who is above them. */
export async function fillFleet({ log }: HolonNode, count: number): Promise<ManyNodes> {
  const nodes = Array.from({ length: count }, (_, place): Told => {
    const site = `site-${Math.floor(place / nodesPerSite)}`;
    return { name: nodeName(place), site, lanes: { audit: { sequence: 0, hash: emptyHash }, telemetry: { sequence: 0, hash: emptyHash } } };
  });
  const write = async (batch: readonly Told[], eventsOf: (node: Told) => readonly Happening[], stream: "audit" | "telemetry" = "audit"): Promise<void> => {
    await log.appendRuns(batch.map((node) => runOf(node, stream, eventsOf(node))));
  };
  for (let from = 0; from < count; from += 500) {
    await write(nodes.slice(from, from + 500), (node) => [
      { type: "holon.node.started", data: { site: node.site, tier: isLead(node) ? "edge" : "gateway", jurisdiction: "EU/DE", parent: "wss://above:7401", api: null } },
      { type: "holon.node.inventory", data: { capacity: {}, load: {}, providers: ["cpu"], prices: {}, power: {}, uplink: { parent: isLead(node) ? log.origin : nodeName(nodesPerSite * Number(node.site.slice(5))) } } },
    ]);
  }
  return {
    report: (from, size, data) => write(nodes.slice(from, from + size), () => [{ type: "holon.node.reported", data }]),
    measure: (from, size) => write(nodes.slice(from, from + size), (node) => [{ type: windowType, data: windowOf(Number(node.name.slice(2))) }], "telemetry"),
  };
}

/** About what a gateway with one function tells. */
function windowOf(place: number): Window {
  const endMs = Date.now();
  const everyMs = 60_000;
  const meter = createDurationMeter();
  for (let event = 0; event < 40; event++) meter.add(1 + ((place * 7 + event * 13) % 400) / 10);
  const unit = { app: "press", function: "judge" };
  return {
    startMs: endMs - everyMs, endMs, everyMs, merged: 1,
    sums: { [printKey("holon.log.records", { stream: "data" })]: 60, [printKey("holon.log.records", { stream: "local" })]: 600, [printKey("holon.function.events", unit)]: 600, [printKey("holon.link.io", { direction: "transmit" })]: 9_000, [printKey("holon.link.io", { direction: "receive" })]: 2_000, "process.cpu.time": 0.4 },
    gauges: { "holon.link.up": gaugeOf(1), "holon.link.backlog": gaugeOf(place % 5), "holon.log.size": gaugeOf(1e7 + place), "process.memory.usage": gaugeOf(9e7), "process.uptime": gaugeOf(1_000), [printKey("holon.function.lag", unit)]: gaugeOf(0) },
    durations: { [printKey("holon.function.duration", unit)]: meter.value() },
  };
}

const isLead = ({ name }: Told): boolean => Number(name.slice(2)) % nodesPerSite === 0;

function nodeName(place: number): NodeName {
  const name = `n-${place}`;
  if (!isNodeName(name)) throw new Error(`${name} is no node name`);
  return name;
}

const epoch = epochFromChance(new Uint8Array(13));

function runOf(node: Told, stream: "audit" | "telemetry", events: readonly Happening[]) {
  const lane = node.lanes[stream];
  const recordedMs = Date.now();
  const time = new Date(recordedMs).toISOString();
  const records = events.map(({ type, data }) => encodeStoredEvent({ type, source: `/${node.name}/node`, time, recordedtime: time, clock: "synced", class: "public", jurisdiction: "EU/DE", data }));
  const bytes = new Uint8Array(runBytes(node.name, records.length, records.reduce((sum, record) => sum + record.length, 0)));
  const content = { origin: node.name, epoch, stream, firstSequence: lane.sequence + 1, previousHash: lane.hash, classes: publicClass, recordedMs, records } as const;
  lane.hash = encodeRun(bytes, new DataView(bytes.buffer), 0, content, integrity);
  lane.sequence += records.length;
  const header = parseRunHead(bytes, bytes.length, integrity);
  if (header === undefined) throw new Error("the run does not read");
  return { header, bytes };
}
