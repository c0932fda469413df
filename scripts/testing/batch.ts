/**
 * Runs test files in one process and tells the culprit when it hangs or dies: the file that was running fails with a clear
 * message, and what had not run yet is handed back to be run again.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RunnerEvent, TestResult } from "./events.ts";
import { createWatch } from "./watch.ts";

export interface BatchOptions {
  /** Files are named from here. */
  readonly root: string;
  /** Bound on all tests of one file together. */
  readonly fileTimeoutMs: number;
  /** Bound on the time from the last test to the end of the process. */
  readonly exitTimeoutMs: number;
  /** Called as soon as a file is over. */
  fileEnded(file: string, results: readonly TestResult[], durationMs: number): void;
}

export interface BatchResult {
  readonly results: readonly TestResult[];
  /** Files that did not get their turn. */
  readonly notRun: readonly string[];
  /** What the tests themselves wrote, the last of it. */
  readonly output: string;
}

const outputCharactersMax = 20_000;
const watchIntervalMs = 200;
const reporter = join(import.meta.dirname, "reporter.ts");
const running = new Set<ChildProcess>();

/** Ends every test process that is still there, for when the runner itself is told to stop. */
export function stopBatches(): void {
  for (const child of running) killGroup(child);
}

export async function runBatch(files: readonly string[], options: BatchOptions): Promise<BatchResult> {
  const watch = createWatch(files, options);
  const child = spawn(process.execPath, nodeArguments(files, options), {
    cwd: options.root,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, FORCE_COLOR: "0" },
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    // Its own group, so that what tests started ends with it.
    detached: process.platform !== "win32",
  });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-outputCharactersMax)));
  }
  const events = child.stdio[3];
  if (!(events !== null && events !== undefined && "read" in events)) throw new Error("the test process has no channel for events");
  createInterface({ input: events }).on("line", (line) => watch.take(parseEvent(line)));

  let killedFor: string | undefined;
  const timer = setInterval(() => {
    killedFor ??= watch.overdue();
    if (killedFor !== undefined) killGroup(child);
  }, watchIntervalMs);
  const exit = await new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  clearInterval(timer);
  running.delete(child);
  killGroup(child);
  return { ...watch.end(killedFor, exit), output };
}

const nodeArguments = (files: readonly string[], options: BatchOptions): readonly string[] => [
  "--test",
  "--test-isolation=none",
  // A single test that waits for ever fails by itself, before the whole file is ended.
  `--test-timeout=${Math.ceil(options.fileTimeoutMs * 0.9)}`,
  `--test-reporter=${reporter}`,
  "--test-reporter-destination=stdout",
  ...files,
];

/** The reporter of this repository wrote it. */
const parseEvent = (line: string): RunnerEvent => JSON.parse(line) as RunnerEvent;

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    // Nobody left in the group: that is what was wanted.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
