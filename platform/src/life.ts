import { readFileSync } from "node:fs";

/** The system's own name for the time since it was started; undefined on systems that have none. */
export function machineLife(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return undefined;
  }
}
