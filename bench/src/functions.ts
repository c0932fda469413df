/**
 * Suite `functions`: what a call of a function that has no sandbox costs, beside a bare process; what a thousand functions weigh that are
 * called once a minute; and what functions that do harm cost their neighbour. A fixed loop is timed between all rounds: where it is slow,
 * so is the machine.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createHash } from "node:crypto";
import type { UnitEvent, UnitInstance, UnitProgram } from "@holon/core/ports.ts";
import { bundleFunction } from "@holon/platform/bundle.ts";
import { createRunner, type PlatformRunner } from "@holon/platform/runner.ts";
import { wasmBodies, wasmUnit } from "@holon/platform/testing/wasm-unit.ts";
import { manyFunctions } from "./functions-many.ts";
import { neighbours } from "./functions-neighbours.ts";
import { median, percentile, round } from "./statistics.ts";
import type { Suite } from "./suite.ts";

const declared = { on: { type: "bench.reading" }, emits: { "out.made": { stream: "data", class: "derived" } }, models: [] } as const;

export const functionsSuite: Suite = {
  measures: "cold starts of functions beside a bare process, a thousand functions once a minute, and neighbours of functions that do harm",
  async run(context) {
    const runner = createRunner();
    try {
      const starts = await coldStarts(runner, context.folder, Math.max(30, Math.round(context.seconds * 10)));
      context.say(`cold: function ${round(median(starts.functionMs))} ms, WebAssembly ${round(median(starts.wasmMs))} ms, process ${round(median(starts.processMs))} ms; the calibration loop ${round(median(starts.loopMs))} ms`);
      const harmed = await neighbours(runner, context);
      const many = await manyFunctions(context);
      const [functionMs, wasmMs, processMs] = [starts.functionMs, starts.wasmMs, starts.processMs];
      return {
        figures: {
          coldStartFunctionMsP50: median(functionMs),
          coldStartFunctionMsP99: percentile(functionMs, 0.99),
          coldStartWasmMsP50: median(wasmMs),
          coldStartWasmMsP99: percentile(wasmMs, 0.99),
          coldStartProcessMsP50: median(processMs),
          calibrationLoopMsP50: median(starts.loopMs),
          calibrationLoopMsP90: percentile(starts.loopMs, 0.9),
          ...harmed.figures,
          ...many,
        },
        ratios: { coldStartVsProcess: median(functionMs) / median(processMs), coldStartWasmVsProcess: median(wasmMs) / median(processMs), ...harmed.ratios },
      };
    } finally {
      await runner.close();
    }
  },
};

/** From the bundle's file to the answer to the first event, nothing of the function being warm but its file in the system's cache. */
async function coldStarts(runner: PlatformRunner, folder: string, count: number) {
  const { code } = await bundleFunction(fileURLToPath(new URL("./holon-function.ts", import.meta.url)));
  mkdirSync(folder, { recursive: true });
  const paths = { javascript: join(folder, "function"), wasm: join(folder, "wasm") };
  writeFileSync(paths.javascript, code);
  writeFileSync(paths.wasm, wasmUnit(wasmBodies.emit));
  const [functionMs, wasmMs, processMs, loopMs]: number[][] = [[], [], [], []];
  for (let index = -3; index < count; index++) {
    const took = { function: await cold(runner, paths.javascript, undefined), wasm: await cold(runner, paths.wasm, "wasm"), process: index % 3 === 0 ? await bareProcess() : undefined, loop: calibrationLoop() };
    if (index < 0) continue;
    functionMs?.push(took.function);
    wasmMs?.push(took.wasm);
    if (took.process !== undefined) processMs?.push(took.process);
    loopMs?.push(took.loop);
  }
  return { functionMs: functionMs ?? [], wasmMs: wasmMs ?? [], processMs: processMs ?? [], loopMs: loopMs ?? [] };
}

const event: UnitEvent = { id: "bench/0/local/1", type: "bench.reading", source: "/bench", subject: "machine-1", timeMs: 0, arrivedMs: 0, data: { n: 1, v: 2 } };

async function cold(runner: PlatformRunner, path: string, runtime: "wasm" | undefined): Promise<number> {
  const events = [event];
  const startMs = performance.now();
  const code = readFileSync(path);
  createHash("sha256").update(code).digest(); // as a node checks a blob that it reads
  const program: UnitProgram = { name: "bench/cold", code, runtime, declared, models: {}, fitted: [], state: new Map(), timeoutMs: 5_000 };
  const unit: UnitInstance = await runner.start(program, events);
  const { outputs } = await unit.handle(events);
  const tookMs = performance.now() - startMs;
  if (outputs.length !== 1) throw new Error("a function did not answer: nothing was measured");
  await unit.stop();
  await new Promise((resolve) => setTimeout(resolve, 60)); // a call now and then, not one after the other
  return tookMs;
}

/** A bare process of the same Node that answers one line. */
async function bareProcess(): Promise<number> {
  const startMs = performance.now();
  const child = spawn(process.execPath, ["-e", `process.stdin.once("data", (data) => process.stdout.write(data, () => process.exit(0)))`], { stdio: ["pipe", "pipe", "ignore"] });
  child.stdin.write("1\n");
  await once(child.stdout, "data");
  const tookMs = performance.now() - startMs;
  await once(child, "exit");
  return tookMs;
}

/** The same work each time. */
export function calibrationLoop(): number {
  const startMs = performance.now();
  let sum = 0;
  for (let index = 0; index < 2_000_000; index++) sum = (sum * 31 + index) % 1_000_003;
  return sum < 0 ? Number.NaN : performance.now() - startMs;
}
