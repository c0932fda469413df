/**
 * What a node tells of itself to whoever looks for a fault: put together field by field from what is known to be harmless, never a copy of what is there. What functions say of
 * themselves is not among it: their words may hold readings.
 */
import { findingsOf, examinedSchema, type Finding } from "@holon/core/diagnosis/findings.ts";
import { problemWithoutForeignWords, type Redactor } from "@holon/core/diagnosis/redact.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import type { Ports } from "@holon/core/ports.ts";
import type { UnitStatus } from "../run/unit.ts";
import type { NodeStatus } from "../node.ts";
import type { PolicyInForce } from "../policy/in-force.ts";

export interface ReportContext {
  readonly ports: Pick<Ports, "clock" | "disk" | "diagnostics" | "identity">;
  status(): NodeStatus;
  policy(): PolicyInForce;
  /** Alarms of this node that are not older than the log, newest last. */
  alarms(): Promise<readonly { readonly type: string; readonly at: string }[]>;
}

export interface HealthReport {
  readonly node: string;
  readonly asOf: string;
  readonly findings: readonly Finding[];
  readonly [part: string]: unknown;
}

export async function healthReport(context: ReportContext, redactor: Redactor): Promise<HealthReport> {
  const { ports } = context;
  const status = withOurWords(context.status());
  const wall = ports.clock.wall();
  const disk = await ports.disk.space();
  const facts = (await ports.diagnostics?.facts()) ?? {};
  const memory = typeof facts["memoryFreeBytes"] === "number" && typeof facts["memoryTotalBytes"] === "number" ? { freeBytes: facts["memoryFreeBytes"], totalBytes: facts["memoryTotalBytes"] } : undefined;
  const expiresMs = ports.identity?.validity()?.expiresMs;
  const certificateMs = expiresMs === undefined || wall.state === "unknown" ? undefined : expiresMs - wall.ms;
  const { own, hash, version } = context.policy();
  const { uplink, log, agent, children, signatures, measured } = status;
  const report = {
    node: status.node, site: status.site, tier: status.tier, jurisdiction: status.jurisdiction,
    asOf: isoTime(wall.ms), clock: wall.state, upMs: Math.round(status.upMs),
    findings: findingsOf(status.node, examinedSchema.parse(status), { clock: wall.state, disk, memory, certificateMs }),
    certificateMs: certificateMs ?? null,
    machine: facts,
    disk: { state: log.disk, logBytes: log.sizeBytes, freeBytes: disk?.freeBytes ?? null, totalBytes: disk?.totalBytes ?? null, damaged: log.lost.length, unsettled: log.unsettled.length, mended: log.mended, scrubbed: log.scrubbed ?? null },
    link: uplink === undefined ? null : { state: uplink.state, sinceMs: Math.round(uplink.sinceMs), backlog: uplink.backlog ?? null, sentBytes: uplink.sentBytes, receivedBytes: uplink.receivedBytes, budget: uplink.budget, toldLater: uplink.toldLater, problem: uplink.problem ?? null, held: uplink.held },
    children: children.slice(0, rowsTold).map(({ node, sinceMs, sentBytes, receivedBytes }) => ({ node, sinceMs: Math.round(sinceMs), sentBytes, receivedBytes })),
    childrenMore: Math.max(0, children.length - rowsTold),
    runs: { state: agent.state, version: agent.version, blobsWanted: status.blobsWanted, problem: agent.problem ?? null },
    units: agent.units.map(({ app, name, state, handled, emitted, inferences, restarts, failed, lag, callMs, problem }) => ({ app, name, state, handled, emitted, inferences, restarts, failed, lag, callMs: callMs ?? null, problem: problem ?? null })),
    sources: agent.sources.map(({ name, kind, readings, rejected, ended, problem }) => ({ name, kind, readings, rejected, ended, problem: problem ?? null })),
    signatures: signatures === undefined ? null : { ...signatures },
    altered: measured?.altered.map(({ what }) => what) ?? null,
    heldBack: measured?.held ?? null,
    export: status.export ?? null,
    policy: { name: own.policy.name, version: own.policy.version, hash: hash ?? null, documentVersion: version },
    lanes: status.lanes.slice(0, rowsTold),
    lanesMore: Math.max(0, status.lanes.length - rowsTold),
    alarms: await context.alarms(),
  };
  return { ...report, ...(redactor.value(report) as typeof report) };
}

/** Children and lanes that it names: a root may have ten thousand, and one answer is bounded. At the bound: how many more there are. */
const rowsTold = 256;

/** A status without what functions, and what they were handed, said of themselves. */
function withOurWords(status: NodeStatus): NodeStatus {
  const ours = (problem: UnitStatus["problem"]): UnitStatus["problem"] => problem && problemWithoutForeignWords(problem);
  const { agent } = status;
  return {
    ...status,
    agent: {
      ...agent,
      problem: ours(agent.problem),
      units: agent.units.map((unit) => ({ ...unit, status: undefined, problem: ours(unit.problem) })),
      sources: agent.sources.map((source) => ({ ...source, problem: ours(source.problem) })),
    },
  };
}
