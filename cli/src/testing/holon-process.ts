/** The `holon` command as a process of its own, as people and scripts start it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TestContext } from "node:test";
import { z } from "zod";

const program = fileURLToPath(new URL("../holon.ts", import.meta.url));
export const repository = fileURLToPath(new URL("../../../", import.meta.url));

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HolonProcess {
  readonly ended: Promise<Ended>;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  isRunning(): boolean;
  signal(name: NodeJS.Signals): void;
}

/** Starts it in the repository, or a copy of it; it is killed with the test if it is still there. */
export function startHolon(context: Pick<TestContext, "after">, args: readonly string[], path = program, environment: Readonly<Record<string, string | undefined>> = {}): HolonProcess {
  const child = spawn(process.execPath, [path, ...args], { cwd: repository, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NODE_TEST_CONTEXT: undefined, HOLON_DEBUG: undefined, ...environment } });
  const written = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (written.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (written.stderr += text));
  let running = true;
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, signal) => {
      running = false;
      resolve({ exitCode, signal, ...written });
    });
  });
  context.after(async () => {
    if (running) child.kill("SIGKILL");
    await ended;
  });
  return { ended, stdout: () => written.stdout, stderr: () => written.stderr, isRunning: () => running, signal: (name) => void child.kill(name) };
}

export const runHolon = (context: Pick<TestContext, "after">, args: readonly string[]): Promise<Ended> => startHolon(context, args).ended;

const scoreSchema = z.looseObject({ rows: z.number(), f1: z.number(), falseAlarmRate: z.number(), missedAlarmRate: z.number() });

/** What `--once` prints. */
const reportSchema = z.looseObject({
  eventsIn: z.int(),
  eventsAtCloud: z.int(),
  alerts: z.int(),
  lost: z.int(),
  duplicated: z.int(),
  reordered: z.int(),
  rejected: z.int(),
  rawBytes: z.int(),
  uplinkBytes: z.int(),
  inferenceMs: z.object({ p50: z.number().nullable(), p99: z.number().nullable() }),
  rawClassAtCloud: z.int(),
  scores: z.array(scoreSchema.extend({ file: z.string() })).optional(),
  pooled: scoreSchema.optional(),
});
export type Report = z.infer<typeof reportSchema>;

/** The report of a run that must have ended well: one object, last on stdout. */
export function reportOf({ exitCode, signal, stdout, stderr }: Ended): Report {
  assert.deepEqual({ exitCode, signal }, { exitCode: 0, signal: null }, stderr);
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  return reportSchema.parse(JSON.parse(last));
}

/** Nothing is lost, nothing doubled, nothing out of order, nothing raw at the cloud. */
export function assertNothingLost(report: Report): void {
  const { lost, duplicated, reordered, rawClassAtCloud } = report;
  assert.deepEqual({ lost, duplicated, reordered, rawClassAtCloud }, { lost: 0, duplicated: 0, reordered: 0, rawClassAtCloud: 0 });
}

/** Arguments of the main job for scripts. */
export const onceArguments = (files: readonly string[], data: string, ...more: readonly string[]): readonly string[] => [
  "up", "--replay", files.join(","), "--speed", "max", "--once", "--json", "--port-base", "0", "--data", data, ...more,
];
