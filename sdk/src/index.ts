/** What authors of functions import. */
export { defineApp } from "./app.ts";
export { defineFunction, type FunctionOptions, type WindowFunctionOptions } from "./function.ts";
export type { EmitTarget, UnitContext, UnitDefinition, UnitModel, UnitState, UnitWindow } from "@holon/core/run/definition.ts";
export type { Tensor, Tensors, UnitEvent } from "@holon/core/ports.ts";
