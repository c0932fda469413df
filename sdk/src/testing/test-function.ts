/**
 * Runs a function in a unit test over events and virtual time, by the same rules as on a node: windows, watermarks, limits, schemas.
 * What a node adds is left out: the sandbox, the log, the guard.
 */
import { createUnitHost, type HostModels } from "@holon/core/run/host.ts";
import type { UnitDefinition } from "@holon/core/run/definition.ts";
import { createMoments, withMoments } from "@holon/core/run/moments.ts";
import { startWithSecrets } from "@holon/core/run/secret-guard.ts";
import type { FittedParameters, ModelDecision, Tensor, Tensors, UnitEvent, UnitInstance, UnitResult } from "@holon/core/ports.ts";
import { fits, inputOf } from "@holon/core/run/trigger-events.ts";
import { isWindowTrigger, triggerSchema } from "@holon/core/schema/trigger.ts";
import { toWindowEvent } from "@holon/core/stream/window-event.ts";
import { WindowStage, type LeftOut } from "@holon/core/stream/window-stage.ts";
import { fillIn, type TestEvent } from "./recorded.ts";
import { SharedBoard, type SharedValues, type TestShared } from "./test-shared.ts";
import { TestSpans } from "./test-spans.ts";

/** A model as a function of its inputs. `parameters` are those that were fitted for the subject that the call names, if it names one. */
export type TestModel = (inputs: Tensors, parameters: Tensors) => Tensors | Promise<Tensors>;

/** What such a model, or whoever is above it, says of rows. */
export type TestDecider = (rows: Tensor) => readonly ModelDecision[] | Promise<readonly ModelDecision[]>;

export interface TestOptions {
  /** In order of arrival. */
  readonly events: Iterable<TestEvent>;
  readonly models?: Readonly<Record<string, TestModel>>;
  /** Those with a cascade or a monitor, of which the function asks how sure they are. */
  readonly deciders?: Readonly<Record<string, TestDecider>>;
  /** What it stored before, for example of an earlier `TestRun`. */
  readonly state?: Readonly<Record<string, unknown>>;
  readonly fitted?: readonly FittedParameters[];
  /** What its app shares between sites. */
  readonly shared?: TestShared;
  /** As its manifest has it: `context.time.now()` is virtual time, which is the latest arrival so far. */
  readonly clock?: boolean;
  /** Those that its manifest names, each of 8 characters or more. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** How long to wait, in virtual time, after the last event, so that silence ends windows. An hour unless given. */
  readonly waitMs?: number;
}

export interface TestOutput {
  readonly type: string;
  readonly subject: string | undefined;
  readonly timeMs: number;
  readonly data: unknown;
  /** Id of the event that it was emitted for; of a window, of its last event. */
  readonly causedBy: string;
  /** Where the event that it was emitted for carries a trace. */
  readonly traceparent?: string;
}

export interface TestRun {
  readonly outputs: readonly TestOutput[];
  readonly state: Readonly<Record<string, unknown>>;
  readonly shared: SharedValues;
  /** The last one of each model and subject. */
  readonly fitted: readonly FittedParameters[];
  readonly status: string | undefined;
  readonly inferences: number;
  /** Events that no window took: `late`, `ahead` or `full`. */
  readonly leftOut: readonly Omit<LeftOut, "aside">[];
}

/** Throws what the function throws, as the node would report it: `HOLON_UNIT_THREW`, `HOLON_UNIT_BAD`, `HOLON_EVENT_BAD`, `HOLON_SECRET_LEAKED`, … */
export async function testFunction(definition: UnitDefinition, options: TestOptions): Promise<TestRun> {
  const gathered = new Gathered(options);
  const board = new SharedBoard(options.shared ?? {});
  const spans = new TestSpans();
  let nowMs = 0;
  const unit = await openUnit(definition, options, board, () => nowMs);
  const handle = async (events: readonly UnitEvent[], atMs = 0): Promise<void> => {
    for (const given of events) {
      nowMs = Math.max(nowMs, given.arrivedMs, atMs);
      const { event, carried } = spans.begin(given);
      gathered.add(await unit.handle([event]), event, carried);
    }
  };
  const trigger = triggerSchema.parse(definition.on);
  const { type, subject } = { subject: undefined, ...inputOf("app", { name: "under-test", on: trigger }) };
  const events = fillIn(options.events, type);
  if (isWindowTrigger(trigger)) await runWindows(new WindowStage(trigger, new Map(), 0), trigger, events, { handle, leftOut: gathered.leftOut, waitMs: options.waitMs ?? 3_600_000 });
  else for (const event of events) await handle(fits(type, event.type) && (subject === undefined || fits(subject, event.subject)) ? [event] : []);
  return { ...gathered.finish(), shared: board.values() };
}

