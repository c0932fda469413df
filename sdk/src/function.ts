/** How a function is written: which events it is for, what it may emit, which models it uses, and what it does. */
import { functionKind, type DataSchema, type EmitTarget, type UnitContext, type UnitDefinition, type UnitWindow } from "@holon/core/run/definition.ts";
import type { UnitEvent } from "@holon/core/ports.ts";
import { responseType } from "@holon/core/run/trigger-events.ts";
import { declaredModels, modelNames, type ModelsOf, type ModelUse } from "./model.ts";
import type { HttpTrigger, StateTrigger, WindowTriggerInput } from "@holon/core/schema/trigger.ts";

/** Where a type goes, the class of its data, and what its data must look like if that is said. */
export interface Emitted<Data = unknown> extends EmitTarget {
  readonly data?: DataSchema<Data>;
}

type EmitTable = Readonly<Record<string, Emitted>>;
type DataOf<Target> = Target extends { readonly data: DataSchema<infer Data> } ? Data : unknown;
interface EmitOptions<Data> {
  /** Of the event that caused it, unless given. */
  readonly subject?: string | undefined;
  readonly timeMs?: number | undefined;
  readonly data: Data;
}

/** An event whose data has been held to the schema of `on`. */
export type EventOf<Data> = Omit<UnitEvent, "data"> & { readonly data: Data };
export type WindowOf<Data> = Omit<UnitWindow, "events"> & { readonly events: readonly EventOf<Data>[] };

/** `UnitContext`, with types that follow from `emits` and `models`. */
export interface FunctionContext<Emits extends EmitTable, Models extends ModelUse> extends Omit<UnitContext, "emit" | "models"> {
  readonly models: ModelsOf<Models>;
  /** Of a type that `emits` does not name nothing can be emitted, nor other data than its schema has. */
  emit<Type extends keyof Emits & string>(type: Type, event: EmitOptions<DataOf<Emits[Type]>>): void;
}

interface Common<Emits extends EmitTable, Models extends ModelUse> {
  /** Where each type that it emits goes, and the class of its data. It cannot emit any other. */
  readonly emits: Emits;
  /** By name, or as `defineModel` declares them. */
  readonly models?: readonly Models[];
}

export interface FunctionOptions<Data, Emits extends EmitTable, Models extends ModelUse> extends Common<Emits, Models> {
  /**
   * It is handed each event of this type, one by one, in order; `pump.*` is for all types that begin so, and `subject` narrows it.
   * With a schema as `data`, only what fits: another is `HOLON_EVENT_BAD`.
   */
  readonly on: { readonly type: string; readonly subject?: string; readonly data?: DataSchema<Data> };
  run(event: EventOf<Data>, context: FunctionContext<Emits, Models>): void | Promise<void>;
}

/** A function over windows of event time instead of single events. */
export interface WindowFunctionOptions<Data, Emits extends EmitTable, Models extends ModelUse> extends Common<Emits, Models> {
  /** Which events, and how windows are cut from them; see docs/concepts/streams.md. */
  readonly on: WindowTriggerInput & { readonly data?: DataSchema<Data> };
  /** Called for each window when it is over, and again, with a higher revision, if it has changed since. */
  run(window: WindowOf<Data>, context: FunctionContext<Emits, Models>): void | Promise<void>;
}

/** A time of a schedule. After a stop only the latest that passed is told, and how many before it were `missed`. */
export interface Tick {
  readonly dueMs: number;
  readonly missed: number;
}
export interface ScheduledFunctionOptions<Emits extends EmitTable, Models extends ModelUse> extends Common<Emits, Models> {
  /** `cron`: minute hour day month weekday, in `zone` (UTC unless given); see `core/src/run/cron.ts`. */
  readonly on: { readonly schedule: { readonly everyMs: number; readonly offsetMs?: number } | { readonly cron: string; readonly zone?: string } };
  run(tick: EventOf<Tick>, context: FunctionContext<Emits, Models>): void | Promise<void>;
}

/** What changed in the state of another function: `value` is undefined where the key was removed. */
export interface StateChange {
  readonly function: string;
  readonly key: string;
  readonly value: unknown;
}
export interface StateFunctionOptions<Emits extends EmitTable, Models extends ModelUse> extends Common<Emits, Models> {
  readonly on: StateTrigger;
  run(change: EventOf<StateChange>, context: FunctionContext<Emits, Models>): void | Promise<void>;
}

