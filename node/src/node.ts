/**
 * One node: a log, a runtime, a guard, and a link to its parent and from its children, over ports. It opens from its own disk and
 * needs nothing else to work.
 */
import type { HolonError } from "@holon/core/errors.ts";
import { laneName, type Lane, type Mark, type NewRecord } from "@holon/core/log/log.ts";
import type { Integrity } from "@holon/core/log/run.ts";
import type { Ports } from "@holon/core/ports.ts";
import type { StreamName } from "@holon/core/schema/event.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { isNodeName, type NodeName } from "@holon/core/units.ts";
import { openBlobStore, type BlobStore } from "./blob/store.ts";
import { createAgent, type Agent, type AgentStatus } from "./desired/agent.ts";
import { createEvents, type Events } from "./event/events.ts";
import { createAdmission, defaultAdmissionBounds, type Admission, type AdmissionBounds, type AdmissionStatus } from "@holon/core/link/admission.ts";
import { createBlobExchange } from "./link/blob-exchange.ts";
import { createCalls, type CallHandler, type Calls } from "./link/calls.ts";
import { createDownlinks, type DownlinkStatus, type Downlinks } from "./link/downlinks.ts";
import { createUplink, type Uplink, type UplinkStatus } from "./link/uplink.ts";
import type { Damage } from "./log/recover.ts";
import { openLog, type SegmentLog } from "./log/segment-log.ts";
import { createEgressGuard, type EgressGuard } from "./policy/egress-guard.ts";

export interface NodeStatus {
  readonly node: NodeName;
  readonly site: string;
  readonly tier: NodeConfig["tier"];
  readonly jurisdiction: string;
  readonly upMs: number;
  readonly agent: AgentStatus;
  readonly uplink: UplinkStatus | undefined;
  readonly children: readonly DownlinkStatus[];
  /** How much of its children it takes on; undefined where it takes none. */
  readonly admission: AdmissionStatus | undefined;
  readonly lanes: readonly { readonly lane: string; readonly sequence: number }[];
  readonly damage: readonly Damage[];
}

export interface HolonNode {
  readonly config: NodeConfig;
  readonly log: SegmentLog;
  readonly blobs: BlobStore;
  readonly events: Events;
  readonly calls: Calls;
  /** Where children reach it, if it takes any. */
  readonly address: string | undefined;
  /** Tells the trail that the node has started, and where its local API is reached (`http://127.0.0.1:7402`) if it has one. */
  announce(api?: string): Promise<void>;
  status(): NodeStatus;
  cutUplink(): void;
  healUplink(): void;
  /** Methods of `call` that this node answers. */
  readonly handlers: Map<string, CallHandler>;
  close(): Promise<void>;
}

/** Parts that need each other through closures. */
interface Parts {
  uplink: Uplink | undefined;
  downlinks: Downlinks | undefined;
  agent: Agent | undefined;
}

/** Rules that a test may replace. */
export interface NodeRules {
  readonly admission?: (bounds: AdmissionBounds) => Admission;
}

