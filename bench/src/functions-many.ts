/** A thousand functions on one node, each called once a minute: what they weigh above the node without them, and how long a call takes. */
import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { endsWithBench } from "./child-ends.ts";
import { thriftyMalloc } from "@holon/platform/malloc.ts";
import { memoryOf, processorMsOf } from "./process-memory.ts";
import { median, percentile, round, sum } from "./statistics.ts";
import type { SuiteContext } from "./suite.ts";

const functions = 1_000;
/** Each is called once, and half of them again. */
const minutesDefault = 1.5;
const megabyte = 1e6;
const pingEveryMs = 61;

export interface ManyStart {
  readonly folder: string;
  readonly functions: number;
  readonly minutes: number;
  /** Loads what there is to load and ends. */
  readonly onlyFills?: boolean;
}
/** As `holon node start` runs: with these, and with a cache of modules that a start before has filled. */
const lean = ["--optimize-for-size", "--max-semi-space-size=2", "--v8-pool-size=1", "--no-flush-bytecode"];
/** Between two samples. */
export const callsOfSample = 60;
export type ManyNews =
  | { readonly kind: "base" | "loaded" }
  | { readonly kind: "sample"; readonly pids: readonly number[]; readonly warm: number }
  | { readonly kind: "done"; readonly callMs: readonly number[]; readonly coldStarts: number };

export async function manyFunctions({ folder, minutes = minutesDefault, say }: SuiteContext): Promise<Record<string, number>> {
  if (memoryOf(process.pid) === undefined) return {};
  const start = (asked: ManyStart): ChildProcess => fork(fileURLToPath(new URL("./functions-node.ts", import.meta.url)), [JSON.stringify(asked)], { execArgv: lean, env: { ...process.env, ...thriftyMalloc, NODE_COMPILE_CACHE: join(folder, "cache") } });
  await once(start({ folder, functions, minutes, onlyFills: true }), "exit");
  const child = start({ folder, functions, minutes });
  endsWithBench(child);
  const pid = child.pid ?? 0;
  const pinging = pingBareProcess();
  let base = 0;
  let baseProportional = 0;
  let calledFrom: number | undefined;
  let processorMs = 0;
  const above: number[] = [];
  const proportional: number[] = [];
  const warm: number[] = [];
  const result = new Promise<Extract<ManyNews, { kind: "done" }>>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the node of the bench ended with ${code}`)));
    child.on("message", (news: ManyNews) => {
      if (news.kind === "done") return resolve(news);
      if (news.kind === "base") {
        const memory = memoryOf(pid);
        base = memory?.residentBytes ?? Number.NaN;
        baseProportional = memory?.proportionalBytes ?? Number.NaN;
      }
      if (news.kind !== "sample") return void child.send("go");
      const pids = [pid, ...news.pids];
      const all = pids.map((id) => memoryOf(id));
      processorMs = sum(pids.map(processorMsOf));
      calledFrom ??= processorMs;
      if (warm.length % 5 === 4) say(`${(warm.length + 1) * callsOfSample} calls of ${Math.round(functions * minutes)}`);
      above.push(all.reduce((total, memory) => total + (memory?.residentBytes ?? 0), 0) - base);
      proportional.push(all.reduce((total, memory) => total + (memory?.proportionalBytes ?? 0), 0) - baseProportional);
      warm.push(news.warm);
    });
  });
  try {
    const { callMs, coldStarts } = await result;
    const pingMs = await pinging.end();
    const last = above.slice(Math.floor(above.length / 2));
    say(`${functions} functions, ${callMs.length} calls: p99 ${round(percentile(callMs, 0.99))} ms (a bare process answers in ${round(percentile(pingMs, 0.99))} ms beside it); ${round(median(last) / megabyte)} MB above ${round(base / megabyte)} MB`);
    return {
      manyFunctions: functions,
      manyCalls: callMs.length,
      manyCallMsP50: median(callMs),
      manyCallMsP99: percentile(callMs, 0.99),
      manyPingMsP50: median(pingMs),
      manyPingMsP99: percentile(pingMs, 0.99),
      ...(warm.length > 1 ? { manyProcessorMsPerCall: (processorMs - (calledFrom ?? 0)) / ((warm.length - 1) * callsOfSample) } : {}),
      manyColdStarts: coldStarts,
      manyBaseMegabytes: base / megabyte,
      manyAboveBaseMegabytes: median(last) / megabyte,
      manyAboveBaseMegabytesMax: Math.max(...above) / megabyte,
      manyAboveBaseProportionalMegabytes: median(proportional.slice(Math.floor(proportional.length / 2))) / megabyte,
      manyWarmMax: Math.max(...warm),
    };
  } finally {
    await pinging.end();
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
}

/** What a bare process takes for an answer meanwhile: the part of a call's tail that is the machine's. */
function pingBareProcess(): { end(): Promise<readonly number[]> } {
  const child = spawn(process.execPath, ["-e", `process.on("message", (message) => process.send(message))`], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
  endsWithBench(child);
  const taken: number[] = [];
  let ended = false;
  const pinging = (async () => {
    while (!ended) {
      const startMs = performance.now();
      child.send(1);
      await once(child, "message");
      taken.push(performance.now() - startMs);
      await sleep(pingEveryMs);
    }
    child.kill();
  })();
  return {
    async end() {
      ended = true;
      await pinging;
      return taken.slice(1); // the first is its start
    },
  };
}
