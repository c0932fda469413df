/**
 * What every isolate is born with: the host of `core/run` and nothing else of the world. Bundled into one script and kept as a
 * snapshot, so that it costs nothing at a start. The warden takes these functions out before any function's code is there.
 *
 * An isolate has no files, network, processes or environment to take away. What V8 itself brings and its limits do not count goes
 * here: memory outside of the heap (WebAssembly, shared and resizable buffers), blocking (`Atomics.wait`), and the clock.
 */
import { createUnitHost, fromCrossing, HolonError, parseDefinition, toCrossing, type HostModels, type UnitHost } from "@holon/core/run/inside.ts";
import type { FittedParameters, Tensors, UnitEvent } from "@holon/core/ports.ts";
import type { UnitContext, UnitDefinition } from "@holon/core/run/definition.ts";
import { limits } from "@holon/core/limits.ts";
import { createWasmDefinition, keepWebAssembly, type WasmPort } from "./inside-wasm.ts";
import { rehearsedDeclaration, rehearsedModule } from "./inside-wasm-rehearsal.ts";
import type { InsideModelReply, InsideResult, InsideRuntime, InsideSetup } from "./warden-protocol.ts";

type Ask = (id: number, model: string, inputs: Tensors, subject: string | undefined) => void;
/** Waits for the answer, if it is one that is given at once. */
type AskNow = (model: string, inputs: Tensors, subject: string | undefined) => InsideModelReply | undefined;
type Bind = (model: string, subject: string, parameters: Tensors) => void;
/** The ways out of an isolate, which are made with it: a start has no time for that. */
interface Ways {
  readonly ask: Ask;
  readonly askNow: AskNow;
  readonly bind: Bind;
  readonly infer: WasmPort["infer"];
}

const ignore = (): undefined => undefined;
/** Of a rehearsal they lead nowhere. */
let ways: Ways = { ask: ignore, askNow: ignore, bind: ignore, infer: { applySyncPromise: () => ["{}"] } };
let host: UnitHost | undefined;
let eventMs = 0;
/** Runs only while models do: told by the warden with each answer. */
let modelClockMs = 0;
let talk = "";
const waiting = new Map<number, { readonly resolve: (reply: InsideModelReply) => void; readonly reject: (error: unknown) => void }>();
const inferencesMax = 64;

/** Returns nothing but what was said meanwhile, or a failure. */
function start(namespace: { readonly default?: unknown } | undefined, setupText: string, fitted: readonly FittedParameters[] | undefined, bytes: ArrayBuffer | undefined): InsideResult {
  try {
    const setup: InsideSetup = JSON.parse(setupText);
    const definition = bytes === undefined ? parseDefinition(namespace?.default, setup.name) : createWasmDefinition(setup, { bytes, infer: ways.infer });
    host = createUnitHost({ ...setup, state: new Map(setup.state), fitted: fitted ?? [], definition: timed(definition), models: createModels(ways), nowMs: () => modelClockMs });
    return { text: undefined, fitted: undefined, failed: undefined, talk: takeTalk() };
  } catch (error) {
    return failure(error);
  }
}

async function handle([eventsText]: readonly [text: string]): Promise<InsideResult> {
  try {
    if (host === undefined) throw new HolonError("HOLON_INTERNAL", "a batch came before the function");
    const events: readonly UnitEvent[] = JSON.parse(eventsText);
    const { fitted, ...result } = await host.handle(events);
    return { text: JSON.stringify(result), fitted, failed: undefined, talk: takeTalk() };
  } catch (error) {
    return failure(error);
  }
}

function deliver(id: number, reply: InsideModelReply): void {
  const asked = waiting.get(id);
  waiting.delete(id);
  modelClockMs += reply.tookMs;
  if (reply.error === undefined) asked?.resolve(reply);
  else asked?.reject(fromCrossing(reply.error));
}

const failure = (error: unknown): InsideResult => ({ text: undefined, fitted: undefined, failed: JSON.stringify(toCrossing(error)), talk: takeTalk() });

