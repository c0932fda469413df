/**
 * A worker thread for one function: no files, no network, no processes, no environment, a bounded heap. It keeps honest
 * functions apart; a worker thread shares its process, so it is no wall against a hostile one.
 */
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { z } from "zod";
import { HolonError } from "@holon/core/errors.ts";
import { kindOf } from "@holon/core/run/failure-words.ts";
import { limits } from "@holon/core/limits.ts";
import type { ServedModels, UnitUsage } from "@holon/core/ports.ts";
import { fromSandbox, toCrossing } from "@holon/core/run/crossing.ts";
import { spentUntil, withSpent } from "@holon/core/run/spent.ts";
import type { SandboxBatch, SandboxDecided, SandboxReply, SandboxSetup } from "./protocol.ts";

export interface Sandbox {
  /** What the function says of itself, unchecked. */
  readonly described: unknown;
  /** Sends one batch and waits for its reply; one at a time. `HOLON_UNIT_TIMEOUT`, `HOLON_UNIT_DIED`, or what the worker reports. */
  ask(batch: SandboxBatch, timeoutMs: number): Promise<Pick<Extract<SandboxReply, { kind: "result" }>, "text" | "fitted"> & { readonly usage: UnitUsage }>;
  /** Ends the worker at once. An `ask` that waits fails with `reason`. */
  end(reason: HolonError): Promise<void>;
}

/** The files of our own that the worker loads; it may read nothing else. `sandbox.test.ts` holds them against a bundler's list. */
export const inside = import.meta.resolve("@holon/core/run/inside.ts");
export const readablePaths = [
  "@holon/core/depth.ts",
  "@holon/core/elastic/bounds.ts",
  "@holon/core/errors.ts",
  "@holon/core/event/iso-time.ts",
  "@holon/core/image/bounds.ts",
  "@holon/core/json.ts",
  "@holon/core/limits.ts",
  "@holon/core/model/tensor.ts",
  "@holon/core/run/crossing.ts",
  "@holon/core/run/foreign.ts",
  "@holon/core/run/definition.ts",
  "@holon/core/run/host.ts",
  "@holon/core/run/inside.ts",
  "@holon/core/run/parse-definition.ts",
  "@holon/core/run/shared-table.ts",
  "@holon/core/run/state-table.ts",
  "@holon/core/run/failure-words.ts",
  "@holon/core/run/misfit.ts",
  "../model/answer.ts",
  "../model/link.ts",
  "../model/protocol.ts",
  "./builtin-modules.ts",
  "./worker.ts",
].map((specifier) => fileURLToPath(import.meta.resolve(specifier)));
const readable = readablePaths.map((path) => `--allow-fs-read=${path}`);

