/** How a function is written: which events it is for, what it may emit, which models it uses, and what it does. */
import { functionKind, type EmitTarget, type UnitContext, type UnitDefinition } from "@holon/core/run/definition.ts";
import type { UnitEvent } from "@holon/core/ports.ts";

export interface FunctionOptions<Emits extends Readonly<Record<string, EmitTarget>>, Models extends string> {
  /** It is handed each event of this type, one by one, in order. */
  readonly on: { readonly type: string };
  /** Where each type that it emits goes, and the class of its data. It cannot emit any other. */
  readonly emits: Emits;
  readonly models?: readonly Models[];
  run(event: UnitEvent, context: UnitContext<keyof Emits & string, Models>): void | Promise<void>;
}

/**
 * Defines a function; make it the module's default export. All that `run` does to state, models and events of one batch is
 * stored in one append, or not at all.
 */
export function defineFunction<const Emits extends Readonly<Record<string, EmitTarget>>, const Models extends string = never>(
  options: FunctionOptions<Emits, Models>,
): UnitDefinition {
  return { kind: functionKind, on: options.on, emits: options.emits, models: options.models ?? [], run: (event, context) => options.run(event, context) };
}
