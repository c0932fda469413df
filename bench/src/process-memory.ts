/** Memory of another process as Linux counts it (proc(5), `smaps_rollup`). */
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