/** `talk` is given what the function prints, bounded. `HOLON_UNIT_BAD` if the module does not load. */
export async function startSandbox(setup: Omit<SandboxSetup, "inside">, talk: (text: string) => void, served?: ServedModels): Promise<Sandbox> {
  const { name } = setup;
  // From the cache a worker gets its modules without loading what strips their types, some 17 MB. Node reads it only where it might
  // write it too; the worker gives that right up before the function's code is there.
  const cache = process.env["NODE_COMPILE_CACHE"];
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    name: `function ${name}`,
    execArgv: ["--permission", ...readable, ...(cache === undefined ? [] : [`--allow-fs-read=${cache}/*`, `--allow-fs-write=${cache}/*`])],
    env: cache === undefined ? {} : { NODE_COMPILE_CACHE: cache },
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: limits.unitHeapBytesMax >> 20, maxYoungGenerationSizeMb: limits.unitYoungBytes >> 20 },
    workerData: { ...setup, inside } satisfies SandboxSetup,
    transferList: setup.line === undefined ? [] : [setup.line.port],
  });
  const resetTalk = boundTalk(worker, talk);
  const meter = meterOf(worker);
  const rest = watchRest(worker, async (why) => {
    const error = died(name, why);
    gone ??= error;
    await end(withSpent(error, await meter.atWork()));
  });
  let waiting: { resolve(reply: SandboxReply): void; reject(error: HolonError): void } | undefined;
  let gone: HolonError | undefined;

  const end = async (reason: HolonError): Promise<void> => {
    gone ??= reason;
    rest.end();
    waiting?.reject(gone);
    waiting = undefined;
    await worker.terminate();
  };
  worker.on("message", (told: SandboxReply | null) => {
    const reply: SandboxReply = told ?? { kind: "failed", error: toCrossing(died(name, "its worker spoke out of turn")), used: undefined }; // as only the function itself can
    if (reply.kind === "decide") return void answerOf(served, reply).then((decided) => worker.postMessage(decided));
    if (gone !== undefined) return; // it was too late
    waiting?.resolve(reply);
    waiting = undefined;
  });
  const hasEnded = (error: HolonError): void => void end(waiting === undefined ? error : withSpent(error, meter.ended()));
  worker.on("error", (error) => hasEnded(died(name, whatEnded(error), error)));
  worker.on("exit", (code) => hasEnded(died(name, `it exited with code ${code}`)));

  const next = async (timeoutMs: number, timedOut: () => HolonError): Promise<SandboxReply> => {
    const tooLate = async (): Promise<void> => {
      const error = (gone ??= timedOut());
      await end(withSpent(error, await meter.atWork()));
    };
    const timer = setTimeout(() => void tooLate(), timeoutMs);
    meter.begin();
    try {
      return await new Promise<SandboxReply>((resolve, reject) => {
        if (gone === undefined) waiting = { resolve, reject };
        else reject(gone);
      });
    } finally {
      clearTimeout(timer);
    }
  };

  const first = await next(limits.unitStartMs, () => bad(name, `it did not load within ${limits.unitStartMs} ms`)).catch((error: unknown) => {
    throw withSpent(bad(name, "its worker ended while it loaded", error), error instanceof HolonError ? spentUntil(error) : undefined);
  });
  if (first.kind !== "ready") {
    const error = first.kind === "failed" ? withSpent(fromSandbox(first.error), meter.since(first.used)) : bad(name, "its worker spoke out of turn");
    await end(error);
    throw error;
  }
  meter.since(first.used); // what it takes to make a worker is ours
  rest.begin();
  return {
    described: first.described,
    end,
    async ask(batch, timeoutMs) {
      if (waiting !== undefined) throw new HolonError("HOLON_INTERNAL", `function ${name} was given a batch before it had finished the last`);
      resetTalk();
      rest.end();
      if (gone === undefined) worker.postMessage(batch);
      const reply = await next(timeoutMs, () => new HolonError("HOLON_UNIT_TIMEOUT", `function ${name} took longer than ${timeoutMs} ms for ${batch.events.length} events`));
      if (reply.kind === "result") {
        rest.begin();
        return { text: reply.text, fitted: reply.fitted, usage: meter.since(reply.used) };
      }
      const error = reply.kind === "failed" ? withSpent(fromSandbox(reply.error), meter.since(reply.used)) : died(name, "its worker spoke out of turn");
      await end(error);
      throw error;
    },
  };
}

interface Rest {
  /** Nothing is asked of it. */
  begin(): void;
  end(): void;
}

/** A worker has timers, and goes on when it has returned: a little now and then, and no memory without end. `over` is told once. */
function watchRest(worker: Worker, over: (why: string) => Promise<void>): Rest {
  let timer: NodeJS.Timeout | undefined;
  const usedMs = async (): Promise<number> => {
    const { user, system } = await worker.cpuUsage();
    return (user + system) / 1e3;
  };
  const end = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  return {
    end,
    begin() {
      end();
      const sinceMs = performance.now();
      let before: number | undefined;
      const look = async (): Promise<void> => {
        const [processorMs, { total_physical_size: heap, external_memory: beside }] = await Promise.all([usedMs(), worker.getHeapStatistics()]);
        if (timer !== own) return;
        before ??= processorMs;
        const workedMs = processorMs - before;
        const bytes = heap + beside;
        const why = bytes > limits.unitHeapBytesMax + limits.processRoomBytes ? `it held ${Math.round(bytes / (1 << 20))} MiB after it had returned` : workedMs > limits.workerRestWorkMs && workedMs > (performance.now() - sinceMs) / 2 ? `it went on after it had returned, for ${Math.round(workedMs)} ms of a processor` : undefined;
        if (why === undefined) return;
        end();
        await over(why);
      };
      const own = (timer = setInterval(() => void look().catch(() => undefined), limits.workerRestLookMs).unref()); // what has ended answers nothing
    },
  };
}

