/** What authors of functions import. */
export { defineApp } from "./app.ts";
export { defineEvent, type EventDeclaration, type OutputDeclaration } from "./event.ts";
export { defineFunction, Reply, type Emitted, type Request, type StateChange, type Tick, type EventOf, type FunctionContext, type FunctionOptions, type WindowFunctionOptions, type WindowOf } from "./function.ts";
export { defineModel, type DeclaredModel, type ModelDeclaration } from "./model.ts";
export * as schema from "./schema.ts";
export type { DataSchema, EmitTarget, UnitContext, UnitDefinition, UnitModel, UnitState, UnitWindow } from "@holon/core/run/definition.ts";
export type { Tensor, Tensors, UnitEvent } from "@holon/core/ports.ts";