interface Drain {
  /** At a moment of virtual time. */
  handle(events: readonly UnitEvent[], atMs: number): Promise<void>;
  readonly leftOut: LeftOut[];
  readonly waitMs: number;
}

async function runWindows(stage: WindowStage, trigger: { readonly type: string; readonly by: "subject" | "all" }, events: Iterable<UnitEvent>, { handle, leftOut, waitMs }: Drain): Promise<void> {
  let nowMs: number | undefined;
  const step = async (input: Parameters<WindowStage["step"]>[0], atMs: number): Promise<void> => {
    let rest = input;
    do {
      const done = stage.step(rest, atMs);
      leftOut.push(...done.leftOut);
      await handle(done.windows.map((window) => toWindowEvent(window, trigger.type, trigger.by)), atMs);
      rest = rest.slice(done.consumed);
    } while (rest.length > 0 || stage.hasDue);
  };
  /** Lives through each moment up to `untilMs` at which a source has been silent for too long. */
  const wait = async (untilMs: number): Promise<void> => {
    for (let idleMs = stage.idleAtMs(); idleMs !== undefined && idleMs <= untilMs; idleMs = stage.idleAtMs()) await step([], idleMs);
  };
  for (const event of events) {
    if (event.type !== trigger.type) continue;
    nowMs = Math.max(nowMs ?? event.arrivedMs, event.arrivedMs);
    await wait(nowMs);
    await step([{ event, isArrivalKnown: true }], nowMs);
  }
  if (nowMs !== undefined) await wait(nowMs + waitMs);
}

/** The sandbox as a node has it, but for its walls. */
async function openUnit(definition: UnitDefinition, options: TestOptions, board: SharedBoard, nowMs: () => number): Promise<UnitInstance> {
  const { secrets = {}, clock = false } = options;
  const host: UnitInstance = { handle: createHost(definition, options).handle, stop: () => Promise.resolve() };
  const guarded = await startWithSecrets("under-test", secrets, () => Promise.resolve(host));
  return board.around(clock ? withMoments(guarded, createMoments({ wall: () => ({ ms: nowMs(), state: "synced" }) })) : guarded, nowMs);
}

function createHost(definition: UnitDefinition, { models = {}, deciders = {}, state = {}, fitted = [], secrets = {} }: TestOptions): ReturnType<typeof createUnitHost> {
  const bound = new Map<string, Tensors>();
  const key = (model: string, subject: string): string => JSON.stringify([model, subject]);
  const hostModels: HostModels = {
    decide: async (name, rows) => (await deciders[name]?.(rows)) ?? [],
    bind: (model, subject, parameters) => void bound.set(key(model, subject), parameters),
    run: async (name, inputs, subject) => {
      const parameters = subject === undefined ? {} : (bound.get(key(name, subject)) ?? {});
      const model = models[name];
      if (model === undefined) throw new Error(`the test gives no model ${name}`);
      return model({ ...parameters, ...inputs }, parameters);
    },
  };
  const text = new Map(Object.entries(state).map(([name, value]) => [name, JSON.stringify(value)]));
  return createUnitHost({ name: "under-test", definition, modelNames: Object.keys(models), fitted, state: text, models: hostModels, served: Object.fromEntries(Object.keys(deciders).map((name) => [name, "scores"])), secrets, nowMs: () => 0 });
}

class Gathered {
  readonly outputs: TestOutput[] = [];
  readonly leftOut: LeftOut[] = [];
  readonly #state: Map<string, unknown>;
  readonly #fitted = new Map<string, FittedParameters>();
  #status: string | undefined;
  #inferences = 0;

  constructor({ state = {}, fitted = [] }: TestOptions) {
    this.#state = new Map(Object.entries(state));
    for (const one of fitted) this.#fitted.set(JSON.stringify([one.model, one.subject]), one);
  }

  add({ outputs, state, fitted, status, inferenceMs }: UnitResult, cause: UnitEvent, traceparent: string | undefined): void {
    for (const { type, subject, timeMs, data } of outputs) this.outputs.push({ type, subject, timeMs, data, causedBy: cause.id, ...(traceparent === undefined ? {} : { traceparent }) });
    for (const { key, value } of state) {
      if (value === null) this.#state.delete(key);
      else this.#state.set(key, JSON.parse(value));
    }
    for (const one of fitted) this.#fitted.set(JSON.stringify([one.model, one.subject]), one);
    this.#status = status ?? this.#status;
    this.#inferences += inferenceMs.length;
  }

  finish(): Omit<TestRun, "shared"> {
    return {
      outputs: this.outputs,
      state: Object.fromEntries(this.#state),
      fitted: [...this.#fitted.values()],
      status: this.#status,
      inferences: this.#inferences,
      leftOut: this.leftOut.map(({ event, why }) => ({ event, why })),
    };
  }
}