const usageSchema = z.object({ processorMs: z.number().min(0), memoryBytes: z.number().min(0) });

interface WorkerMeter {
  begin(): void;
  /** Since the last time, as the worker itself counts. */
  since(used: unknown): UnitUsage;
  /** Of one that does not answer: the system is asked, and V8 breaks in on it. */
  atWork(): Promise<UnitUsage>;
  /** Of one that is gone: nobody knows but that it took no more than its process, and no more than the time on the wall. */
  ended(): UnitUsage;
}

function meterOf(worker: Worker): WorkerMeter {
  let last: UnitUsage = { processorMs: 0, memoryBytes: 0 };
  let begun = { processMs: 0, wallMs: 0 };
  const processMs = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e3;
  };
  const ended = (): UnitUsage => ({ processorMs: Math.min(processMs() - begun.processMs, performance.now() - begun.wallMs), memoryBytes: last.memoryBytes });
  const since = (told: unknown): UnitUsage => {
    const used = usageSchema.safeParse(told).data;
    if (used === undefined) return ended();
    const processorMs = Math.max(0, used.processorMs - last.processorMs);
    last = used;
    return { processorMs, memoryBytes: used.memoryBytes };
  };
  const asked = async (): Promise<UnitUsage> => {
    const [{ user, system }, heap] = await Promise.all([worker.cpuUsage(), worker.getHeapStatistics()]);
    return since({ processorMs: (user + system) / 1e3, memoryBytes: heap.total_physical_size + heap.external_memory });
  };
  return {
    begin() {
      begun = { processMs: processMs(), wallMs: performance.now() };
    },
    since,
    async atWork() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, limits.isolateEndMs, undefined)));
      const used = await Promise.race([asked().catch(() => undefined), late]);
      clearTimeout(timer);
      return used ?? ended();
    },
    ended,
  };
}

async function answerOf(served: ServedModels | undefined, { call, model, rows, cause }: Extract<SandboxReply, { kind: "decide" }>): Promise<SandboxDecided> {
  try {
    if (served === undefined || !Object.hasOwn(served.outputs, model)) throw new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model} is none that the function uses`);
    return { call, decisions: await served.decide(model, rows, cause) };
  } catch (error) {
    return { call, error: toCrossing(error) };
  }
}

/** Passes on what a worker prints until the limit, counted anew for each batch. */
function boundTalk(worker: Worker, talk: (text: string) => void): () => void {
  let bytes = 0;
  const take = (chunk: Buffer): void => {
    const room = limits.unitTalkBytesMax - bytes;
    bytes += chunk.length;
    if (room > 0) talk(chunk.subarray(0, room).toString("utf8") + (chunk.length > room ? "\n(more was printed than is kept)\n" : ""));
  };
  worker.stdout.on("data", take);
  worker.stderr.on("data", take);
  return () => {
    bytes = 0;
  };
}

/** The kind of the error; its words may hold readings and stay in the cause. */
function whatEnded(error: unknown): string {
  if (error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY") return `it needed more than ${limits.unitHeapBytesMax >> 20} MiB of memory`;
  return `${kindOf(error)} outside of a run`;
}

const died = (name: string, why: string, cause?: unknown): HolonError => new HolonError("HOLON_UNIT_DIED", `the worker of function ${name} ended: ${why}`, { cause });
const bad = (name: string, why: string, cause?: unknown): HolonError =>
  cause instanceof HolonError && cause.code === "HOLON_UNIT_BAD" ? cause : new HolonError("HOLON_UNIT_BAD", `function ${name}: ${why}`, { cause });
