/**
 * Counters of a Linux machine from /proc (proc(5)). Read synchronously: the kernel answers from memory in microseconds, a round
 * through the thread pool would cost more.
 */
import { existsSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { HolonError } from "@holon/core/errors.ts";
import type { HostCounters } from "../host-stats.ts";

/** /proc/diskstats counts in sectors of 512 bytes whatever the device's own are. */
const sectorBytes = 512;

/** `HOLON_SOURCE_UNREADABLE` where /proc is not as proc(5) says. */
export function readLinuxCounters(): HostCounters {
  return {
    ...parseStat(readProc("stat")),
    disk: parseDisks(readProc("diskstats", "")),
    network: parseNetworks(readProc("net/dev", "")),
    memoryUsedPercent: parseMemory(readProc("meminfo")),
    loadAverage: loadavg()[0] ?? 0,
  };
}

function parseStat(text: string): Pick<HostCounters, "cpu" | "runningProcesses"> {
  const line = text.slice(0, text.indexOf("\n"));
  const times = line.split(/\s+/).slice(1, 9).map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, interrupt = 0, softInterrupt = 0, stolen = 0] = times;
  const total = user + nice + system + idle + wait + interrupt + softInterrupt + stolen;
  if (!line.startsWith("cpu ") || !(total > 0)) throw unreadable("stat");
  return {
    cpu: { user: user + nice, system: system + interrupt + softInterrupt, wait, total },
    runningProcesses: numberAfter(text, "procs_running "),
  };
}

function parseMemory(text: string): number {
  const total = numberAfter(text, "MemTotal:") ?? 0;
  const available = numberAfter(text, "MemAvailable:") ?? numberAfter(text, "MemFree:");
  if (!(total > 0) || available === undefined) throw unreadable("meminfo");
  return Math.min(100, Math.max(0, 100 * (1 - available / total)));
}

/** Physical devices only: partitions, loop devices and mapped devices would count the same bytes again. */
function parseDisks(text: string): HostCounters["disk"] {
  let readBytes = 0;
  let writtenBytes = 0;
  let devices = 0;
  for (const line of text.split("\n")) {
    const fields = line.trim().split(/\s+/);
    const name = fields[2];
    if (name === undefined || !isPhysical(`/sys/block/${name}/device`)) continue;
    devices++;
    readBytes += Number(fields[5]) * sectorBytes;
    writtenBytes += Number(fields[9]) * sectorBytes;
  }
  return devices === 0 ? undefined : { readBytes, writtenBytes };
}

function parseNetworks(text: string): HostCounters["network"] {
  const interfaces = text.split("\n").flatMap((line) => {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim();
    if (colon < 0 || name === "lo") return [];
    const fields = line.slice(colon + 1).trim().split(/\s+/);
    return [{ name, receivedBytes: Number(fields[0]), sentBytes: Number(fields[8]) }];
  });
  const physical = interfaces.filter(({ name }) => isPhysical(`/sys/class/net/${name}/device`));
  const counted = physical.length > 0 ? physical : interfaces;
  if (counted.length === 0) return undefined;
  const sum = (of: (one: (typeof counted)[number]) => number): number => counted.reduce((total, one) => total + of(one), 0);
  return { receivedBytes: sum((one) => one.receivedBytes), sentBytes: sum((one) => one.sentBytes) };
}

/** Asked once per device: what is physical stays so, and looking costs more than reading the figures. */
const physicalByPath = new Map<string, boolean>();
const physicalPathsMax = 4096;

function isPhysical(path: string): boolean {
  const known = physicalByPath.get(path);
  if (known !== undefined) return known;
  if (physicalByPath.size >= physicalPathsMax) physicalByPath.clear();
  const found = existsSync(path);
  physicalByPath.set(path, found);
  return found;
}

/** A file of /proc; one that a container hides is `otherwise`, where that is given. */
function readProc(name: string, otherwise?: string): string {
  try {
    return readFileSync(`/proc/${name}`, "latin1");
  } catch (error) {
    if (otherwise !== undefined) return otherwise;
    throw unreadable(name, error);
  }
}

function numberAfter(text: string, label: string): number | undefined {
  const at = text.indexOf(label);
  if (at < 0) return undefined;
  const value = Number.parseInt(text.slice(at + label.length, at + label.length + 32), 10);
  return Number.isFinite(value) ? value : undefined;
}

const unreadable = (name: string, cause?: unknown): HolonError =>
  new HolonError("HOLON_SOURCE_UNREADABLE", `/proc/${name} cannot be read as proc(5) describes it`, {
    next: "Let this user read /proc.",
    ...(cause !== undefined && { cause }),
  });
