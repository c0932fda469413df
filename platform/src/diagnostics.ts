/** What this machine tells and does for whoever looks for a fault in it from far away. */
import { spawn } from "node:child_process";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { cpus, freemem, loadavg, machine, release, totalmem, type, uptime } from "node:os";
import { getHeapStatistics } from "node:v8";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CommandLine } from "@holon/core/diagnosis/commands.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { CommandOutcome, Diagnostics } from "@holon/core/ports.ts";
import { machineCommands } from "./diagnostics/commands.ts";
import { shellInfo } from "./diagnostics/keys.ts";
import { readNodeSecrets } from "./diagnostics/secrets.ts";
import { openShell } from "./diagnostics/shell.ts";
import { boxPublicKey, hpkeSeal } from "./seal/hpke.ts";

/** `folder`: the node's own; the one above it is that of its machine. */
export function createDiagnostics(folder: string): Diagnostics {
  return {
    facts: async () => ({
      holon: await versionOfHolon(),
      node: process.versions.node,
      system: type(), release: release(), machine: machine(),
      processors: cpus().length,
      load1: round(loadavg()[0] ?? 0), load5: round(loadavg()[1] ?? 0), load15: round(loadavg()[2] ?? 0),
      machineUpSeconds: Math.round(uptime()), processUpSeconds: Math.round(process.uptime()),
      memoryTotalBytes: totalmem(), memoryFreeBytes: await availableMemory(),
      residentBytes: process.memoryUsage.rss(),
      ...heapFigures(),
      processorSeconds: round((process.cpuUsage().user + process.cpuUsage().system) / 1e6),
    }),
    secrets: () => readNodeSecrets(folder),
    commands: machineCommands,
    run,
    profile,
    verify(publicKey, message, signature) {
      const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(publicKey, "base64").toString("base64url") }, format: "jwk" });
      return verify(null, message, key, Buffer.from(signature, "base64"));
    },
    seal(boxKey, about, bytes) {
      const { privateKey } = generateKeyPairSync("x25519");
      const { enc, ciphertext } = hpkeSeal(boxPublicKey(Buffer.from(boxKey, "base64")), privateKey, { info: shellInfo, aad: about, plain: bytes });
      return { enc: Buffer.from(enc).toString("base64"), sealed: Buffer.from(ciphertext).toString("base64") };
    },
    shell: openShell,
  };
}

const round = (value: number): number => Math.round(value * 100) / 100;

function heapFigures(): Readonly<Record<string, number>> {
  const { used_heap_size, total_heap_size, heap_size_limit, external_memory } = getHeapStatistics();
  return { heapUsedBytes: used_heap_size, heapTotalBytes: total_heap_size, heapLimitBytes: heap_size_limit, externalBytes: external_memory };
}

/** Of Linux what could be had without swapping; elsewhere what is free. */
async function availableMemory(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const kibibytes = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1];
  return kibibytes === undefined ? freemem() : Number(kibibytes) * 1024;
}

async function versionOfHolon(): Promise<string> {
  const text = await readFile(join(import.meta.dirname, "../../package.json"), "utf8").catch(() => "");
  return /"version":\s*"([\w.+-]+)"/.exec(text)?.[1] ?? "unknown";
}

/** Without a shell, without this process's environment, and over when its time or its output is. */
function run({ words: [program = "", ...words], timeoutMs, outputBytesMax }: CommandLine): Promise<CommandOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd: "/", env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" }, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const pieces: Buffer[] = [];
    let bytes = 0;
    let ended: CommandOutcome["ended"] = "itself";
    const end = (why: CommandOutcome["ended"]): void => {
      ended = why;
      killGroup(child.pid);
      // What left its group may hold them for as long as it likes.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => end("time"), timeoutMs);
    const take = (piece: Buffer): void => {
      if (ended !== "itself") return;
      pieces.push(piece.subarray(0, outputBytesMax - bytes));
      bytes += piece.length;
      if (bytes > outputBytesMax) end("output");
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("error", (cause) => {
      clearTimeout(timer);
      reject(new HolonError("HOLON_COMMAND_FAILED", `${program} cannot be started`, { cause }));
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ exitCode: code, ended, output: Buffer.concat(pieces).toString("utf8") });
    });
  });
}

/** With what it started. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // it ended meanwhile
  }
}

/** Of this thread, by its own inspector. */
async function profile(milliseconds: number): Promise<string> {
  const { Session } = await import("node:inspector/promises");
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: 1_000 });
    await session.post("Profiler.start");
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return JSON.stringify((await session.post("Profiler.stop")).profile);
  } finally {
    session.disconnect();
  }
}