export async function openNode(config: NodeConfig, ports: Ports, rules: NodeRules = {}): Promise<HolonNode> {
  const name = config.name as NodeName; // the configuration's schema has checked it
  const startedMs = ports.clock.monotonicMs();
  const events = createEvents(config, ports.clock);
  const integrity: Integrity = { sha256: ports.crypto.sha256, crc32: ports.codec.crc32 };
  const { clock, disk, random } = ports;
  const log = await openLog({ origin: name, disk, clock, random, integrity, opened: (stream, predecessor) => openedRecord(events, stream, predecessor) });
  for (const damage of log.damage) ports.trace.note("error", `${damage.segment}: bytes ${damage.fromByte} to ${damage.toByte} are damaged (${damage.what})`, { code: "HOLON_LOG_DAMAGED" });
  const blobs = await openBlobStore(disk, ports.crypto);
  const handlers = new Map<string, CallHandler>();
  const parts: Parts = { uplink: undefined, downlinks: undefined, agent: undefined };
  const failed = (error: unknown): void => ports.trace.note("warn", error instanceof Error ? error.message : String(error));
  const route = (to: NodeName) => parts.downlinks?.towards(to) ?? parts.uplink?.peer();
  const calls = createCalls({ self: name, clock, handlers, route: (to, from) => withoutReturn(route(to), from) });
  const exchange = createBlobExchange(blobs, config.parent === undefined, failed);
  const guard = createEgressGuard(log, events, "*");
  const refused = new Set<string>();
  const refuseLane = (lane: string, message: string): void => {
    if (refused.has(lane)) return; // told once in this epoch; saying it at each reconnection would fill the alarm stream
    refused.add(lane);
    log.append({ records: [forkRecord(events, lane, message)] }).catch(failed);
  };

  if (config.parent !== undefined) {
    parts.uplink = createUplink({ config, parent: config.parent, log, ports, calls, blobs: exchange, mayLeave: guard.mayLeave, refused: refuseLane });
  }
  parts.agent = createAgent({ log, events, blobs, guard, ports, fetch: exchange.fetch });
  if (config.listen !== undefined) {
    const { creditBytes, waitingMax } = config.downlink ?? {};
    const bounds = { ...defaultAdmissionBounds, ...(creditBytes === undefined ? {} : { creditBytesMax: creditBytes }), ...(waitingMax === undefined ? {} : { waitingMax }) };
    const admission = (rules.admission ?? createAdmission)(bounds);
    parts.downlinks = createDownlinks({ admission, log, integrity, ports, calls, blobs: exchange, safe: (_lane, received) => received, forked: (lane, reason) => refuseLane(laneName(lane), reason) });
  }
  const unsubscribe = log.onCommit(({ lanes, cells }) => committed(parts, name, lanes, cells));
  const address = config.listen === undefined ? undefined : await parts.downlinks?.listen(config.listen);
  parts.agent.reconcile();
  parts.uplink?.start();

  return {
    config,
    log,
    blobs,
    events,
    calls,
    handlers,
    address,
    announce: async (api) => void (await log.append({ records: [startedRecord(events, config, api)] })),
    status: () => statusOf(config, log, parts, clock.monotonicMs() - startedMs),
    cutUplink: () => parts.uplink?.cut(),
    healUplink: () => parts.uplink?.heal(),
    close: () => closeNode(parts, log, guard, unsubscribe),
  };
}

function withoutReturn<T>(peer: T | undefined, from: T | undefined): T | undefined {
  return peer === from ? undefined : peer;
}

function committed(parts: Parts, self: NodeName, lanes: readonly Lane[], cells: readonly string[]): void {
  const names = lanes.map(laneName);
  parts.agent?.committed(names);
  parts.uplink?.committed(lanes.filter((lane) => lane.stream !== "local").map(laneName));
  for (const cell of cells) {
    if (!cell.startsWith("desired/")) continue;
    const node = cell.slice("desired/".length);
    if (node === self) parts.agent?.reconcile();
    else if (isNodeName(node)) parts.downlinks?.documentChanged(node);
  }
}

async function closeNode(parts: Parts, log: SegmentLog, guard: EgressGuard, unsubscribe: () => void): Promise<void> {
  await parts.agent?.close();
  await guard.closeDecisions().catch(() => undefined); // a log that takes no more is being closed anyway
  parts.uplink?.close();
  await parts.downlinks?.close();
  unsubscribe();
  await log.close();
}

function statusOf(config: NodeConfig, log: SegmentLog, parts: Parts, upMs: number): NodeStatus {
  return {
    node: log.origin,
    site: config.site,
    tier: config.tier,
    jurisdiction: config.jurisdiction,
    upMs,
    agent: parts.agent?.status() ?? { state: "idle", version: 0, sources: [], units: [], problem: undefined },
    uplink: parts.uplink?.status(),
    children: parts.downlinks?.status() ?? [],
    admission: parts.downlinks?.admission(),
    lanes: [...log.heads()].map(([lane, { mark }]) => ({ lane, sequence: mark.sequence })).sort((a, b) => (a.lane < b.lane ? -1 : 1)),
    damage: log.damage,
  };
}

const openedRecord = (events: Events, stream: StreamName, predecessor: Mark | undefined): NewRecord =>
  events.record({ stream, type: "holon.log.opened", class: "public", producer: "log", data: { predecessor: predecessor ?? null } });

const startedRecord = (events: Events, { site, tier, jurisdiction, parent }: NodeConfig, api: string | undefined): NewRecord =>
  events.record({ stream: "audit", type: "holon.node.started", class: "public", producer: "node", data: { site, tier, jurisdiction, parent: parent ?? null, api: api ?? null } });

const forkRecord = (events: Events, lane: string, message: string): NewRecord =>
  events.record({ stream: "alarm", type: "holon.link.fork", class: "public", producer: "link", data: { lane, message, code: "HOLON_LINK_FORK" satisfies HolonError["code"] } });
