/** Whether this machine updates itself, and when it last asked what there is: as apt is configured (apt.conf(5)), and what of it is installed. */
import { existsSync, globSync, readlinkSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { MachineFacts } from "@holon/core/hardening/facts.ts";
import { isThere, read } from "./read.ts";

export function updates(root: string, nowMs: number): Pick<MachineFacts, "unattendedUpgrades" | "rebootRequired" | "updateAgeMs"> {
  const at = (path: string): string => join(root, path);
  const isWaiting = existsSync(at("run/reboot-required")) || existsSync(at("var/run/reboot-required"));
  /** Who puts that file there. */
  const isTold = globSync("etc/kernel/postinst.d/{unattended-upgrades,update-notifier}", { cwd: root }).length > 0;
  return {
    unattendedUpgrades: automatic(root),
    rebootRequired: isWaiting ? true : isTold ? false : undefined,
    updateAgeMs: ageMs(at("var/lib/apt/periodic/update-success-stamp"), nowMs) ?? ageMs(at("var/lib/apt/lists/partial"), nowMs),
  };
}

function automatic(root: string): boolean | undefined {
  if (!isThere(join(root, "etc/apt"))) return undefined;
  const files = [...globSync("etc/apt/apt.conf.d/*", { cwd: root }).filter((path) => /^[\w-]+(?:\.conf)?$/.test(basename(path))).sort(), ...globSync("etc/apt/apt.conf", { cwd: root })];
  const settings = new Map<string, string>();
  for (const path of files) {
    const text = read(join(root, path));
    if (text === undefined) return undefined;
    readSettings(text, settings);
  }
  const often = (name: string, otherwise: string): boolean => !/^0*$/.test(settings.get(`apt::periodic::${name}`) ?? otherwise);
  const isInstalled = existsSync(join(root, "usr/bin/unattended-upgrade"));
  return often("enable", "1") && often("unattended-upgrade", "0") && isInstalled && !isMasked(join(root, "etc/systemd/system/apt-daily-upgrade.timer"));
}

/** `A::B "x";` or `A { B "x"; };`; the last that says it counts. */
function readSettings(text: string, settings: Map<string, string>): void {
  const scope: string[] = [];
  let words: string[] = [];
  for (const [token] of text.matchAll(/"[^"]*"|\/\/.*|^\s*#.*|\/\*[^]*?\*\/|[{};]|[^\s{};"]+/gm)) {
    if (/^(?:\/\/|\/\*|\s*#)/.test(token)) continue;
    if (token === "{") scope.push(words.join(""));
    else if (token === "}") scope.pop();
    else if (token === ";" && words.length > 1) settings.set([...scope, words[0] ?? ""].filter((word) => word !== "").join("::").toLowerCase(), (words[1] ?? "").replaceAll("\"", ""));
    words = /^[{};]$/.test(token) ? [] : [...words, token];
  }
}

function isMasked(path: string): boolean {
  try {
    return readlinkSync(path) === "/dev/null";
  } catch {
    return false; // no link
  }
}

function ageMs(path: string, nowMs: number): number | undefined {
  return existsSync(path) ? Math.max(0, nowMs - statSync(path).mtimeMs) : undefined;
}
