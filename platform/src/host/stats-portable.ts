/** Counters of a machine without /proc: what `node:os` tells. Disk, network and processes it does not. */
import { cpus, freemem, loadavg, totalmem } from "node:os";
import type { HostCounters } from "../host-stats.ts";

export function readPortableCounters(): HostCounters {
  let user = 0;
  let system = 0;
  let total = 0;
  for (const { times } of cpus()) {
    user += times.user + times.nice;
    system += times.sys + times.irq;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return {
    cpu: { user, system, wait: undefined, total },
    disk: undefined,
    network: undefined,
    memoryUsedPercent: 100 * (1 - freemem() / totalmem()),
    loadAverage: loadavg()[0] ?? 0,
    runningProcesses: undefined,
  };
}
