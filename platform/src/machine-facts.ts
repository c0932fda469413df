/** What `holon doctor --hardening` looks at, read from the files in which Linux, Debian and systemd tell it. `root` is `/`, or a recorded tree of the same files. */
import { existsSync, globSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { MachineFacts } from "@holon/core/hardening/facts.ts";

export interface FactsOptions {
  readonly root?: string;
  readonly data: string;
  readonly userId?: number | undefined;
  readonly nowMs: number;
}

const listenState = "0A";
const timeServices: ReadonlySet<string> = new Set(["chronyd", "ntpd", "ntpsec", "systemd-timesyn", "openntpd"]);
const othersMay = 0o077;

export function machineFacts({ root = "/", data, userId = process.getuid?.(), nowMs }: FactsOptions): MachineFacts {
  const text = (path: string): string | undefined => read(join(root, path));
  const lines = (path: string): readonly string[] | undefined => text(path)?.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const number = (path: string): number | undefined => toNumber(text(path));
  const processes = processFolders(root);
  const mounts = lines("proc/mounts");
  const stamp = ageMs(join(root, "var/lib/apt/periodic/update-success-stamp"), nowMs) ?? ageMs(join(root, "var/lib/apt/lists/partial"), nowMs);
  const automatic = automaticUpgrades(root);
  const nodes = nodeFolders(data);
  return {
    debugged: processes && [...processes.flatMap((folder) => debuggedBy(read(join(folder, "cmdline")), read(join(folder, "environ")))), ...debuggerPorts(lines("proc/net/tcp"), lines("proc/net/tcp6"))],
    listening: listening(lines("proc/net/tcp"), lines("proc/net/tcp6")),
    userId,
    usersWithoutPassword: lines("etc/shadow")?.flatMap((line) => (line.split(":")[1] === "" ? [line.split(":")[0] ?? ""] : [])),
    sudoWithout: sudoWithout(root),
    ...ssh(root),
    dataMount: optionsOf(mounts, existsSync(data) ? realpathSync(data) : resolve(data)),
    temporaryMount: optionsOf(mounts, "/tmp"),
    dataMode: existsSync(data) ? statSync(data).mode & 0o7777 : undefined,
    exposedKeys: existsSync(data) ? exposedKeys(data) : undefined,
    sealed: nodes.filter((folder) => existsSync(join(folder, "vault.json"))).length,
    unsealed: nodes.filter((folder) => !existsSync(join(folder, "vault.json"))).length,
    unattendedUpgrades: automatic,
    rebootRequired: existsSync(join(root, "etc/debian_version")) ? existsSync(join(root, "run/reboot-required")) || existsSync(join(root, "var/run/reboot-required")) : undefined,
    updateAgeMs: stamp,
    timeServices: processes?.flatMap((folder) => read(join(folder, "comm"))?.trim() ?? []).filter((name) => timeServices.has(name)),
    clockSynced: existsSync(join(root, "run/systemd/timesync")) ? existsSync(join(root, "run/systemd/timesync/synchronized")) : undefined,
    coreSizeMax: coreSize(lines("proc/self/limits")),
    corePattern: text("proc/sys/kernel/core_pattern")?.trim(),
    plainSwap: plainSwap(lines("proc/swaps"), root),
    kernel: {
      randomize: number("proc/sys/kernel/randomize_va_space"),
      ptrace: number("proc/sys/kernel/yama/ptrace_scope"),
      pointers: number("proc/sys/kernel/kptr_restrict"),
      messages: number("proc/sys/kernel/dmesg_restrict"),
      dumps: number("proc/sys/fs/suid_dumpable"),
    },
    lockdown: /\[(\w+)\]/.exec(text("sys/kernel/security/lockdown") ?? "")?.[1],
    secureBoot: secureBoot(root),
    hasTpm: existsSync(join(root, "dev/tpmrm0")),
  };
}

/** Undefined where it is not there or not ours to read. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined; // what cannot be seen is said to be unknown
  }
}

const toNumber = (text: string | undefined): number | undefined => (text === undefined || !/^\d+\s*$/.test(text) ? undefined : Number(text));

function processFolders(root: string): readonly string[] | undefined {
  const proc = join(root, "proc");
  return existsSync(proc) ? readdirSync(proc).filter((name) => /^\d+$/.test(name)).map((name) => join(proc, name)) : undefined;
}

function debuggedBy(commandLine: string | undefined, environment: string | undefined): readonly string[] {
  const words = commandLine?.split("\0").filter((word) => word !== "") ?? [];
  const isAsked = words.some((word) => /^--inspect(?:-brk|-wait)?(?:=|$)/.test(word)) || /(?:^|\0)NODE_OPTIONS=[^\0]*--inspect/.test(environment ?? "");
  return isAsked ? [words.join(" ").slice(0, 120)] : [];
}

/** Where Node.js listens, without being told so, once its process is sent SIGUSR1. */
const debuggerPort = 9_229;
const debuggerPorts = (four: readonly string[] | undefined, six: readonly string[] | undefined): readonly string[] =>
  sockets(four, six).flatMap(({ address, port }) => (port === debuggerPort ? [`port ${port} of ${addressOf(address)}, where Node.js listens for one`] : []));

const sockets = (four: readonly string[] | undefined, six: readonly string[] | undefined): readonly { readonly address: string; readonly port: number }[] =>
  [...(four ?? []), ...(six ?? [])].flatMap((line) => {
    const [, local = "", , state] = line.split(/\s+/);
    const [address = "", port = ""] = local.split(":");
    return state === listenState ? [{ address, port: Number.parseInt(port, 16) }] : [];
  });

function listening(four: readonly string[] | undefined, six: readonly string[] | undefined): readonly string[] | undefined {
  if (four === undefined && six === undefined) return undefined;
  const found = sockets(four, six).flatMap(({ address, port }) => (isLoopback(address) ? [] : [`${/^0+$/.test(address) ? "any address" : addressOf(address)}:${port}`]));
  return [...new Set(found)].sort();
}

/** As the kernel prints them: 32-bit words in the machine's own order. */
const isLoopback = (address: string): boolean => /^[0-9A-F]{6}7F$/.test(address) || address === "00000000000000000000000001000000" || /^0{16}FFFF0000[0-9A-F]{6}7F$/.test(address);
const addressOf = (address: string): string => (address.length === 8 ? [3, 2, 1, 0].map((byte) => Number.parseInt(address.slice(2 * byte, 2 * byte + 2), 16)).join(".") : address);

function sudoWithout(root: string): readonly string[] | undefined {
  const files = [join(root, "etc/sudoers"), ...globSync(join(root, "etc/sudoers.d/*"))];
  const texts = files.map(read);
  if (texts[0] === undefined) return existsSync(join(root, "etc/sudoers")) ? undefined : [];
  return texts.flatMap((text) => (text ?? "").split("\n").filter((line) => /^[^#]*\bNOPASSWD\b/.test(line)).map((line) => line.trim()));
}

function ssh(root: string): Pick<MachineFacts, "sshRootLogin" | "sshPasswords"> {
  const texts = [...globSync(join(root, "etc/ssh/sshd_config.d/*.conf")).sort(), join(root, "etc/ssh/sshd_config")].map(read);
  if (texts.at(-1) === undefined) return { sshRootLogin: undefined, sshPasswords: undefined };
  /** The first that says it counts (sshd_config, section "Description"). */
  const word = (name: string, otherwise: string): string => texts.flatMap((text) => new RegExp(`^[ \\t]*${name}[ \\t]+(\\S+)`, "im").exec(text ?? "")?.[1] ?? [])[0]?.toLowerCase() ?? otherwise;
  return { sshRootLogin: word("PermitRootLogin", "prohibit-password"), sshPasswords: word("PasswordAuthentication", "yes") };
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

const nodeFolders = (data: string): readonly string[] => globSync(join(data, "*", "log")).map((folder) => join(folder, ".."));

function exposedKeys(data: string): readonly string[] {
  const files = globSync(["*/{identity,authority,pinned}/*.json", "*/{secrets,director,director-root-key,vault,measure-key,quote-key,log-keys,log-keys.copy}.json", "keys/*.key", "api-token", "sessions.json", "publisher/keys/*"], { cwd: data }).filter((name) => !name.endsWith(".root.json"));
  return files.filter((name) => (statSync(join(data, name)).mode & othersMay) !== 0).sort();
}

function automaticUpgrades(root: string): boolean | undefined {
  if (!existsSync(join(root, "etc/apt"))) return undefined;
  return globSync(join(root, "etc/apt/apt.conf.d/*")).some((path) => /^\s*APT::Periodic::Unattended-Upgrade\s+"[1-9]/m.test(read(path) ?? ""));
}

function ageMs(path: string, nowMs: number): number | undefined {
  return existsSync(path) ? Math.max(0, nowMs - statSync(path).mtimeMs) : undefined;
}

function coreSize(lines: readonly string[] | undefined): number | undefined {
  const soft = /^Max core file size\s+(\S+)/.exec(lines?.find((line) => line.startsWith("Max core file size")) ?? "")?.[1];
  return soft === undefined ? undefined : soft === "unlimited" ? Infinity : Number(soft);
}

function plainSwap(lines: readonly string[] | undefined, root: string): readonly string[] | undefined {
  return lines?.slice(1).flatMap((line) => {
    const [device = ""] = line.split(/\s+/);
    const name = device.split("/").at(-1) ?? "";
    const isEncrypted = (read(join(root, `sys/block/${name}/dm/uuid`)) ?? "").startsWith("CRYPT-");
    return name.startsWith("zram") || isEncrypted ? [] : [device];
  });
}

/** An EFI variable: four bytes of attributes, then its value. */
function secureBoot(root: string): boolean | undefined {
  const [path] = globSync(join(root, "sys/firmware/efi/efivars/SecureBoot-*"));
  const value = path === undefined ? undefined : read(path);
  return value === undefined || value.length < 5 ? undefined : value.charCodeAt(4) === 1;
}
