/**
 * Installs the real servers that tests talk to, where they are missing and this is root on Debian. With all of them there it
 * does nothing and asks nobody. Elsewhere it says what is missing; the tests concerned are skipped by name.
 */
import { existsSync } from "node:fs";
import { printSeconds, runCommand } from "./testing/command.ts";
import { findBinary, servers, type Server } from "./testing/servers.ts";

export interface SetupResult {
  /** Lines for people. */
  readonly said: readonly string[];
  /** Set only where the install had to work and did not: CI, as root, on Debian. */
  readonly failed: boolean;
}

export interface Machine {
  readonly isRootOnDebian: boolean;
  readonly isCi: boolean;
  has(binary: string): boolean;
  install(packages: readonly string[]): Promise<{ readonly ok: boolean; readonly output: string; readonly durationMs: number }>;
}

const aptTimeoutMs = 100_000;

/** Brings what is missing, or says what stays missing and whom it concerns. */
export async function setUp(machine: Machine = thisMachine()): Promise<SetupResult> {
  const missing = servers.filter(({ binary }) => !machine.has(binary));
  if (missing.length === 0) return { said: [`all there: ${servers.map((server) => server.package).join(", ")}`], failed: false };
  if (!machine.isRootOnDebian) {
    return { said: [`not root on Debian, so not installed: ${names(missing)}`, ...concerned(missing)], failed: false };
  }
  const result = await machine.install(missing.map((server) => server.package));
  const still = missing.filter(({ binary }) => !machine.has(binary));
  if (result.ok && still.length === 0) return { said: [`installed ${names(missing)} (${printSeconds(result.durationMs)})`], failed: false };
  return { said: [`could not install ${names(still)}:`, ...result.output.split("\n").slice(-10), ...concerned(still)], failed: machine.isCi };
}

const names = (list: readonly Server[]): string => list.map((server) => server.package).join(", ");
const concerned = (list: readonly Server[]): readonly string[] => list.map((server) => `skipped without ${server.package}: ${server.neededBy}`);

function thisMachine(): Machine {
  return {
    isRootOnDebian: process.getuid?.() === 0 && existsSync("/etc/debian_version") && findBinary("apt-get") !== undefined,
    isCi: process.env["CI"] === "true",
    has: (binary) => findBinary(binary) !== undefined,
    install: aptInstall,
  };
}

async function aptInstall(packages: readonly string[]): ReturnType<Machine["install"]> {
  // At run level 1 the packages' scripts start no service; with systemd they do, so there it is stopped again.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1", LC_ALL: "C" };
  const apt = (args: readonly string[]): ReturnType<typeof runCommand> =>
    runCommand("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=60", ...args], { timeoutMs: aptTimeoutMs, env });
  const update = await apt(["update"]);
  const install = await apt(["install", "-y", "--no-install-recommends", ...packages]);
  if (existsSync("/run/systemd/system")) {
    const stopped = await runCommand("systemctl", ["disable", "--now", ...packages.filter((name) => !name.endsWith("-clients"))], { timeoutMs: aptTimeoutMs, env });
    if (stopped.exitCode !== 0) console.error(`the services of ${packages.join(", ")} may run: ${stopped.output}`);
  }
  return {
    ok: install.exitCode === 0,
    output: update.exitCode === 0 ? install.output : `${update.output}\n${install.output}`,
    durationMs: update.durationMs + install.durationMs,
  };
}

if (import.meta.main) {
  const { said, failed } = await setUp();
  for (const line of said) console.log(`setup: ${line}`);
  process.exitCode = failed ? 1 : 0;
}
