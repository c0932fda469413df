/** One function in its isolate: loaded, handed batches, ended when its time is over. */
import ivm from "isolated-vm";
import { HolonError } from "@holon/core/errors.ts";
import { kindOf } from "@holon/core/run/failure-words.ts";
import { limits } from "@holon/core/limits.ts";
import type { FittedParameters } from "@holon/core/ports.ts";
import { fromSandbox, toCrossing } from "@holon/core/run/crossing.ts";
import { withSpent } from "@holon/core/run/spent.ts";
import { unitTextMax } from "@holon/core/run/unit-text.ts";
import { boundWasmMemory } from "@holon/core/run/wasm-memory.ts";
import { tensorsFromJson, tensorsToJson } from "@holon/core/run/tensor-json.ts";
import type { OpenLine, PlatformModel } from "../model.ts";
import type { InsideModelReply, InsideResult, WardenReply, WardenRequest } from "../runner/warden-protocol.ts";
import { parseInsideFailure, parseInsideResult } from "./answer.ts";
import type { InsideIsolate, IsolateFactory } from "./isolate.ts";
import { createModelsHere } from "../model/here.ts";
import { createCompiledModules } from "./compiled.ts";
import { createMeter, type Meter } from "./meter.ts";
import { createWardenModels, type AskNode, type WardenModels } from "./models.ts";

export interface OpenFunction {
  readonly talk: string;
  /** Bytes, as they were counted last; 0 while they were not. */
  weight(): number;
  handle(eventsText: string, timeoutMs: number): Promise<Outcome>;
  /** The node has answered a question of its. */
  decided(call: number, reply: Omit<InsideModelReply, "tookMs">): void;
  /** False: what it runs goes on, since it is where V8 does not look. */
  end(): Promise<boolean>;
}

/** What an idle function says by itself. */
export interface Heard {
  /** It lost something that it cannot do without. */
  lost(error: HolonError): void;
  /** It cannot be ended but with its process. */
  stuck(error: HolonError): void;
}

/** It did not start, and cannot be ended but with its process. */
export class StuckAtStart extends Error {
  readonly error: HolonError;
  constructor(error: HolonError) {
    super(error.message);
    this.error = error;
  }
}

type Outcome = WithoutId<Extract<WardenReply, { kind: "done" | "failed" | "stuck" }>>;
type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;
type OpenRequest = Extract<WardenRequest, { kind: "open" }>;

const compiled = createCompiledModules();
const modelsHere = createModelsHere();
const compiledHereMax = 32 << 10;
const wasmPageBytes = 64 << 10;
/** V8 needs some itself. */
const wasmShare = 0.75;

