/** What a single node knows of the fleet: itself, who is connected to it, and whether its parent is. Shown in place of the fleet where control is not in reach. */
import type { WithheldRow } from "@holon/core/policy/withheld.ts";
import type { ExportStatus } from "@holon/core/telemetry/export-status.ts";
import type { FleetAnswer, FleetNode } from "./fleet.ts";

export interface UnitStatus {
  readonly name: string;
  readonly app: string;
  readonly state: string;
  readonly status?: string;
  readonly handled: number;
  readonly emitted: number;
  readonly inferences: number;
  readonly inferenceMs: { readonly p50?: number | null; readonly p99?: number | null };
  readonly restarts: number;
  readonly failed: number;
  readonly lag: number;
  readonly problem?: { readonly code: string; readonly message: string; readonly next: string };
  /** Of a job. */
  readonly job?: { readonly phase: "idle" | "waits" | "runs" | "pauses"; readonly arrivesMs: number; readonly windows: readonly { readonly fromMs: number; readonly toMs: number }[] };
  readonly reduction?: { readonly kind: string; readonly on: string; readonly bytesIn: number; readonly bytesMade: number; readonly bytesLeaving: number };
}

export interface NodeStatus {
  readonly node: string;
  readonly site: string;
  readonly tier: string;
  readonly jurisdiction: string;
  readonly upMs: number;
  /** Its own wall clock as it said this; of a node of before unknown. */
  readonly wallMs?: number;
  readonly agent: {
    readonly state: string;
    readonly version: number;
    readonly sources: readonly { readonly name: string; readonly kind: string; readonly readings: number; readonly readBytes: number; readonly rejected: number; readonly address?: string; readonly problem?: { readonly message: string; readonly next: string } }[];
    readonly units: readonly UnitStatus[];
    readonly problem?: { readonly code: string; readonly message: string; readonly next: string };
  };
  readonly uplink?: { readonly state: string; readonly parent: string; readonly backlog?: number; readonly sentBytes: number; readonly receivedBytes: number; readonly sinceMs: number; readonly problem?: { readonly code: string; readonly message: string }; readonly budget?: unknown };
  readonly election?: { readonly lead: string | null; readonly members: readonly string[]; readonly reachable: readonly string[]; readonly why: string };
  readonly children: readonly { readonly node: string; readonly sentBytes: number; readonly receivedBytes: number; readonly sinceMs: number }[];
  readonly models: readonly { readonly model: string; readonly problem?: { readonly message: string } }[];
  readonly log: { readonly disk: string; readonly sizeBytes: number; readonly lost: readonly unknown[] };
  readonly blobsWanted: number;
  /** Telemetry on its way to a collector, where it names one. */
  readonly export?: ExportStatus;
  /** What its policy keeps there; a node of before tells nothing of it. */
  readonly withheld?: readonly WithheldRow[];
  /** `held`: its program is not what was adopted. */
  readonly measured?: { readonly held?: { readonly sinceMs: number; readonly found: string; readonly count: number; readonly first: readonly string[] } };
  /** What it knows of itself, and what it does not. */
  readonly known?: readonly { readonly what: string; readonly value: string | null; readonly source: string | null; readonly asOfMs: number | null; readonly stale: boolean }[];
}

/** Never the same run twice: all that is known is told anew each time. */
let told = 0;

export function islandOf(status: NodeStatus): FleetAnswer {
  const nowMs = performance.now();
  const { uplink, election } = status;
  const above = uplink === undefined ? undefined : new URL(uplink.parent).host;
  const self: FleetNode = {
    ...blank(status.node, status.site, status.tier),
    jurisdiction: status.jurisdiction,
    leads: election?.lead === status.node,
    heardAtMs: nowMs,
    desired: status.agent.version,
    reported: status.agent.version === 0 ? null : { version: status.agent.version, outcome: status.agent.state === "refused" ? "refused" : "settled", at: "" },
    link: above === undefined || uplink === undefined ? null : { to: above, state: uplink.state === "open" ? "open" : "lost", sinceAtMs: nowMs - uplink.sinceMs },
  };
  const children = status.children.map(({ node, sinceMs }) => ({ ...blank(node, status.site, "below"), heardAtMs: nowMs, link: { to: status.node, state: "open" as const, sinceAtMs: nowMs - sinceMs } }));
  const beside = (election?.members ?? []).filter((name) => name !== status.node && !children.some((child) => child.name === name)).map((name) => ({ ...blank(name, status.site, status.tier), leads: election?.lead === name, heardAtMs: election?.reachable.includes(name) === true ? nowMs : null }));
  const parent = above === undefined ? [] : [{ ...blank(above, "above", "above"), heardAtMs: uplink?.state === "open" ? nowMs : null }];
  const flows: Record<string, readonly [number, number]> = Object.fromEntries(status.children.map(({ node, sentBytes, receivedBytes }) => [node, [receivedBytes, sentBytes] as const]));
  if (uplink !== undefined) flows[status.node] = [uplink.sentBytes, uplink.receivedBytes];
  return {
    run: "island", revision: ++told, nowMs, asOf: new Date().toISOString(), asOfAtMs: nowMs, self: status.node,
    total: 1 + children.length + beside.length + parent.length,
    nodes: [...parent, self, ...beside, ...children],
    askedAtMs: { [status.node]: nowMs },
    unansweredAtMs: {},
    flows,
    backlogs: uplink?.backlog === undefined ? {} : { [status.node]: { records: uplink.backlog, atMs: nowMs } },
    next: null,
  };
}

const blank = (name: string, site: string, tier: string): FleetNode => ({ name, site, tier, jurisdiction: "", leads: false, api: null, startedAt: null, desired: 0, reported: null, heardAtMs: null, link: null, state: null, stateSinceAtMs: null });
