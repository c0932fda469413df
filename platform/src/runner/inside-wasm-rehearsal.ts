/**
 * A module that uses what most modules use: memory, `alloc`, `run`, and in it `state_set`, `state_get` and `emit`. It runs once in each
 * isolate that waits for a WebAssembly function, since V8 takes longest for the first module of an isolate, and for our own code's first run.
 */
import type { UnitDeclared } from "@holon/core/ports.ts";

export const rehearsedDeclaration: UnitDeclared = { on: { type: "a" }, emits: { "out.made": { stream: "local", class: "derived" } }, models: [] };

/** `wasmUnit(wasmBodies.state)` of `testing/wasm-unit.ts`; a test holds the two together. */
export const rehearsedModule: readonly number[] = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 26, 4, 96, 1, 127, 1, 127, 96, 2, 127, 127, 0, 96, 4, 127, 127, 127, 127, 0, 96, 4, 127, 127,
  127, 127, 1, 127, 2, 50, 3, 5, 104, 111, 108, 111, 110, 4, 101, 109, 105, 116, 0, 2, 5, 104, 111, 108, 111, 110, 9, 115, 116, 97, 116, 101,
  95, 103, 101, 116, 0, 3, 5, 104, 111, 108, 111, 110, 9, 115, 116, 97, 116, 101, 95, 115, 101, 116, 0, 2, 3, 3, 2, 0, 1, 5, 3, 1,
  0, 1, 7, 24, 3, 6, 109, 101, 109, 111, 114, 121, 2, 0, 5, 97, 108, 108, 111, 99, 0, 3, 3, 114, 117, 110, 0, 4, 10, 43, 2, 5,
  0, 65, 128, 32, 11, 35, 0, 65, 192, 0, 65, 1, 65, 32, 65, 7, 16, 2, 65, 16, 65, 8, 65, 128, 1, 65, 192, 0, 65, 1, 65, 128,
  1, 65, 228, 0, 16, 1, 16, 0, 11, 11, 33, 3, 0, 65, 16, 11, 8, 111, 117, 116, 46, 109, 97, 100, 101, 0, 65, 32, 11, 7, 123, 34,
  110, 34, 58, 49, 125, 0, 65, 192, 0, 11, 1, 107,
];