/** A request to the node's API. */
export interface Request<Body = unknown> {
  /** Names the request, so that its answer finds it. */
  readonly request: string;
  readonly method: string;
  readonly path: string;
  /** What stands in place of `{name}` in the path. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Body;
}
export interface HttpFunctionOptions<Emits extends EmitTable, Models extends ModelUse> extends Omit<Common<Emits, Models>, "emits"> {
  readonly on: { readonly http: { readonly method?: HttpTrigger["http"]["method"]; readonly path: string; readonly class?: NonNullable<HttpTrigger["http"]["class"]> } };
  readonly emits?: Emits;
  /** What it returns is the answer, as JSON; `{ status, body }` of `reply` where it is not 200. What it emits is stored with the answer. */
  run(request: Request, context: FunctionContext<Emits, Models>): unknown;
}

/** An answer with another status than 200. */
export class Reply {
  readonly status: number;
  readonly body: unknown;
  constructor(status: number, body: unknown) {
    this.status = status;
    this.body = body;
  }
}

/**
 * Defines a function; make it the module's default export. All that `run` does to state, models and events of one batch is
 * stored in one append, or not at all.
 */
export function defineFunction<const Emits extends EmitTable, const Models extends ModelUse = never, Data = unknown>(options: WindowFunctionOptions<Data, Emits, Models>): UnitDefinition;
export function defineFunction<const Emits extends EmitTable, const Models extends ModelUse = never, Data = unknown>(options: FunctionOptions<Data, Emits, Models>): UnitDefinition;
export function defineFunction<const Emits extends EmitTable, const Models extends ModelUse = never>(options: ScheduledFunctionOptions<Emits, Models>): UnitDefinition;
export function defineFunction<const Emits extends EmitTable, const Models extends ModelUse = never>(options: StateFunctionOptions<Emits, Models>): UnitDefinition;
export function defineFunction<const Emits extends EmitTable = Record<never, never>, const Models extends ModelUse = never>(options: HttpFunctionOptions<Emits, Models>): UnitDefinition;
export function defineFunction(options: AnyOptions): UnitDefinition {
  const { models = [] } = options;
  return { kind: functionKind, ...split(options), models: modelNames(models), ...declaredModels(models), run: runOf(options) };
}

type AnyOptions =
  | FunctionOptions<unknown, EmitTable, ModelUse>
  | WindowFunctionOptions<unknown, EmitTable, ModelUse>
  | ScheduledFunctionOptions<EmitTable, ModelUse>
  | StateFunctionOptions<EmitTable, ModelUse>
  | HttpFunctionOptions<EmitTable, ModelUse>;

/** The node makes windows, ticks, changes and requests, so their shape is trusted. */
function runOf(options: AnyOptions): UnitDefinition["run"] {
  const { on } = options;
  if ("http" in on) return answering(options as HttpFunctionOptions<EmitTable, ModelUse>);
  const run = options.run as (input: unknown, context: UnitContext) => void | Promise<void>;
  return "window" in on ? (event, context) => run(toWindow(event), context) : run;
}

function answering({ run }: HttpFunctionOptions<EmitTable, ModelUse>): UnitDefinition["run"] {
  return async (event, context) => {
    const request = event.data as Request;
    const answer = await run(request, context);
    context.emit(responseType, { data: { request: request.request, ...(answer instanceof Reply ? { status: answer.status, body: answer.body } : { body: answer }) } });
  };
}

/** What control is told, and the schemas, which stay with the module. */
function split(options: AnyOptions): Pick<UnitDefinition, "on" | "emits" | "schemas"> {
  const { data, ...trigger }: { readonly data?: DataSchema } & Record<string, unknown> = "type" in options.on ? options.on : { ...options.on };
  const table: EmitTable = "http" in options.on ? { ...options.emits, [responseType]: { stream: "local", class: "raw" } } : (options.emits ?? {});
  const emits: Record<string, EmitTarget> = {};
  const schemas: Record<string, DataSchema> = {};
  for (const [type, { stream, class: dataClass, data: schema }] of Object.entries(table)) {
    emits[type] = { stream, class: dataClass };
    if (schema !== undefined) schemas[type] = schema;
  }
  const { stream: _, class: __, ...on } = trigger; // an event that is declared with where it goes may trigger another function
  return { on: on as UnitDefinition["on"], emits, schemas: { ...(data === undefined ? {} : { on: data }), emits: schemas } };
}

const toWindow = ({ subject, data }: UnitEvent): UnitWindow => ({ ...(data as Omit<UnitWindow, "subject">), subject });
