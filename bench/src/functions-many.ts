/** A thousand functions on one node, each called once a minute: what they weigh above the node without them, and how long a call takes. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { memoryOf } from "./process-memory.ts";
import { median, percentile, round } from "./statistics.ts";
import type { SuiteContext } from "./suite.ts";

const functions = 1_000;
const megabyte = 1e6;

export interface ManyStart {
  readonly folder: string;
  readonly functions: number;
  readonly minutes: number;
}
export type ManyNews =
  | { readonly kind: "base" | "loaded" }
  | { readonly kind: "sample"; readonly pids: readonly number[]; readonly warm: number }
  | { readonly kind: "done"; readonly callMs: readonly number[]; readonly coldStarts: number };

export async function manyFunctions({ folder, minutes = 2, say }: SuiteContext): Promise<Record<string, number>> {
  if (memoryOf(process.pid) === undefined) return {};
  const lean = ["--optimize-for-size", "--max-semi-space-size=2", "--v8-pool-size=1"]; // as `holon node start` runs
  const child = fork(fileURLToPath(new URL("./functions-node.ts", import.meta.url)), [JSON.stringify({ folder, functions, minutes } satisfies ManyStart)], { execArgv: lean, env: { ...process.env, MALLOC_ARENA_MAX: "2" } });
  const pid = child.pid ?? 0;
  let base = 0;
  const above: number[] = [];
  const proportional: number[] = [];
  const warm: number[] = [];
  const result = new Promise<Extract<ManyNews, { kind: "done" }>>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the node of the bench ended with ${code}`)));
    child.on("message", (news: ManyNews) => {
      if (news.kind === "done") return resolve(news);
      if (news.kind === "base") base = memoryOf(pid)?.residentBytes ?? Number.NaN;
      if (news.kind !== "sample") return void child.send("go");
      const all = [pid, ...news.pids].map((id) => memoryOf(id));
      above.push(all.reduce((sum, memory) => sum + (memory?.residentBytes ?? 0), 0) - base);
      proportional.push(all.reduce((sum, memory) => sum + (memory?.proportionalBytes ?? 0), 0));
      warm.push(news.warm);
    });
  });
  try {
    const { callMs, coldStarts } = await result;
    const last = above.slice(Math.floor(above.length / 2));
    say(`${functions} functions, ${callMs.length} calls: p99 ${round(percentile(callMs, 0.99))} ms; ${round(median(last) / megabyte)} MB above ${round(base / megabyte)} MB`);
    return {
      manyFunctions: functions,
      manyCalls: callMs.length,
      manyCallMsP50: median(callMs),
      manyCallMsP99: percentile(callMs, 0.99),
      manyColdStarts: coldStarts,
      manyBaseMegabytes: base / megabyte,
      manyAboveBaseMegabytes: median(last) / megabyte,
      manyAboveBaseMegabytesMax: Math.max(...above) / megabyte,
      manyProportionalMegabytes: median(proportional.slice(Math.floor(proportional.length / 2))) / megabyte,
      manyWarmMax: Math.max(...warm),
    };
  } finally {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
}
