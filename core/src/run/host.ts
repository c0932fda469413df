/**
 * The inside of a sandbox: hands a function its events one by one and gathers what it does into one result. The worker of
 * `platform` and the simulator run this same module; only the way to a model and the clock differ.
 *
 * A batch that fails leaves the host unusable: the instance is started again from what was stored.
 */
import { HolonError } from "../errors.ts";
import { isDeeperThan } from "../depth.ts";
import { isTimeOfEvent } from "../event/iso-time.ts";
import { limits } from "../limits.ts";
import { copyTensors, scoresOf, tensorProblem } from "../model/tensor.ts";
import type { FittedParameters, ModelDecision, Tensor, Tensors, UnitCall, UnitEvent, UnitMoment, UnitOutput, UnitResult } from "../ports.ts";
import type { UnitContext, UnitDefinition, UnitModel, UnitSecrets, UnitTime, UnitWindow } from "./definition.ts";
import { failureWords, withOwnWords } from "./failure-words.ts";
import { misfitOf } from "./misfit.ts";
import { SharedTable } from "./shared-table.ts";
import { StateTable } from "./state-table.ts";

/** The way from a host to its models. */
export interface HostModels {
  /** With `parameters`, those bound for that subject fill in the inputs that are not given. */
  run(model: string, inputs: Tensors, parameters: string | undefined): Promise<Tensors>;
  bind(model: string, subject: string, parameters: Tensors): void;
  /** Of those that the node answers for. `cause`: place of the event in the batch. */
  decide?(model: string, rows: Tensor, cause: number): Promise<readonly ModelDecision[]>;
}

export interface HostOptions {
  readonly name: string;
  readonly definition: UnitDefinition;
  /** Names of the models that the program brings. */
  readonly modelNames: readonly string[];
  /** Those that the node answers for, with the name of each one's output. */
  readonly served?: Readonly<Record<string, string>>;
  readonly fitted: readonly FittedParameters[];
  readonly state: ReadonlyMap<string, string>;
  readonly models: HostModels;
  readonly secrets?: Readonly<Record<string, string>>;
  /** A clock for durations, milliseconds. */
  nowMs(): number;
}

export interface UnitHost {
  /** `HOLON_UNIT_THREW` names the function and the event; what the function itself said is in the cause only. */
  handle(events: readonly UnitEvent[]): Promise<UnitResult>;
}

/** `HOLON_UNIT_BAD` if the function uses a model that the program does not bring. */
export function createUnitHost(options: HostOptions): UnitHost {
  const { name, definition } = options;
  const missing = definition.models.find((model) => !options.modelNames.includes(model) && !Object.hasOwn(options.served ?? {}, model));
  if (missing !== undefined) {
    throw new HolonError("HOLON_UNIT_BAD", `function ${name} uses model ${missing}, which its app does not have`, {
      next: "Add the model to `models` of the app manifest.",
    });
  }
  const state = new StateTable(name, options.state);
  const shared = new SharedTable(name);
  const secrets = secretsOf(name, options.secrets ?? {});
  let batch = new Batch(name, definition, options.nowMs());
  const models = Object.fromEntries(definition.models.map((model) => [model, Object.hasOwn(options.served ?? {}, model) ? createServedModel(model, options, () => batch) : createUnitModel(model, options, () => batch)]));

  const handle = async (events: readonly UnitEvent[]): Promise<UnitResult> => {
    batch = new Batch(name, definition, options.nowMs());
    const moment = events[0]?.moment;
    for (const [cause, { shared: view, moment: _, span, ...event }] of events.entries()) {
      batch.begin(cause, span?.sampled === true);
      if (view !== undefined) shared.take(view);
      let open = true;
      const context: UnitContext = {
        emit(type, emitted) {
          if (!open) throw misuse(name, "emitted after its run had ended; await what it starts");
          batch.emit(type, { subject: event.subject, timeMs: event.timeMs, ...dropUndefined(emitted), data: emitted.data, cause });
        },
        state,
        shared,
        models,
        time: timeOf(name, event, moment),
        secrets,
        trace: span,
        status: (text) => batch.setStatus(text),
      };
      try {
        // Awaiting only what is a promise keeps synchronous functions free of a turn of the queue for each event.
        const running = definition.run(fitting(name, definition, event), context);
        if (running instanceof Promise) await running;
      } catch (error) {
        throw threw(name, event.id, error);
      }
      open = false;
    }
    return batch.finish(state.takeChanges(), shared.takeOperations());
  };
  return { handle };
}

const timeOf = (name: string, { timeMs, arrivedMs }: UnitEvent, moment: UnitMoment | undefined): UnitTime => ({
  eventMs: timeMs,
  arrivedMs,
  now() {
    if (moment === undefined) throw misuse(name, "asked for the node's time, which `clock: true` in the manifest grants");
    return moment;
  },
});