export async function openFunction(request: OpenRequest, factory: IsolateFactory, models: () => PlatformModel, heard: Heard, askNode: AskNode): Promise<OpenFunction> {
  const { name } = request.setup;
  let line: OpenLine | undefined;
  let inside: InsideIsolate | undefined;
  let forget: (() => void) | undefined;
  let metered: Meter | undefined;
  let isAtWork = true; // its module's own code, at first
  let ended: Promise<boolean> | undefined;
  const end = (): Promise<boolean> =>
    (ended ??= (() => {
      line?.forget();
      forget?.();
      return inside === undefined ? Promise.resolve(true) : letGo(inside, isAtWork);
    })());
  try {
    const [opened, taken] = await Promise.all([
      Object.keys(request.models).length === 0 ? undefined : models().connect(request.models, () => heard.lost(new HolonError("HOLON_UNIT_DIED", `function ${name} lost its models: the model worker ended`))),
      factory.take(request.setup.declared === undefined ? "javascript" : "wasm", request.memoryBytesMax),
    ]);
    line = opened;
    inside = taken;
    const link = createWardenModels(opened?.line, (id, reply) => void taken.deliver.applyIgnored(undefined, [id, reply], { arguments: { copy: true } }), { served: request.setup.served ?? {}, ask: askNode }, { graphs: request.models, quick: opened?.quick ?? {}, models: modelsHere });
    forget = link.end;
    const meter = (metered = createMeter(taken.isolate));
    meter.begin();
    const tooLong = (): Error => bad(name, `it did not load within ${request.startMs} ms`);
    const { first, begun } = await withTime(start(request, taken, link), request.startMs, tooLong);
    if (first.failed !== undefined) throw fromInside(first.failed);
    let given = begun;
    const weigh = (): void =>
      meter.weigh(() => {
        const error = died(name, "it went on after it had returned");
        isAtWork = true;
        void end().then((isAtRest) => (isAtRest ? undefined : heard.stuck(error)));
        heard.lost(error);
      });
    isAtWork = request.first !== undefined;
    const weighAtRest = (): void => void setImmediate(() => (isAtWork ? undefined : weigh()));
    weighAtRest();
    return {
      talk: first.talk,
      end,
      weight: () => meter.usage().memoryBytes,
      decided: link.decided,
      async handle(text, timeoutMs) {
        isAtWork = true;
        if (given === undefined) meter.begin(); // a start that goes on with its first batch is part of what that took
        const outcome = await handle({ request, link, meter, end }, given ?? handedTo(taken, text), timeoutMs);
        given = undefined;
        isAtWork = false;
        if (outcome.kind === "done") weighAtRest();
        return outcome;
      },
    };
  } catch (error) {
    const known = withSpent(error instanceof HolonError ? error : bad(name, `its module does not load: ${error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : typeof error}`, error), metered?.usage());
    throw (await end()) ? known : new StuckAtStart(known);
  }
}

interface Begun {
  readonly first: InsideResult;
  /** The first batch, in line behind the start: the isolate's thread goes on with it without a word from here. */
  readonly begun: Promise<unknown> | undefined;
}

async function start(request: OpenRequest, inside: InsideIsolate, link: WardenModels): Promise<Begun> {
  const [started] = await queueStart(request, inside, link);
  const begun = request.first === undefined ? undefined : handedTo(inside, request.first.eventsText);
  begun?.catch(() => undefined); // thrown to who waits for it
  return { first: await started, begun };
}

/** Copied within an array: a text by itself would stay outside of the isolate's heap, where V8 does not count it, until something else has that collected: megabytes a minute. */
const handedTo = (inside: InsideIsolate, eventsText: string): Promise<unknown> => inside.handle.apply(undefined, [[eventsText]], { arguments: { copy: true }, result: { promise: true, copy: true } });

/** Resolves when all of it stands in line for the isolate's thread; in an array, since a promise of a promise is that promise. */
async function queueStart({ setup, code, fitted, memoryBytesMax }: OpenRequest, { isolate, context, start: begin, lead }: InsideIsolate, link: WardenModels): Promise<readonly [Promise<InsideResult>]> {
  lead({ ...link, infer: async (model, inputs) => new ivm.ExternalCopy([tensorsToJson(await link.run(model, tensorsFromJson(inputs)))]).copyInto({ release: true }) });
  const common = [JSON.stringify(setup), fitted.length === 0 ? undefined : new ivm.ExternalCopy(copied(fitted)).copyInto({ release: true })];
  if (setup.declared !== undefined) {
    const bytes = boundWasmMemory(setup.name, code, Math.floor((memoryBytesMax * wasmShare) / wasmPageBytes));
    compiled.keepSoon(bytes);
    return [resultOf(begin.apply(undefined, [undefined, ...common, new ivm.ExternalCopy(bytes.buffer).copyInto({ release: true })], { result: { copy: true } }))];
  }
  const source = new TextDecoder().decode(code);
  const options = { filename: `holon:${setup.name}` };
  // What is small is compiled sooner than another thread is awake; no code of the function's runs in this.
  const module = code.length <= compiledHereMax ? isolate.compileModuleSync(source, options) : await isolate.compileModule(source, options);
  module.instantiateSync(context, (specifier) => {
    throw bad(setup.name, `it imports ${specifier.slice(0, 100)}, and nothing can be imported here`);
  });
  await module.evaluate();
  return [resultOf(begin.apply(undefined, [module.namespace.derefInto(), ...common], { result: { copy: true } }))];
}

