/** Runs a command of this repository to its end and keeps what it says. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "../check/files.ts";

export interface CommandResult {
  /** 0 is success; undefined where a signal or the time limit ended it. */
  readonly exitCode: number | undefined;
  /** Both outputs, in the order of arrival. */
  readonly output: string;
  readonly durationMs: number;
}

/** A tool that `npm ci` installed. */
export const installed = (name: string): string => join(repositoryRoot, "node_modules", ".bin", process.platform === "win32" ? `${name}.cmd` : name);

export interface CommandOptions {
  readonly timeoutMs: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** A command that cannot start gives its reason as output. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const startMs = performance.now();
  const pieces: string[] = [];
  const child = spawn(command, args, {
    cwd: repositoryRoot,
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
    timeout: options.timeoutMs,
    killSignal: "SIGKILL",
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => pieces.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => pieces.push(text));
  return new Promise((resolve) => {
    const end = (exitCode: number | undefined): void => {
      resolve({ exitCode, output: pieces.join("").trim(), durationMs: performance.now() - startMs });
    };
    child.on("error", (error) => {
      pieces.push(`${command}: ${error.message}`);
      end(undefined);
    });
    child.on("close", (code, signal) => {
      if (signal !== null) pieces.push(`\n${command} ended by ${signal} after ${printSeconds(performance.now() - startMs)}`);
      end(code ?? undefined);
    });
  });
}

export const printSeconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
