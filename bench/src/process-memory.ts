/** Memory and processor time of another process as Linux counts them (proc(5)). */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessMemory {
  /** Pages in memory, those shared with other processes included. */
  readonly residentBytes: number;
  /** The same with each shared page divided among those who share it. */
  readonly proportionalBytes: number;
  /** Pages that no file stands behind. */
  readonly anonymousBytes: number;
}

/** Undefined where the system does not say. */
export function memoryOf(pid: number): ProcessMemory | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  } catch {
    return undefined; // not Linux, or the process is gone: the caller says what that means
  }
  const value = (name: string): number => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? Number.NaN);
  return { residentBytes: value("Rss"), proportionalBytes: value("Pss"), anonymousBytes: value("Anonymous") };
}

/** A process and all below it. */
export interface TreeMemory {
  /** Pages of files are counted once, however many of these processes have them in memory; they may be shared with others. */
  readonly residentBytes: number;
  readonly anonymousBytes: number;
  /** Resident bytes of the process itself, as it is listed. */
  readonly ownBytes: number;
  readonly processes: number;
}

/** Undefined where the system does not say. */
export function treeMemoryOf(pid: number): TreeMemory | undefined {
  const own = memoryOf(pid);
  if (own === undefined) return undefined;
  const processes = withDescendants(pid);
  const files = new Map<string, number>();
  let anonymousBytes = 0;
  for (const each of processes) {
    for (const { file, resident, anonymous } of mappingsOf(each)) {
      anonymousBytes += anonymous;
      files.set(file, Math.max(files.get(file) ?? 0, resident - anonymous));
    }
  }
  return { residentBytes: anonymousBytes + [...files.values()].reduce((sum, bytes) => sum + bytes, 0), anonymousBytes, ownBytes: own.residentBytes, processes: processes.length };
}

/** Those that live. */
function withDescendants(pid: number): readonly number[] {
  const parents = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const [state, parent] = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
      return state === "Z" ? [] : [{ pid: Number(name), parent: Number(parent) }];
    } catch {
      return []; // it has ended meanwhile
    }
  });
  const found = [pid];
  for (const one of found) found.push(...parents.filter(({ parent }) => parent === one).map((child) => child.pid)); // and theirs in turn
  return found;
}

/** `file`: what stands behind it, with the place in it. */
function mappingsOf(pid: number): readonly { readonly file: string; readonly resident: number; readonly anonymous: number }[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/smaps`, "utf8");
  } catch {
    return []; // it has ended meanwhile
  }
  return text.split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/).map((part) => {
    const [, offset = "", device = "", inode = ""] = /^\S+ \S+ (\S+) (\S+) (\S+)/.exec(part) ?? [];
    const value = (name: string): number => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(part)?.[1] ?? 0);
    return { file: `${device} ${inode} ${offset}`, resident: value("Rss"), anonymous: value("Anonymous") };
  });
}

const ticksPerSecond = 100;

/** User and system time since the process began, milliseconds; NaN where the system does not say. */
export function processorMsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (1000 * (Number(fields[11]) + Number(fields[12]))) / ticksPerSecond;
  } catch {
    return Number.NaN; // not Linux: the figure is left out
  }
}