/** What a function's isolate hands out, it may have made itself. */
async function resultOf(given: Promise<unknown>): Promise<InsideResult> {
  const result = parseInsideResult(await given);
  if (result === undefined) throw new HolonError("HOLON_UNIT_DIED", "a sandbox answered what is no result");
  return result;
}

/** The plain form that structured copies keep. */
const copied = (fitted: readonly FittedParameters[]): unknown => fitted.map(({ model, subject, note, parameters }) => ({ model, subject, note, parameters }));

interface Handling {
  readonly request: OpenRequest;
  readonly link: WardenModels;
  readonly meter: Meter;
  end(): Promise<boolean>;
}

async function handle({ request, link, meter, end }: Handling, given: Promise<unknown>, timeoutMs: number): Promise<Outcome> {
  const { name } = request.setup;
  try {
    const tooLong = (): Error => new HolonError("HOLON_UNIT_TIMEOUT", `function ${name} took longer than ${timeoutMs} ms for its events`);
    const result: InsideResult = await withTime(resultOf(given), timeoutMs, tooLong);
    if (result.failed !== undefined) throw fromInside(result.failed);
    if (typeof result.text !== "string" || result.text.length > unitTextMax) throw died(name, `its result is no text of at most ${unitTextMax} characters`);
    if (link.pending() > 0) throw new HolonError("HOLON_UNIT_BAD", `function ${name} returned while a model was at work for it; await what it starts`);
    return { kind: "done", text: result.text, fitted: result.fitted, talk: result.talk, usage: meter.usage() };
  } catch (error) {
    const known = error instanceof HolonError ? error : died(name, whatEnded(error, request.memoryBytesMax), error);
    const outcome = { kind: "failed", error: toCrossing(known), talk: "", usage: meter.usage() } as const;
    return (await end()) ? outcome : { kind: "stuck", error: outcome.error, usage: outcome.usage };
  }
}

/** Disposed of, an isolate lets go of what it runs, unless it is where V8 does not look: whether it has. */
async function letGo({ isolate, deliver }: InsideIsolate, isAtWork: boolean): Promise<boolean> {
  if (isolate.isDisposed) return true;
  // Stands in line behind what runs in there: it is answered, or refused, as soon as nothing does.
  const atRest = isAtWork ? deliver.apply(undefined, [0, { tookMs: 0 }], { arguments: { copy: true } }) : undefined;
  isolate.dispose();
  if (atRest === undefined) return true;
  return withTime(atRest.then(() => true, () => true), limits.isolateEndMs, () => new Error("stuck")).catch(() => false);
}

function whatEnded(error: unknown, memoryBytesMax: number): string {
  const said = error instanceof Error ? error.message : "";
  if (/memory limit/.test(said)) return `it needed more than ${memoryBytesMax >> 20} MiB of memory`;
  if (/disposed/.test(said)) return "it was stopped";
  return `${kindOf(error)} outside of a run`;
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

const fromInside = (text: string): HolonError => {
  const failure = parseInsideFailure(text);
  return failure === undefined ? new HolonError("HOLON_UNIT_DIED", "a sandbox failed in a way that it does not tell") : fromSandbox(failure);
};

const died = (name: string, why: string, cause?: unknown): HolonError => new HolonError("HOLON_UNIT_DIED", `the sandbox of function ${name} ended: ${why}`, { cause });
const bad = (name: string, why: string, cause?: unknown): HolonError => new HolonError("HOLON_UNIT_BAD", `function ${name}: ${why}`, { cause });