const secretsOf = (name: string, held: Readonly<Record<string, string>>): UnitSecrets => ({
  get(secret) {
    const value = Object.hasOwn(held, secret) ? held[secret] : undefined;
    if (value === undefined) throw misuse(name, "asked for a secret that `secrets` in the manifest does not name");
    return value;
  },
});

/** A function is not handed what its schema does not allow. Where `on` is a window, each of the window's events is held to it. */
function fitting(name: string, definition: UnitDefinition, event: UnitEvent): UnitEvent {
  const schema = definition.schemas?.on;
  if (schema === undefined) return event;
  const members = "window" in definition.on ? eventsOf(event.data) : [event];
  for (const { id, type, data } of members) {
    const misfit = misfitOf(schema, data);
    const cannot = `function ${name} cannot take ${type} ${id}: its data does not fit`;
    if (misfit !== undefined) throw withOwnWords(new HolonError("HOLON_EVENT_BAD", `${cannot} ${misfit.full}`), `${cannot} ${misfit.told}`);
  }
  return event;
}

/** The node makes windows, so their shape is trusted. */
const eventsOf = (window: unknown): readonly UnitEvent[] => (window as UnitWindow).events;

/** What a function did in one batch. */
class Batch {
  readonly #name: string;
  readonly #definition: UnitDefinition;
  readonly #outputs: UnitOutput[] = [];
  readonly #fitted = new Map<string, FittedParameters>();
  readonly inferenceMs: number[] = [];
  readonly #inferences = new Map<string, number>();
  readonly #startMs: number;
  #calls: UnitCall[] = [];
  /** Of the event that is handled now: where its calls begin, and whether they are to be told. */
  cause = 0;
  #firstCall = 0;
  #isFollowed = false;
  #outputBytes = 0;
  #status: string | undefined;

  constructor(name: string, definition: UnitDefinition, startMs: number) {
    this.#name = name;
    this.#definition = definition;
    this.#startMs = startMs;
  }

  begin(cause: number, isFollowed: boolean): void {
    this.#forget();
    this.cause = cause;
    this.#firstCall = this.#calls.length;
    this.#isFollowed = isFollowed;
  }

  #forget(): void {
    if (!this.#isFollowed) this.#calls.length = this.#firstCall;
  }

