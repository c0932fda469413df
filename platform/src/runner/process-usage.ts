/** What a process and those that it started have used, as Linux tells it in `/proc` (proc(5)); nothing where it does not. */
import { readdirSync, readFileSync } from "node:fs";
import { limits } from "@holon/core/limits.ts";
import type { UnitUsage } from "@holon/core/ports.ts";

/** USER_HZ, which the kernel fixes for `/proc` whatever its own clock. */
const ticksPerSecond = 100;
const pageBytes = 4_096;

interface ProcessStat {
  readonly parent: number;
  /** Of the process and of those of its children that have ended and were waited for. */
  readonly ticks: number;
  readonly residentPages: number;
}

/** Undefined where the system has no `/proc`. */
export function usageOf(root: number): UnitUsage | undefined {
  const stats = new Map<number, ProcessStat>();
  try {
    for (const name of readdirSync("/proc")) {
      const stat = /^\d+$/.test(name) ? readStat(name) : undefined;
      if (stat !== undefined) stats.set(Number(name), stat);
    }
  } catch {
    return undefined;
  }
  let [ticks, pages] = [0, 0];
  for (const [pid, stat] of stats) {
    if (!isBelow(pid, root, stats)) continue;
    ticks += stat.ticks;
    pages += stat.residentPages;
  }
  return { processorMs: (ticks * 1_000) / ticksPerSecond, memoryBytes: pages * pageBytes };
}

/**
 * Why a program and those that it started are too much together, each of which the system bounds alone; undefined while they are not, and where nobody tells. What they share counts once.
 */
export function overMemory(root: number, memoryBytesMax: number): string | undefined {
  const pids = treeOf(root);
  if (pids.length > limits.programProcessesMax) return `it has more than ${limits.programProcessesMax} processes`;
  const resident = pids.reduce((sum, pid) => sum + (readStat(String(pid))?.residentPages ?? 0) * pageBytes, 0);
  if (resident <= memoryBytesMax) return undefined;
  const held = pids.reduce((sum, pid) => sum + shareOf(pid), 0);
  return held <= memoryBytesMax ? undefined : `its ${pids.length} processes hold ${Math.ceil(held / (1 << 20))} MiB together, of ${memoryBytesMax >> 20} MiB that it may have`;
}

/** It, and all below. Those whose parent ended are below the first of their namespace, which is. */
function treeOf(root: number): readonly number[] {
  const found = [root];
  for (let place = 0; place < found.length && found.length <= limits.programProcessesMax; place++) {
    try {
      for (const thread of readdirSync(`/proc/${found[place] ?? 0}/task`)) found.push(...readFileSync(`/proc/${found[place] ?? 0}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number));
    } catch {
      continue; // it has ended meanwhile, or the system does not tell
    }
  }
  return found;
}

/** The proportional set size (proc(5)): what is shared is divided among those who share it. */
function shareOf(pid: number): number {
  try {
    return Number(/^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

/** Fields behind the name, which may hold anything: parent 4, own and children's time 14 to 17, resident pages 24. */
function readStat(pid: string): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
    const at = (field: number): number => fields[field - 3] ?? 0;
    return { parent: at(4), ticks: at(14) + at(15) + at(16) + at(17), residentPages: at(24) };
  } catch {
    return undefined; // it has ended meanwhile
  }
}

function isBelow(pid: number, root: number, stats: ReadonlyMap<number, ProcessStat>): boolean {
  const seen = new Set<number>();
  for (let at: number | undefined = pid; at !== undefined && !seen.has(at); at = stats.get(at)?.parent) {
    if (at === root) return true;
    seen.add(at);
  }
  return false;
}
