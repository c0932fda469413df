/** Figures of this machine: levels as they are, rates over the time since the sample before. */
import { availableParallelism, totalmem } from "node:os";
import { statfs } from "node:fs/promises";
import type { Clock, HostStats } from "@holon/core/ports.ts";
import { hostFigures, type HostFigure } from "@holon/core/telemetry/host-figures.ts";
import { canConfine } from "./confine.ts";
import { acceleratorsOf } from "./host/accelerators.ts";
import { powerSourceOf } from "./host/power.ts";
import { providersOf } from "./host/providers.ts";
import { readLinuxCounters } from "./host/stats-linux.ts";
import { readPortableCounters } from "./host/stats-portable.ts";

/** What the system counts and shows at one moment. A part that it does not tell is undefined. */
export interface HostCounters {
  /** Time of all processors together, in any one unit. */
  readonly cpu: { readonly user: number; readonly system: number; readonly wait: number | undefined; readonly total: number };
  readonly disk: { readonly readBytes: number; readonly writtenBytes: number } | undefined;
  readonly network: { readonly receivedBytes: number; readonly sentBytes: number } | undefined;
  readonly memoryUsedPercent: number;
  /** Over one minute, as `uptime` shows it. */
  readonly loadAverage: number;
  readonly runningProcesses: number | undefined;
}

/**
 * Samples this machine: from /proc on Linux, else through `node:os`. The first sample has no rates. Disks are physical devices,
 * networks physical interfaces where there are any and all but loopback elsewhere.
 * `folder`: where the node keeps its data.
 */
export function createHostStats(clock: Clock, folder?: string): HostStats {
  const readCounters = process.platform === "linux" ? readLinuxCounters : readPortableCounters;
  let before: { readonly counters: HostCounters; readonly atMs: number; readonly cpu: CpuFigures } | undefined;
  return {
    async capacity() {
      const disk = folder === undefined ? undefined : await statfs(folder).catch(() => undefined); // not every file system tells
      const [powerSource, accelerators] = [powerSourceOf(), acceleratorsOf()];
      return { processors: availableParallelism(), memoryBytes: totalmem(), confines: canConfine(), ...(accelerators === undefined ? {} : { accelerators }), ...(powerSource === undefined ? {} : { powerSource }), ...(disk === undefined ? {} : { diskBytes: disk.bavail * disk.bsize }) };
    },
    providers: () => providersOf(),
    process() {
      const { user, system } = process.cpuUsage();
      return { processorSeconds: (user + system) / 1e6, memoryBytes: process.memoryUsage.rss() };
    },
    async sample() {
      const counters = readCounters();
      const atMs = clock.monotonicMs();
      const cpu = before === undefined ? undefined : cpuBetween(before.counters.cpu, counters.cpu, before.cpu);
      const seconds = before === undefined ? 0 : (atMs - before.atMs) / 1000;
      const figures = figuresOf(counters, before?.counters, seconds, cpu);
      before = { counters, atMs, cpu: cpu ?? idle };
      return figures;
    },
  };
}

type CpuFigures = { readonly user: number; readonly system: number; readonly wait: number };
const idle: CpuFigures = { user: 0, system: 0, wait: 0 };

/** Shares of processor time, 0 to 100. Two samples within one tick of the kernel's accounting tell nothing new: the last shares stand. */
function cpuBetween(before: HostCounters["cpu"], now: HostCounters["cpu"], last: CpuFigures): CpuFigures {
  const total = now.total - before.total;
  if (total <= 0) return last;
  const share = (from: number, to: number): number => Math.min(100, (100 * Math.max(0, to - from)) / total);
  return { user: share(before.user, now.user), system: share(before.system, now.system), wait: share(before.wait ?? 0, now.wait ?? 0) };
}

function figuresOf(now: HostCounters, before: HostCounters | undefined, seconds: number, cpu: CpuFigures | undefined): Readonly<Record<string, number>> {
  const rate = (from: number | undefined, to: number | undefined): number | undefined =>
    from === undefined || to === undefined || seconds <= 0 ? undefined : Math.max(0, to - from) / 1024 / seconds;
  const figures: Readonly<Record<HostFigure, number | undefined>> = {
    cpuUserPercent: cpu?.user,
    cpuSystemPercent: cpu?.system,
    cpuWaitPercent: now.cpu.wait === undefined ? undefined : cpu?.wait,
    memoryUsedPercent: now.memoryUsedPercent,
    diskReadKiBPerSecond: rate(before?.disk?.readBytes, now.disk?.readBytes),
    diskWriteKiBPerSecond: rate(before?.disk?.writtenBytes, now.disk?.writtenBytes),
    networkReceivedKiBPerSecond: rate(before?.network?.receivedBytes, now.network?.receivedBytes),
    networkSentKiBPerSecond: rate(before?.network?.sentBytes, now.network?.sentBytes),
    loadAverage: now.loadAverage,
    runningProcesses: now.runningProcesses,
  };
  const sample: Record<string, number> = {};
  for (const name of hostFigures) {
    const value = figures[name];
    if (value !== undefined) sample[name] = Math.round(value * 1000) / 1000;
  }
  return sample;
}
