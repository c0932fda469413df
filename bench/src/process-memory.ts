/** Memory and processor time of another process as Linux counts them (proc(5)). */
import { readFileSync } from "node:fs";

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
