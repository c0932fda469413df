/** Tells control what this node is made of: what the machine measures, what the link does, what the operator declares. At the start, when something has changed, and once a day. */
import { toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { Clock, HostStats, Random, Timer, Trace } from "@holon/core/ports.ts";
import type { NodeConfig } from "@holon/core/schema/node.ts";
import { toBase64 } from "@holon/core/series/base64.ts";
import { planMethods, type NodeReport } from "@holon/core/schema/node-report.ts";
import type { Events } from "../event/events.ts";
import type { Calls } from "../link/calls.ts";
import type { Peer } from "../link/peer.ts";
import { isNews } from "./news.ts";
import { reportOf, type Found, type ReportInput, type Way } from "./report.ts";
import { createSteadyLoad } from "./steady-load.ts";

export interface ReporterOptions {
  readonly config: NodeConfig;
  readonly events: Events;
  readonly calls: Calls;
  readonly ports: { readonly clock: Clock; readonly random: Random; readonly trace: Trace };
  readonly host: HostStats | undefined;
  /** The way up, if it is open. */
  above(): Peer | undefined;
  /** Other nodes of its site that are reached now. */
  beside(): readonly Peer[];
  /** Milliseconds of one event, by unit that runs here. */
  speeds(): Readonly<Record<string, number>>;
  append(record: NewRecord): Promise<unknown>;
}

export interface Reporter {
  start(): void;
  /** As it was seen last. */
  seen(): NodeReport | undefined;
  /** A link may have opened. */
  linksChanged(): void;
  close(): void;
}

const echoes = 3;
/** Reports in a row, as at a start, before the bound of their rate holds. */
const burst = 4;

export function createReporter(options: ReporterOptions): Reporter {
  const { config, events, ports, host } = options;
  const { clock } = ports;
  let last: { readonly report: NodeReport; readonly atMs: number } | undefined;
  let seen: NodeReport | undefined;
  let way: Way | undefined;
  /** Of the link's bandwidth, since the first of this day. */
  let probes: { readonly parent: string; readonly firstMs: number; readonly count: number; readonly shortestMs: number } = { parent: "", firstMs: Number.NEGATIVE_INFINITY, count: 0, shortestMs: Number.POSITIVE_INFINITY };
  let timer: Timer | undefined;
  let looking = false;
  let again = false;
  let tokens = burst;
  let refilledMs = clock.monotonicMs();
  /** Of the last sample, and when that was. */
  let load: ReportInput["load"] = {};
  const steadyLoad = createSteadyLoad();
  let sampledMs = Number.NEGATIVE_INFINITY;
  /** What the model runtime has, and when it was asked; not in the first minute, which is for what the node has to do. */
  let providers: Found | undefined;
  let triedMs = clock.monotonicMs() - limits.inventoryReportMsMax + limits.inventoryLookMs / 2;
  let started = false;
  let closed = false;

  async function look(): Promise<void> {
    const peer = options.above();
    if (peer !== undefined) {
      const same = way?.parent === peer.name ? way : undefined;
      const latencyMs = (await latencyTo(peer)) ?? same?.latencyMs;
      way = { parent: peer.name, latencyMs, bandwidth: await bandwidthTo(peer, latencyMs, same) };
    }
    const beside = await latenciesTo(options.beside());
    const report = reportOf({ config, nowMs: clock.wall().ms, beside, capacity: (await host?.capacity()) ?? {}, load: await loadNow(), way, providers: await providersNow(), speeds: options.speeds() });
    seen = report;
    const nowMs = clock.monotonicMs();
    const news = last === undefined ? "told" : isNews(last.report, report);
    const agoMs = nowMs - (last?.atMs ?? Number.NEGATIVE_INFINITY);
    const isDue = news === "told" || (news === "measured" && agoMs >= limits.inventoryReportMsMin) || agoMs >= limits.inventoryReportMsMax;
    if (closed || !isDue || !mayTell(nowMs)) return;
    last = { report, atMs: nowMs };
    await options.append(events.record({ stream: "audit", type: "holon.node.inventory", class: "public", producer: "node", data: report }));
  }

  /** Over half the time between two looks at least: links that open one after the other are no looks. */
  async function loadNow(): Promise<ReportInput["load"]> {
    const nowMs = clock.monotonicMs();
    if (host === undefined || nowMs - sampledMs < limits.inventoryLookMs / 2) return load;
    sampledMs = nowMs;
    const { cpuUserPercent: user, cpuSystemPercent: system, memoryUsedPercent: memory } = await host.sample();
    return (load = { processors: steadyLoad(user === undefined || system === undefined ? undefined : user + system), memory });
  }

  /** Once a day: what could not be found out this time is known as it was. */
  async function providersNow(): Promise<Found | undefined> {
    const nowMs = clock.monotonicMs();
    if (host?.providers === undefined || closed || nowMs - triedMs < limits.inventoryReportMsMax) return providers;
    triedMs = nowMs;
    const names = await host.providers();
    return (providers = names === undefined ? providers : { names: [...names], asOfMs: clock.wall().ms });
  }

  function mayTell(nowMs: number): boolean {
    const refilled = Math.floor((nowMs - refilledMs) / limits.inventoryReportMsMin);
    refilledMs += refilled * limits.inventoryReportMsMin;
    tokens = Math.min(burst, tokens + refilled);
    if (tokens === 0) return false; // the next look tells it
    tokens -= 1;
    return true;
  }

  /** One way, half of the shortest of a few round trips. A parent that does not know the question answers all the same. */
  async function latencyTo(peer: Peer): Promise<number | undefined> {
    let shortest: number | undefined;
    for (let count = 0; count < echoes; count++) {
      const askedMs = clock.monotonicMs();
      const answered = await options.calls.callPeer(peer, planMethods.echo, null, limits.nodeRenewAskMs).then(() => true, (error: unknown) => toHolonError(error).code === "HOLON_CALL_UNKNOWN");
      if (!answered) return shortest;
      const tookMs = clock.monotonicMs() - askedMs;
      shortest = Math.min(shortest ?? tookMs, tookMs);
    }
    return shortest === undefined ? undefined : shortest / 2;
  }

  /** Who does not answer is left out. */
  async function latenciesTo(peers: readonly Peer[]): Promise<Readonly<Record<string, number>>> {
    const measured = await Promise.all(peers.map(async (peer) => [peer.name, await latencyTo(peer)] as const));
    return Object.fromEntries(measured.flatMap(([name, latencyMs]) => (latencyMs === undefined ? [] : [[name, latencyMs] as const])));
  }

  /** Up, of a link on which bytes cost nothing: how much longer a question of some size takes than a small one, at the quickest of a few. At the first looks of each day, one a look, and not at the first of a link: when that opens, both ends have other things to do, and it is to carry what came meanwhile. Of random bytes, which frames cannot pack: in base 64 they take their own length. */
  async function bandwidthTo(peer: Peer, latencyMs: number | undefined, before: Way | undefined): Promise<Way["bandwidth"]> {
    const nowMs = clock.monotonicMs();
    const isFree = (config.uplink?.priceClass ?? "free") === "free" && config.uplink?.budgetBytesPerHour === undefined;
    if (before === undefined) return undefined;
    if (nowMs - probes.firstMs >= limits.bandwidthProbeMs || probes.parent !== peer.name) probes = { parent: peer.name, firstMs: nowMs, count: 0, shortestMs: Number.POSITIVE_INFINITY };
    if (!isFree || latencyMs === undefined || config.inventory?.uplink?.bytesPerSecond !== undefined || probes.count >= limits.bandwidthProbes) return before.bandwidth;
    const probe = toBase64(ports.random.bytes(limits.bandwidthProbeBytes));
    const answered = await options.calls.callPeer(peer, planMethods.echo, probe, limits.nodeRenewAskMs).then(() => true, () => false);
    const tookMs = answered ? clock.monotonicMs() - nowMs - 2 * latencyMs : Number.POSITIVE_INFINITY;
    probes = { ...probes, count: probes.count + 1, shortestMs: Math.min(probes.shortestMs, tookMs) };
    return Number.isFinite(probes.shortestMs) ? { bytesPerSecond: Math.round((1_000 * limits.bandwidthProbeBytes) / Math.max(limits.bandwidthProbeMsMin, probes.shortestMs)), asOfMs: clock.wall().ms } : before.bandwidth;
  }

  function lookNow(): void {
    if (closed) return;
    if (looking) return void (again = true);
    looking = true;
    timer?.cancel();
    look()
      .catch((error: unknown) => ports.trace.note("warn", `inventory: ${toHolonError(error).message}`))
      .finally(() => {
        looking = false;
        if (closed) return;
        timer = clock.after(again ? 0 : limits.inventoryLookMs, lookNow);
        again = false;
      });
  }

  return {
    seen: () => seen,
    start() {
      started = true;
      lookNow();
    },
    linksChanged() {
      const peer = options.above();
      if (started && peer !== undefined && peer.name !== way?.parent) lookNow();
    },
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}