function createModels({ ask, askNow, bind }: Ways): HostModels {
  let lastId = 0;
  let binds = 0;
  /** Models whose last answer was given where it was asked for. */
  const here = new Set<string>();
  const question = (model: string, inputs: Tensors, subject: string | undefined): Promise<InsideModelReply> =>
    new Promise((resolve, reject) => {
      if (waiting.size >= inferencesMax) throw new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model} was asked more than ${inferencesMax} times at once; await what it starts`);
      const id = ++lastId;
      waiting.set(id, { resolve, reject });
      ask(id, model, inputs, subject);
    });
  return {
    bind(model, subject, parameters) {
      binds += 1;
      here.clear(); // who waits for an answer would pass this by
      bind(model, subject, parameters);
    },
    async run(model, inputs, subject) {
      const now = here.has(model) ? askNow(model, inputs, subject) : undefined;
      if (now !== undefined) {
        modelClockMs += now.tookMs;
        return now.outputs ?? {};
      }
      here.delete(model);
      const before = binds;
      const reply = await question(model, inputs, subject);
      if (reply.here === true && before === binds) here.add(model);
      return reply.outputs ?? {};
    },
    // Nothing is fitted for what the node answers for: the place of its subject is that of the event.
    decide: async (model, rows, cause) => (await question(model, { rows }, String(cause))).decisions ?? [],
  };
}

/** The clock of a function stands at its event. */
const timed = (definition: UnitDefinition): UnitDefinition => ({
  ...definition,
  run(event, context) {
    eventMs = event.timeMs;
    return definition.run(event, context);
  },
});

function takeTalk(): string {
  const said = talk;
  talk = "";
  return said;
}

const say = (...words: readonly unknown[]): void => {
  if (talk.length < limits.unitTalkBytesMax) talk = `${talk}${words.map(shown).join(" ")}\n`.slice(0, limits.unitTalkBytesMax + 1);
};
const shown = (word: unknown): string => (typeof word === "string" ? word : typeof word === "object" ? (JSON.stringify(word) ?? "") : String(word));

/** One function that does next to nothing, so that what every function needs has been compiled when the first event of a real one comes. */
async function rehearse(runtime: InsideRuntime): Promise<void> {
  const kind = "holon.function";
  const run = (event: UnitEvent, context: UnitContext): void => {
    context.state.set("a", context.state.get("a") ?? event.data);
    context.emit("a.b", { data: 1 });
  };
  const setup = (declared: InsideSetup["declared"]): string => JSON.stringify({ name: "a/b", modelNames: [], state: [], declared } satisfies InsideSetup);
  if (runtime === "wasm") start(undefined, setup(rehearsedDeclaration), undefined, Uint8Array.from(rehearsedModule).buffer);
  else start({ default: { kind, on: { type: "a" }, emits: { "a.b": { stream: "local", class: "derived" } }, models: [], run } }, setup(undefined), undefined, undefined);
  await handle([JSON.stringify([{ id: "a/b/local/1", type: "a", source: "/a", subject: "a", timeMs: 1, arrivedMs: 1, data: {} }])]);
  host = undefined;
  eventMs = 0;
}

/** For each isolate anew: V8 adds some of this after the snapshot. */
async function narrow(runtime: InsideRuntime, ...given: readonly [Ask, AskNow, Bind, WasmPort["infer"]] | readonly []): Promise<void> {
  keepWebAssembly();
  await rehearse(runtime);
  narrowGlobals();
  if (given.length === 0) return;
  const [ask, askNow, bind, infer] = given;
  ways = { ask, askNow, bind, infer };
}

function narrowGlobals(): void {
  const globals = globalThis as unknown as Record<string, unknown>;
  for (const name of ["WebAssembly", "SharedArrayBuffer", "Atomics", "Temporal", "FinalizationRegistry", "WeakRef"]) delete globals[name];
  globals["console"] = { log: say, info: say, warn: say, error: say, debug: say };
  globals["Date"] = eventDate(Date);
  globals["ArrayBuffer"] = plainArrayBuffer(ArrayBuffer);
  const format = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, "format")?.get;
  Object.defineProperty(Intl.DateTimeFormat.prototype, "format", {
    get(this: Intl.DateTimeFormat) {
      const bound: (date?: Date | number) => string = format?.call(this);
      return (date: Date | number = eventMs) => bound(date);
    },
  });
  const { formatToParts } = Intl.DateTimeFormat.prototype;
  Intl.DateTimeFormat.prototype.formatToParts = function (date: Date | number = eventMs) {
    return formatToParts.call(this, date);
  };
}

/** `Date` with the time of the event for now. */
function eventDate(Real: DateConstructor): unknown {
  const replaced = function (this: unknown, ...parts: readonly unknown[]): unknown {
    if (new.target === undefined) return new Real(eventMs).toString();
    return Reflect.construct(Real, parts.length === 0 ? [eventMs] : [...parts], new.target);
  };
  replaced.prototype = Real.prototype;
  Object.defineProperty(Real.prototype, "constructor", { value: replaced, writable: true, configurable: true });
  return Object.assign(replaced, { now: () => eventMs, UTC: Real.UTC, parse: Real.parse });
}

/** A resizable buffer takes its memory past the allocator that counts. */
function plainArrayBuffer(Real: ArrayBufferConstructor): unknown {
  const replaced = function (this: unknown, length: number): unknown {
    if (new.target === undefined) throw new TypeError("Constructor ArrayBuffer requires 'new'");
    return Reflect.construct(Real, [length], new.target);
  };
  replaced.prototype = Real.prototype;
  Object.defineProperty(Real.prototype, "constructor", { value: replaced, writable: true, configurable: true });
  Object.defineProperty(replaced, Symbol.species, { get: () => replaced });
  return Object.assign(replaced, { isView: Real.isView });
}

Object.assign(globalThis, { holonInside: { narrow, start, handle, deliver } });
