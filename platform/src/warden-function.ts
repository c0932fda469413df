/** One function in its isolate: loaded, handed batches, ended when its time is over. */
import ivm from "isolated-vm";
import { z } from "zod";
import { HolonError, isErrorCode } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { FittedParameters, Tensors, UnitUsage } from "@holon/core/ports.ts";
import { fromCrossing, toCrossing } from "@holon/core/run/crossing.ts";
import { unitTextMax } from "@holon/core/run/unit-text.ts";
import { boundWasmMemory } from "@holon/core/run/wasm-memory.ts";
import { tensorsFromJson, tensorsToJson } from "@holon/core/run/tensor-json.ts";
import type { OpenLine, PlatformModel } from "./model.ts";
import type { InsideResult, WardenReply, WardenRequest } from "./runner-warden-protocol.ts";
import type { InsideIsolate, IsolateFactory } from "./warden-isolate.ts";
import { createWardenModels, type WardenModels } from "./warden-models.ts";

export interface OpenFunction {
  readonly described: string;
  readonly talk: string;
  handle(eventsText: string, timeoutMs: number): Promise<Outcome>;
  end(): void;
}

type Outcome = WithoutId<Extract<WardenReply, { kind: "done" | "failed" | "stuck" }>>;
type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;
type OpenRequest = Extract<WardenRequest, { kind: "open" }>;

const wasmPageBytes = 64 << 10;
/** V8 needs some itself. */
const wasmShare = 0.75;

export async function openFunction(request: OpenRequest, factory: IsolateFactory, models: () => PlatformModel, lost: (error: HolonError) => void): Promise<OpenFunction> {
  const { name } = request.setup;
  let line: OpenLine | undefined;
  let inside: InsideIsolate | undefined;
  const end = (): void => {
    line?.forget();
    if (inside !== undefined && !inside.isolate.isDisposed) inside.isolate.dispose();
  };
  try {
    const [opened, taken] = await Promise.all([
      Object.keys(request.models).length === 0 ? undefined : models().connect(request.models, () => lost(new HolonError("HOLON_UNIT_DIED", `function ${name} lost its models: the model worker ended`))),
      factory.take(request.memoryBytesMax),
    ]);
    line = opened;
    inside = taken;
    const link = createWardenModels(opened?.line, (id, reply) => void taken.deliver.applyIgnored(undefined, [id, reply], { arguments: { copy: true } }));
    const first = await withTime(start(request, taken, link), request.startMs, () => bad(name, `it did not load within ${request.startMs} ms`));
    if (first.failed !== undefined) throw fromInside(first.failed);
    return { described: first.text ?? "", talk: first.talk, end, handle: (text, timeoutMs) => handle(request, taken, text, timeoutMs, end) };
  } catch (error) {
    end();
    throw error instanceof HolonError ? error : bad(name, `its module does not load: ${error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : typeof error}`, error);
  }
}

async function start({ setup, code, fitted, memoryBytesMax }: OpenRequest, { isolate, context, start: begin }: InsideIsolate, link: WardenModels): Promise<InsideResult> {
  const ask = new ivm.Callback((id: number, model: string, inputs: Tensors, subject: string | undefined) => link.ask(id, model, inputs, subject), { ignored: true });
  const bind = new ivm.Callback((model: string, subject: string, parameters: Tensors) => link.bind(model, subject, parameters), { ignored: true });
  const common = [JSON.stringify(setup), new ivm.ExternalCopy(copied(fitted)).copyInto({ release: true }), ask, bind];
  const timeout = limits.unitStartMs;
  if (setup.declared !== undefined) {
    const bytes = boundWasmMemory(setup.name, code, Math.floor((memoryBytesMax * wasmShare) / wasmPageBytes));
    const infer = new ivm.Reference(async (model: string, inputs: string) => tensorsToJson(await link.run(model, tensorsFromJson(inputs))));
    const port = await context.evalClosure("return { bytes: $0, infer: $1 }", [new ivm.ExternalCopy(bytes.buffer).copyInto({ release: true }), infer], { result: { reference: true } });
    return begin.apply(undefined, [undefined, ...common, port.derefInto({ release: true })], { timeout, result: { copy: true } });
  }
  const module = await isolate.compileModule(new TextDecoder().decode(code), { filename: `holon:${setup.name}` });
  await module.instantiate(context, (specifier) => {
    throw bad(setup.name, `it imports ${specifier.slice(0, 100)}, and nothing can be imported here`);
  });
  await module.evaluate({ timeout });
  return begin.apply(undefined, [module.namespace.derefInto(), ...common], { timeout, result: { copy: true } });
}

