/** What this node shows of itself at one moment, by the names of `core/src/telemetry/catalogue.ts`. */
import type { HostStats } from "@holon/core/ports.ts";
import { streamNames } from "@holon/core/schema/event.ts";
import { printKey } from "@holon/core/telemetry/key.ts";
import type { MeterRow } from "../meter/meter.ts";
import type { NodeStatus } from "../node.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { asideCell } from "@holon/core/run/failed.ts";
import type { Ages } from "./ages.ts";
import type { Sample } from "./recorder.ts";

export interface SampleSources {
  readonly log: SegmentLog;
  readonly host: HostStats | undefined;
  status(): NodeStatus;
  metered(): readonly MeterRow[];
  held(): number;
  readonly ages: Pick<Ages, "seconds">;
  /** Totals, by key. */
  readonly judged: ReadonlyMap<string, number>;
}

export async function sampleOf({ log, host, status, metered, held, ages, judged }: SampleSources): Promise<Sample> {
  const lasting = new Map<string, number>(judged);
  const sums = new Map<string, number>();
  const figures = await host?.sample();
  const { upMs, uplink, children, agent, log: disk, export: out, alertRoutes } = status();
  const gauges = new Map<string, number>(ages.seconds(agent.units, streamNames.filter((stream) => log.head({ origin: log.origin, stream }) !== undefined)));
  for (const stream of streamNames) lasting.set(printKey("holon.log.records", { stream }), log.head({ origin: log.origin, stream })?.sequence ?? 0);
  for (const row of metered()) {
    const of = { app: row.app, function: row.function };
    lasting.set(printKey("holon.function.invocations", of), row.invocations);
    lasting.set(printKey("holon.function.events", of), row.events);
    lasting.set(printKey("holon.function.failures", of), row.failures);
    lasting.set(printKey("holon.function.processor.time", of), row.processorMs);
  }
  for (const [key, aside] of asideIn(log)) lasting.set(key, aside);
  for (const [stream, damaged] of damagedIn(disk.lost, log.origin)) lasting.set(printKey("holon.log.damage", { stream }), damaged);
  for (const unit of agent.units) gauges.set(printKey("holon.function.lag", { app: unit.app, function: unit.name }), unit.lag);
  if (uplink !== undefined) {
    sums.set(printKey("holon.link.io", { direction: "transmit" }), uplink.sentBytes);
    sums.set(printKey("holon.link.io", { direction: "receive" }), uplink.receivedBytes);
    gauges.set("holon.link.up", uplink.state === "open" ? 1 : 0);
    if (uplink.backlog !== undefined) gauges.set("holon.link.backlog", uplink.backlog);
  }
  if (out !== undefined) {
    gauges.set("holon.export.up", out.problem === undefined ? 1 : 0);
    gauges.set("holon.export.behind", out.behind);
    for (const outcome of ["sent", "withheld", "gone"] as const) sums.set(printKey("holon.export.records", { outcome }), out[outcome]);
    lasting.set(printKey("holon.export.records", { outcome: "aside" }), out.aside);
  }
  for (const { route, waiting, isFailing } of alertRoutes ?? []) {
    gauges.set(printKey("holon.alert.up", { route }), isFailing ? 0 : 1);
    gauges.set(printKey("holon.alert.waiting", { route }), waiting);
  }
  gauges.set("holon.children", children.length);
  gauges.set("holon.log.lost", disk.lost.reduce((sum, { first, last }) => sum + last - first + 1, 0));
  gauges.set("holon.log.size", disk.sizeBytes);
  gauges.set("holon.telemetry.held", held());
  gauges.set("process.uptime", upMs / 1_000);
  const own = host?.process?.();
  if (own !== undefined) {
    sums.set("process.cpu.time", own.processorSeconds);
    gauges.set("process.memory.usage", own.memoryBytes);
  }
  const { cpuUserPercent, cpuSystemPercent, memoryUsedPercent } = figures ?? {};
  if (cpuUserPercent !== undefined && cpuSystemPercent !== undefined) gauges.set("system.cpu.utilization", (cpuUserPercent + cpuSystemPercent) / 100);
  if (memoryUsedPercent !== undefined) gauges.set("system.memory.utilization", memoryUsedPercent / 100);
  return { lasting, sums, gauges };
}

/** Events that were ever set aside, by key of the metric. */
function asideIn(log: SegmentLog): ReadonlyMap<string, number> {
  return new Map([...log.cells(asideCell(""))].map(([cell, count]) => {
    const [, app = "", fn = ""] = cell.split("/");
    return [printKey("holon.function.aside", { app, function: fn }), Number(decoder.decode(count))] as const;
  }));
}
const decoder = new TextDecoder();

/** Records of this node that are damaged, by stream. */
function damagedIn(lost: NodeStatus["log"]["lost"], self: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { lane, first, last } of lost) {
    if (!lane.startsWith(`${self}/`)) continue;
    const stream = lane.slice(self.length + 1);
    counts.set(stream, (counts.get(stream) ?? 0) + last - first + 1);
  }
  return counts;
}
