/** How a function is written: which events it is for, what it may emit, which models it uses, and what it does. */
import { functionKind, type DataSchema, type EmitTarget, type UnitContext, type UnitDefinition, type UnitWindow } from "@holon/core/run/definition.ts";
import type { UnitEvent } from "@holon/core/ports.ts";
import type { WindowTriggerInput } from "@holon/core/schema/trigger.ts";

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
export interface FunctionContext<Emits extends EmitTable, Models extends string> extends Omit<UnitContext<string, Models>, "emit"> {
  /** Of a type that `emits` does not name nothing can be emitted, nor other data than its schema has. */
  emit<Type extends keyof Emits & string>(type: Type, event: EmitOptions<DataOf<Emits[Type]>>): void;
}

interface Common<Emits extends EmitTable, Models extends string> {
  /** Where each type that it emits goes, and the class of its data. It cannot emit any other. */
  readonly emits: Emits;
  readonly models?: readonly Models[];
}

export interface FunctionOptions<Data, Emits extends EmitTable, Models extends string> extends Common<Emits, Models> {
  /** It is handed each event of this type, one by one, in order. With a schema as `data`, only what fits: another is `HOLON_EVENT_BAD`. */
  readonly on: { readonly type: string; readonly data?: DataSchema<Data> };
  run(event: EventOf<Data>, context: FunctionContext<Emits, Models>): void | Promise<void>;
}

/** A function over windows of event time instead of single events. */
export interface WindowFunctionOptions<Data, Emits extends EmitTable, Models extends string> extends Common<Emits, Models> {
  /** Which events, and how windows are cut from them; see docs/concepts/streams.md. */
  readonly on: WindowTriggerInput & { readonly data?: DataSchema<Data> };
  /** Called for each window when it is over, and again, with a higher revision, if it has changed since. */
  run(window: WindowOf<Data>, context: FunctionContext<Emits, Models>): void | Promise<void>;
}

/**
 * Defines a function; make it the module's default export. All that `run` does to state, models and events of one batch is
 * stored in one append, or not at all.
 */
export function defineFunction<const Emits extends EmitTable, const Models extends string = never, Data = unknown>(options: WindowFunctionOptions<Data, Emits, Models>): UnitDefinition;
export function defineFunction<const Emits extends EmitTable, const Models extends string = never, Data = unknown>(options: FunctionOptions<Data, Emits, Models>): UnitDefinition;
export function defineFunction(options: FunctionOptions<unknown, EmitTable, string> | WindowFunctionOptions<unknown, EmitTable, string>): UnitDefinition {
  const { emits, models = [] } = options;
  const run: UnitDefinition["run"] = isWindowed(options) ? (event, context) => options.run(toWindow(event), context) : (event, context) => options.run(event, context);
  return { kind: functionKind, ...split(options.on, emits), models, run };
}

/** What control is told, and the schemas, which stay with the module. */
function split(on: FunctionOptions<unknown, EmitTable, string>["on"] | WindowFunctionOptions<unknown, EmitTable, string>["on"], table: EmitTable): Pick<UnitDefinition, "on" | "emits" | "schemas"> {
  const { data, ...trigger } = on;
  const emits: Record<string, EmitTarget> = {};
  const schemas: Record<string, DataSchema> = {};
  for (const [type, { stream, class: dataClass, data: schema }] of Object.entries(table)) {
    emits[type] = { stream, class: dataClass };
    if (schema !== undefined) schemas[type] = schema;
  }
  return { on: "stream" in trigger ? { type: trigger.type } : trigger, emits, schemas: { ...(data === undefined ? {} : { on: data }), emits: schemas } };
}

const isWindowed = (options: FunctionOptions<unknown, EmitTable, string> | WindowFunctionOptions<unknown, EmitTable, string>): options is WindowFunctionOptions<unknown, EmitTable, string> => "window" in options.on;

/** The node makes these events, so their shape is trusted. */
const toWindow = ({ subject, data }: UnitEvent): UnitWindow => ({ ...(data as Omit<UnitWindow, "subject">), subject });
