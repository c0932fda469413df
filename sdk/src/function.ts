/** How a function is written: which events it is for, what it may emit, which models it uses, and what it does. */
import { functionKind, type EmitTarget, type UnitContext, type UnitDefinition, type UnitWindow } from "@holon/core/run/definition.ts";
import type { UnitEvent } from "@holon/core/ports.ts";
import type { WindowTriggerInput } from "@holon/core/schema/trigger.ts";

type EmitTable = Readonly<Record<string, EmitTarget>>;

export interface FunctionOptions<Emits extends EmitTable, Models extends string> {
  /** It is handed each event of this type, one by one, in order. */
  readonly on: { readonly type: string };
  /** Where each type that it emits goes, and the class of its data. It cannot emit any other. */
  readonly emits: Emits;
  readonly models?: readonly Models[];
  run(event: UnitEvent, context: UnitContext<keyof Emits & string, Models>): void | Promise<void>;
}

/** A function over windows of event time instead of single events. */
export interface WindowFunctionOptions<Emits extends EmitTable, Models extends string> extends Omit<FunctionOptions<Emits, Models>, "on" | "run"> {
  /** Which events, and how windows are cut from them; see docs/concepts/streams.md. */
  readonly on: WindowTriggerInput;
  /** Called for each window when it is over, and again, with a higher revision, if it has changed since. */
  run(window: UnitWindow, context: UnitContext<keyof Emits & string, Models>): void | Promise<void>;
}

/**
 * Defines a function; make it the module's default export. All that `run` does to state, models and events of one batch is
 * stored in one append, or not at all.
 */
export function defineFunction<const Emits extends EmitTable, const Models extends string = never>(options: WindowFunctionOptions<Emits, Models>): UnitDefinition;
export function defineFunction<const Emits extends EmitTable, const Models extends string = never>(options: FunctionOptions<Emits, Models>): UnitDefinition;
export function defineFunction(options: FunctionOptions<EmitTable, string> | WindowFunctionOptions<EmitTable, string>): UnitDefinition {
  const { on, emits, models = [] } = options;
  const run: UnitDefinition["run"] = isWindowed(options) ? (event, context) => options.run(toWindow(event), context) : (event, context) => options.run(event, context);
  return { kind: functionKind, on, emits, models, run };
}

const isWindowed = (options: FunctionOptions<EmitTable, string> | WindowFunctionOptions<EmitTable, string>): options is WindowFunctionOptions<EmitTable, string> => "window" in options.on;

/** The node makes these events, so their shape is trusted. */
const toWindow = ({ subject, data }: UnitEvent): UnitWindow => ({ ...(data as Omit<UnitWindow, "subject">), subject });
