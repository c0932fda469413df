/** The worker of one function. Imports no more than it must: each file here is one that the sandbox may read. */
import { syncBuiltinESMExports } from "node:module";
import os, { constants } from "node:os";
import { getHeapStatistics } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import type { ModelDecision, Tensor, UnitUsage } from "@holon/core/ports.ts";
import type { HostModels, UnitHost } from "@holon/core/run/host.ts";
import type { UnitDefinition } from "@holon/core/run/definition.ts";
import { createModelLink } from "../model/link.ts";
import { narrowBuiltinModules } from "./builtin-modules.ts";
import type { SandboxBatch, SandboxDecided, SandboxReply, SandboxSetup } from "./protocol.ts";

const setup = workerData as SandboxSetup;
const core: typeof import("@holon/core/run/inside.ts") = await import(setup.inside);

const reply = (message: SandboxReply): void => parentPort?.postMessage(message);
const failed = (error: unknown): void => reply({ kind: "failed", error: core.toCrossing(error), used: used() });

const { threadCpuUsage } = process;
function used(): UnitUsage {
  const { user, system } = threadCpuUsage.call(process);
  const { total_physical_size: heap, external_memory: beside } = getHeapStatistics();
  return { processorMs: (user + system) / 1e3, memoryBytes: heap + beside };
}

/** Questions that the node has not answered yet. */
const asked = new Map<number, (answer: SandboxDecided) => void>();
let lastCall = 0;

await start().catch(failed);

async function start(): Promise<void> {
  process.permission?.drop("fs"); // all of our own is loaded; what comes now is the function's
  keepToThisProcess();
  const before = used();
  const definition = await importDefinition(setup.name, setup.code);
  if (!setup.describeOnly) {
    const host = core.createUnitHost({ ...setup, definition, models: { ...(setup.line === undefined ? noModels() : createModelLink(setup.line, core.fromCrossing)), decide }, nowMs: () => performance.now() });
    parentPort?.on("message", (message: SandboxBatch | SandboxDecided) => ("call" in message ? decided(message) : void handle(host, message).then(reply, failed)));
  }
  const { on, emits, models, modelShapes } = definition;
  reply({ kind: "ready", described: JSON.parse(JSON.stringify({ on, emits, models, modelShapes })), used: before });
}

/** Signals go to no process but this; and nothing hands out what Node itself sends them with. */
function keepToThisProcess(): void {
  const { pid } = process;
  const { apply } = Reflect; // what is global is the function's to change
  const send: unknown = Reflect.get(process, "_kill"); // what `process.kill` calls
  const sendHere = (of: number, signal: number): unknown => (of === pid && typeof send === "function" ? apply(send, process, [of, signal]) : -constants.errno.EPERM);
  const fixed = { kill: process.kill, _kill: sendHere, _getActiveHandles: undefined, _getActiveRequests: undefined, _debugProcess: undefined, _debugEnd: undefined, binding: undefined, _linkedBinding: undefined, dlopen: undefined, report: undefined };
  for (const [name, value] of Object.entries(fixed)) Reflect.defineProperty(process, name, { value, writable: false, configurable: false });
  Reflect.defineProperty(os, "setPriority", { value: undefined, writable: false, configurable: false });
  syncBuiltinESMExports();
  narrowBuiltinModules();
}

async function decide(model: string, rows: Tensor, cause: number): Promise<readonly ModelDecision[]> {
  const call = ++lastCall;
  const answer = new Promise<SandboxDecided>((resolve) => asked.set(call, resolve));
  reply({ kind: "decide", call, model, rows, cause });
  const { decisions = [], error } = await answer;
  if (error !== undefined) throw core.fromCrossing(error);
  return decisions;
}

function decided(answer: SandboxDecided): void {
  asked.get(answer.call)?.(answer);
  asked.delete(answer.call);
}

async function handle(host: UnitHost, { events }: SandboxBatch): Promise<SandboxReply> {
  const { fitted, ...result } = await host.handle(events);
  return { kind: "result", text: JSON.stringify(result), fitted, used: used() };
}

async function importDefinition(name: string, code: string): Promise<UnitDefinition> {
  let module: { readonly default?: unknown };
  try {
    module = await import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
  } catch (error) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
    throw new core.HolonError("HOLON_UNIT_BAD", `function ${name}: its module does not load: ${what.slice(0, 300)}`, { cause: error });
  }
  return core.parseDefinition(module.default, name);
}

function noModels(): HostModels {
  return {
    bind: () => undefined,
    run: async (model) => {
      throw new core.HolonError("HOLON_MODEL_INPUT_BAD", `model ${model} is not loaded`);
    },
  };
}