/** The plain form that structured copies keep. */
const copied = (fitted: readonly FittedParameters[]): unknown => fitted.map(({ model, subject, note, parameters }) => ({ model, subject, note, parameters }));

async function handle({ setup: { name }, memoryBytesMax }: OpenRequest, { isolate, handle: run, deliver }: InsideIsolate, eventsText: string, timeoutMs: number, end: () => void): Promise<Outcome> {
  const before = isolate.cpuTime;
  const failed = (error: unknown, talk = ""): Outcome => ({ kind: "failed", error: toCrossing(error), talk, usage: usageOf(isolate, before) });
  let atRest: Promise<unknown> | undefined;
  try {
    const result: InsideResult = await withTime(run.apply(undefined, [eventsText], { result: { promise: true, copy: true } }), timeoutMs, () => {
      atRest = deliver.apply(undefined, [0, { tookMs: 0 }]); // answered, or refused, as soon as nothing else runs in there
      return new HolonError("HOLON_UNIT_TIMEOUT", `function ${name} took longer than ${timeoutMs} ms for its events`);
    });
    if (result.failed !== undefined) throw fromInside(result.failed);
    if (typeof result.text !== "string" || result.text.length > unitTextMax) throw died(name, `its result is no text of at most ${unitTextMax} characters`);
    return { kind: "done", text: result.text, fitted: result.fitted, talk: result.talk, usage: usageOf(isolate, before) };
  } catch (error) {
    const outcome = failed(error instanceof HolonError ? error : died(name, whatEnded(error, memoryBytesMax), error));
    end();
    if (atRest === undefined || (await settlesSoon(atRest))) return outcome;
    return { kind: "stuck", error: toCrossing(error) };
  }
}

/** A disposed isolate lets go of what it runs, unless it is where V8 does not look. */
const settlesSoon = (work: Promise<unknown>): Promise<boolean> =>
  withTime(work.then(() => true, () => true), limits.isolateEndMs, () => new Error("stuck")).catch(() => false);

function usageOf(isolate: ivm.Isolate, before: bigint): UnitUsage {
  if (isolate.isDisposed) return { processorMs: 0, memoryBytes: 0 };
  const processorMs = Number(isolate.cpuTime - before) / 1e6;
  try {
    const heap = isolate.getHeapStatisticsSync();
    return { processorMs, memoryBytes: heap.total_physical_size + heap.externally_allocated_size };
  } catch {
    return { processorMs, memoryBytes: 0 }; // it is being ended on another thread
  }
}

function whatEnded(error: unknown, memoryBytesMax: number): string {
  const said = error instanceof Error ? error.message : "";
  if (/memory limit/.test(said)) return `it needed more than ${memoryBytesMax >> 20} MiB of memory`;
  if (/disposed/.test(said)) return "it was stopped";
  return `${error instanceof Error ? error.name : typeof error} outside of a run`;
}

async function withTime<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}

/** The function could have written it. */
function fromInside(text: string): HolonError {
  const parsed = crossingSchema.safeParse(JSON.parse(text.slice(0, crossingTextMax)));
  if (!parsed.success) return new HolonError("HOLON_UNIT_DIED", "a sandbox failed in a way that it does not tell");
  const { code, message, next, said } = parsed.data;
  return fromCrossing({ code: isErrorCode(code) ? code : "HOLON_UNIT_DIED", message, next, said });
}

const crossingTextMax = 16 << 10;
const crossingSchema = z.object({ code: z.string(), message: z.string().max(2_000), next: z.string().max(2_000), said: z.string().max(4_000).optional() });
const died = (name: string, why: string, cause?: unknown): HolonError => new HolonError("HOLON_UNIT_DIED", `the sandbox of function ${name} ended: ${why}`, { cause });
const bad = (name: string, why: string, cause?: unknown): HolonError => new HolonError("HOLON_UNIT_BAD", `function ${name}: ${why}`, { cause });
