/** What `holon doctor --hardening` looks at, read from the files in which Linux, Debian and systemd tell it. `root` is `/`, or a recorded tree of the same files. */
import { existsSync, globSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { MachineFacts } from "@holon/core/hardening/facts.ts";
import { dataFolder, nodeFolders, type NodeFolder } from "./machine-facts/data-folder.ts";
import { debugged, preloaded, processesOf, runningNodes, type RunningNode } from "./machine-facts/processes.ts";
import { isThere, linesOf, read, toNumber } from "./machine-facts/read.ts";
import { debuggerPorts, listening, socketsOf } from "./machine-facts/sockets.ts";
import { ssh } from "./machine-facts/ssh.ts";
import { sudoWithout } from "./machine-facts/sudo.ts";
import { updates } from "./machine-facts/updates.ts";

export interface FactsOptions {
  readonly root?: string;
  /** Folder of the nodes, or of one node. */
  readonly data: string;
  readonly nowMs: number;
}

const timeServices: ReadonlySet<string> = new Set(["chronyd", "ntpd", "ntpsec", "systemd-timesyn", "openntpd"]);

export function machineFacts({ root = "/", data: named, nowMs }: FactsOptions): MachineFacts {
  const data = existsSync(named) ? realpathSync(named) : resolve(named);
  const text = (path: string): string | undefined => read(join(root, path));
  const number = (path: string): number | undefined => toNumber(text(path));
  const processes = processesOf(root);
  const sockets = socketsOf(root);
  const mounts = linesOf(text("proc/mounts"));
  const nodes = nodeFolders(data);
  const running = runningNodes(nodes, processes);
  return {
    debugged: debuggedOrListening(debugged(processes), debuggerPorts(sockets.tcp)),
    preloaded: preloaded(running, root),
    listening: listening(sockets),
    userIds: userIds(nodes, running),
    usersWithoutPassword: usersWithoutPassword(text("etc/shadow"), text("etc/passwd")),
    sudoWithout: sudoWithout(root),
    ...ssh(root),
    dataMount: optionsOf(mounts, data),
    temporaryMount: optionsOf(mounts, "/tmp"),
    ...dataFolder(data, nodes),
    ...updates(root, nowMs),
    ...timeSetBy(root, processes?.map(({ name }) => name)),
    ...coreDumps(running, text("proc/sys/kernel/core_pattern")?.trim()),
    plainSwap: plainSwap(linesOf(text("proc/swaps")), root),
    kernel: {
      randomize: number("proc/sys/kernel/randomize_va_space"),
      ptrace: number("proc/sys/kernel/yama/ptrace_scope"),
      pointers: number("proc/sys/kernel/kptr_restrict"),
      messages: number("proc/sys/kernel/dmesg_restrict"),
      dumps: number("proc/sys/fs/suid_dumpable"),
    },
    lockdown: /\[(\w+)\]/.exec(text("sys/kernel/security/lockdown") ?? "")?.[1],
    secureBoot: secureBoot(root),
    hasTpm: isThere(join(root, "dev")) ? existsSync(join(root, "dev/tpmrm0")) : undefined,
  };
}

/** Where one was found, the other need not be seen. */
function debuggedOrListening(asked: readonly string[] | undefined, ports: readonly string[] | undefined): readonly string[] | undefined {
  const found = [...(asked ?? []), ...(ports ?? [])];
  return found.length > 0 ? found : asked && ports;
}

/** Of the nodes that run; of the others the owners of their folders. */
function userIds(nodes: readonly NodeFolder[], running: readonly RunningNode[]): readonly number[] | undefined {
  const ids = nodes.map(({ node, folder }) => running.find((one) => one.node === node)?.process.userId ?? statSync(folder).uid);
  return ids.length === 0 ? undefined : [...new Set(ids)].sort((a, b) => a - b);
}

/** An empty second field: of `/etc/shadow`, which is root's to read, or of `/etc/passwd`, in place of the word that sends there. */
function usersWithoutPassword(shadow: string | undefined, passwd: string | undefined): readonly string[] | undefined {
  const found = [shadow, passwd].flatMap((text) => (text ?? "").split("\n").flatMap((line) => (line.split(":")[1] === "" ? [line.split(":")[0] ?? ""] : [])));
  return found.length > 0 ? [...new Set(found)] : shadow === undefined ? undefined : [];
}

/** Of the file system that holds the path: the longest place that leads to it, the last of those. */
function optionsOf(mounts: readonly string[] | undefined, path: string): readonly string[] | undefined {
  let best: { readonly place: string; readonly options: readonly string[] } | undefined;
  for (const line of mounts ?? []) {
    const [, place = "", , options = ""] = line.split(" ");
    const holds = place === "/" || path === place || path.startsWith(`${place}/`);
    if (holds && place.length >= (best?.place.length ?? 0)) best = { place, options: options.split(",") };
  }
  return best?.options;
}

/** A service's name says no more than that; systemd's own also says when it has set the clock. */
function timeSetBy(root: string, names: readonly string[] | undefined): Pick<MachineFacts, "timeServices" | "clockSynced"> {
  const running = names && [...new Set(names.filter((name) => timeServices.has(name)))];
  return { timeServices: running, clockSynced: running?.includes("systemd-timesyn") === true ? existsSync(join(root, "run/systemd/timesync/synchronized")) : undefined };
}

/** A limit keeps no dump from a program that they are handed to (core(5)). */
function coreDumps(running: readonly RunningNode[], corePattern: string | undefined): Pick<MachineFacts, "coreSizeMax" | "corePattern"> {
  if (corePattern?.startsWith("|") === true) return { coreSizeMax: Infinity, corePattern };
  const limits = running.map(({ process }) => process.coreSizeMax);
  const known = limits.flatMap((limit) => limit ?? []);
  const most = known.length === 0 ? undefined : Math.max(...known);
  return { coreSizeMax: most === undefined || (most === 0 && (known.length < limits.length || corePattern === undefined)) ? undefined : most, corePattern };
}

/** In memory is what zram holds, unless it writes that back to a disk. */
function plainSwap(lines: readonly string[] | undefined, root: string): readonly string[] | undefined {
  return lines?.slice(1).flatMap((line) => {
    const [device = ""] = line.split(/\s+/);
    const name = device.split("/").at(-1) ?? "";
    const isEncrypted = (read(join(root, `sys/block/${name}/dm/uuid`)) ?? "").startsWith("CRYPT-");
    const isInMemory = name.startsWith("zram") && (read(join(root, `sys/block/${name}/backing_dev`))?.trim() ?? "none") === "none";
    return isInMemory || isEncrypted ? [] : [device];
  });
}

/** An EFI variable: four bytes of attributes, then its value. In setup mode nothing is held against a key. */
function secureBoot(root: string): boolean | undefined {
  const valueOf = (name: string): number | undefined => {
    const [path] = globSync(`sys/firmware/efi/efivars/${name}-*`, { cwd: root });
    const value = path === undefined ? undefined : read(join(root, path));
    return value === undefined || value.length < 5 ? undefined : value.charCodeAt(4);
  };
  const on = valueOf("SecureBoot");
  return on === undefined ? undefined : on === 1 && valueOf("SetupMode") !== 1;
}