  emit(type: string, output: Omit<UnitOutput, "type">): void {
    if (!Object.hasOwn(this.#definition.emits, type)) throw misuse(this.#name, "emitted a type that its emits does not declare");
    if (this.#definition.emits[type]?.stream === "alarm") this.#isFollowed = true;
    if (!isTimeOfEvent(output.timeMs)) throw misuse(this.#name, `emitted ${type} with a timeMs that is no time: milliseconds since 1970, of the years 0 to 9999`);
    if (output.subject !== undefined && (typeof output.subject !== "string" || output.subject === "" || output.subject.length > 256)) {
      throw misuse(this.#name, `emitted ${type} with a subject that is no text of 1 to 256 characters`);
    }
    const text = this.#textOf(type, output.data);
    this.#outputBytes += text.length;
    const data: unknown = JSON.parse(text);
    if (isDeeperThan(data, limits.payloadDepthMax)) throw misuse(this.#name, `emitted ${type} with data that nests deeper than ${limits.payloadDepthMax} levels`);
    const misfit = misfitOf(this.#definition.schemas?.emits[type], data);
    const emitted = `function ${this.#name} emitted ${type} whose data does not fit`;
    if (misfit !== undefined) throw withOwnWords(new HolonError("HOLON_UNIT_BAD", `${emitted} ${misfit.full}`), `${emitted} ${misfit.told}`);
    this.#outputs.push({ type, ...output, data });
    if (this.#outputs.length > limits.unitOutputsMax || this.#outputBytes > limits.unitOutputBytesMax) {
      throw misuse(this.#name, `emitted more in one batch than ${limits.unitOutputsMax} events or ${limits.unitOutputBytesMax} bytes`);
    }
  }

  #textOf(type: string, data: unknown): string {
    if (typeof data === "function" || typeof data === "symbol") throw misuse(this.#name, `emitted ${type} with a ${typeof data} for data, which is no JSON`);
    try {
      return JSON.stringify(data) ?? "null";
    } catch {
      throw misuse(this.#name, `emitted ${type} with data that is no JSON, as a bigint or what holds itself is none`);
    }
  }

  inferred(model: string, startMs: number, endMs: number, by?: string): void {
    const tookMs = Math.max(0, endMs - startMs);
    this.inferenceMs.push(tookMs);
    this.#inferences.set(model, (this.#inferences.get(model) ?? 0) + 1);
    if (this.#calls.length < limits.traceCallsMax) this.#calls.push({ model, cause: this.cause, atMs: Math.max(0, startMs - this.#startMs), tookMs, ...(by === undefined ? {} : { by }) });
  }

  /** Only the last fit of a model for a subject is worth storing. */
  fit(fitted: FittedParameters): void {
    this.#fitted.set(JSON.stringify([fitted.model, fitted.subject]), fitted);
  }

  setStatus(text: string): void {
    this.#status = String(text).slice(0, limits.unitStatusMax);
  }

  finish(state: UnitResult["state"], shared: NonNullable<UnitResult["shared"]>): UnitResult {
    this.#forget();
    return { outputs: this.#outputs, state, ...(shared.length === 0 ? {} : { shared }), fitted: [...this.#fitted.values()], status: this.#status, inferenceMs: this.inferenceMs, inferences: Object.fromEntries(this.#inferences), ...(this.#calls.length === 0 ? {} : { calls: this.#calls }) };
  }
}

function createUnitModel(model: string, options: HostOptions, batch: () => Batch): UnitModel {
  const parametersBySubject = new Map<string, Tensors>();
  const bind = (subject: string, parameters: Tensors): void => {
    parametersBySubject.set(subject, parameters);
    options.models.bind(model, subject, parameters);
  };
  for (const fitted of options.fitted) if (fitted.model === model) bind(fitted.subject, fitted.parameters);
  return {
    async run(inputs, { parameters } = {}) {
      if (parameters !== undefined && !parametersBySubject.has(parameters)) {
        throw withOwnWords(new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model}: nothing is fitted for subject ${parameters}`), `model ${model}: nothing is fitted for the subject that was asked for`);
      }
      const startMs = options.nowMs();
      const outputs = await options.models.run(model, inputs, parameters);
      batch().inferred(model, startMs, options.nowMs());
      return outputs;
    },
    decide: () => Promise.reject(new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model} has neither cascade, split nor drift in the manifest: it does not say how sure it is`)),
    fitted: (subject) => parametersBySubject.has(subject),
    parameters(subject) {
      const parameters = parametersBySubject.get(subject);
      return parameters === undefined ? undefined : copyTensors(parameters);
    },
    fit(subject, parameters, note) {
      for (const [name, tensor] of Object.entries(parameters)) {
        const problem = tensorProblem(tensor);
        if (problem !== undefined) throw new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model}: fitted parameter ${name} ${problem}`);
      }
      const copy = copyTensors(parameters);
      bind(subject, copy);
      batch().fit({ model, subject, parameters: copy, note });
    },
  };
}

/** Nothing is fitted for it: its gate was fitted with the model as it is. */
function createServedModel(model: string, { models, served = {}, nowMs }: HostOptions, batch: () => Batch): UnitModel {
  const asked = (problem: string): HolonError => new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model} ${problem}`);
  const decide = async (rows: Tensor): Promise<readonly ModelDecision[]> => {
    const problem = tensorProblem(rows);
    if (problem !== undefined) throw asked(`was given rows of which a tensor ${problem}`);
    const startMs = nowMs();
    const decided = (await models.decide?.(model, { shape: [...rows.shape], values: rows.values }, batch().cause)) ?? [];
    const answered = new Set(decided.map(({ answeredBy }) => answeredBy));
    batch().inferred(model, startMs, nowMs(), answered.size === 1 ? [...answered][0] : undefined);
    return decided;
  };
  return {
    decide,
    async run(inputs, { parameters } = {}) {
      const [rows, ...more] = Object.values(inputs);
      if (rows === undefined || more.length > 0 || parameters !== undefined) throw asked("has a cascade or is watched: it takes one input and no parameters");
      return { [served[model] ?? ""]: scoresOf(await decide(rows)) };
    },
    fitted: () => false,
    parameters: () => undefined,
    fit() {
      throw asked("has a cascade or is watched: nothing can be fitted for it");
    },
  };
}

/** What the function threw may hold readings, and so may what it was told in return: that stays in the cause. */
function threw(name: string, eventId: string, error: unknown): HolonError {
  return new HolonError("HOLON_UNIT_THREW", `function ${name} threw on event ${eventId}: ${failureWords(error)}`, { cause: error });
}

const misuse = (name: string, problem: string): HolonError => withOwnWords(new HolonError("HOLON_UNIT_BAD", `function ${name} ${problem}`));

const dropUndefined = (emitted: { readonly subject?: string | undefined; readonly timeMs?: number | undefined }): { subject?: string; timeMs?: number } => ({
  ...(emitted.subject === undefined ? {} : { subject: emitted.subject }),
  ...(emitted.timeMs === undefined ? {} : { timeMs: emitted.timeMs }),
});
