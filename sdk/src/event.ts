/** Events by name: declared once, typed wherever they are taken or emitted. */
import type { DataSchema, EmitTarget } from "@holon/core/run/definition.ts";

/** An event that sources or other functions make. */
export interface EventDeclaration<Type extends string = string, Data = unknown> {
  readonly type: Type;
  /** What its data must look like. Without one it is `unknown`. */
  readonly data: DataSchema<Data>;
}

/** An event that functions emit, and where it goes. */
export interface OutputDeclaration<Type extends string = string, Data = unknown> extends EventDeclaration<Type, Data>, EmitTarget {}

/**
 * Declares an event in a module of its own that the functions of an app share:
 *
 *     export const alert = defineEvent({ type: "pump.alert", stream: "alarm", class: "derived", data: schema.object({ score: schema.number() }) });
 *
 * `on: alert` hands a function data of that type; `emits: { [alert.type]: alert }` lets it `context.emit(alert.type, …)` with no other data.
 */
export function defineEvent<const Type extends string, Data>(declaration: OutputDeclaration<Type, Data>): OutputDeclaration<Type, Data>;
export function defineEvent<const Type extends string, Data>(declaration: EventDeclaration<Type, Data>): EventDeclaration<Type, Data>;
export function defineEvent(declaration: EventDeclaration): EventDeclaration {
  return declaration;
}
