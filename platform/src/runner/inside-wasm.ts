/**
 * A WebAssembly module as a function. It exports `memory`, `alloc(length) -> address` and `run(address, length)`, is called with each event
 * as JSON in UTF-8, and imports from `holon`:
 *
 *     emit(typeAt, typeLength, dataAt, dataLength)                      data as JSON; subject and time are those of the event
 *     state_get(keyAt, keyLength, intoAt, intoLength) -> length         -1 where nothing is set; more than `intoLength`: nothing was written
 *     state_set(keyAt, keyLength, valueAt, valueLength)                 a value as JSON; length 0 removes
 *     infer(modelAt, modelLength, inputsAt, inputsLength, intoAt, intoLength) -> length
 *
 * Inputs and outputs of a model are JSON: `{"x":{"shape":[1,2],"values":[0.5,1]}}`. A trap, or an import used wrongly, fails the event.
 */
import { functionKind, type UnitContext, type UnitDefinition } from "@holon/core/run/definition.ts";
import { HolonError, withOwnWords } from "@holon/core/run/inside.ts";
import { utf8ToText, textToUtf8 } from "@holon/core/run/utf8.ts";
import type { InsideSetup } from "./warden-protocol.ts";

export interface WasmPort {
  readonly bytes: ArrayBuffer;
  /** Reference to what answers with the outputs as JSON; the isolate's thread waits for it. */
  readonly infer: { applySyncPromise(receiver: undefined, words: readonly [model: string, inputs: string]): readonly string[] };
}

interface WasmExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  alloc(length: number): number;
  run(at: number, length: number): void;
}

/** What is used of the WebAssembly JavaScript Interface. */
interface WasmApi {
  readonly Module: new (bytes: ArrayBuffer) => object;
  readonly Instance: new (module: object, imports: Readonly<Record<string, object>>) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly Memory: new () => object;
}

let api: WasmApi | undefined;

/** Taken before it is removed from what functions see. */
export function keepWebAssembly(): void {
  api = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;
}

export function createWasmDefinition({ name, declared }: InsideSetup, port: WasmPort): UnitDefinition {
  if (declared === undefined) throw bad(name, "has no declaration of what it is for");
  let context: UnitContext | undefined;
  const own: { exports?: WasmExports } = {};
  const memory = (at: number, length: number): Uint8Array => {
    const buffer = own.exports?.memory.buffer;
    if (buffer === undefined || at < 0 || length < 0 || at + length > buffer.byteLength) throw bad(name, "named memory that it does not have");
    return new Uint8Array(buffer, at, length);
  };
  const text = (at: number, length: number): string => utf8ToText(memory(at, length));
  const write = (bytes: Uint8Array, at: number, length: number): number => {
    if (bytes.length <= length) memory(at, bytes.length).set(bytes);
    return bytes.length;
  };
  const running = (): UnitContext => {
    if (context === undefined) throw bad(name, "used an import while no event was at hand");
    return context;
  };
  const imports = {
    emit: (typeAt: number, typeLength: number, dataAt: number, dataLength: number): void => running().emit(text(typeAt, typeLength), { data: JSON.parse(text(dataAt, dataLength)) }),
    state_get(keyAt: number, keyLength: number, intoAt: number, intoLength: number): number {
      const value = running().state.get(text(keyAt, keyLength));
      return value === undefined ? -1 : write(textToUtf8(JSON.stringify(value)), intoAt, intoLength);
    },
    state_set(keyAt: number, keyLength: number, valueAt: number, valueLength: number): void {
      if (valueLength === 0) running().state.delete(text(keyAt, keyLength));
      else running().state.set(text(keyAt, keyLength), JSON.parse(text(valueAt, valueLength)));
    },
    infer(modelAt: number, modelLength: number, inputsAt: number, inputsLength: number, intoAt: number, intoLength: number): number {
      running();
      const [outputs = ""] = port.infer.applySyncPromise(undefined, [text(modelAt, modelLength), text(inputsAt, inputsLength)]);
      return write(textToUtf8(outputs), intoAt, intoLength);
    },
  };
  const exports = instantiate(name, port.bytes, imports);
  own.exports = exports;
  return {
    kind: functionKind,
    ...declared,
    run(next, given) {
      context = given;
      try {
        const bytes = textToUtf8(JSON.stringify(next));
        const at = exports.alloc(bytes.length) >>> 0;
        memory(at, bytes.length).set(bytes);
        exports.run(at, bytes.length);
      } finally {
        context = undefined;
      }
    },
  };
}

function instantiate(name: string, bytes: ArrayBuffer, imports: object): WasmExports {
  let exports: Readonly<Record<string, unknown>>;
  if (api === undefined) throw bad(name, "cannot run here");
  try {
    exports = new api.Instance(new api.Module(bytes), { holon: imports }).exports;
  } catch (error) {
    throw bad(name, `does not load: ${error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : ""}`);
  }
  if (!isWasmUnit(exports)) throw bad(name, "does not export memory, alloc and run");
  return exports;
}

const isWasmUnit = (exports: Readonly<Record<string, unknown>>): exports is Readonly<Record<string, unknown>> & WasmExports =>
  api !== undefined && exports["memory"] instanceof api.Memory && typeof exports["alloc"] === "function" && typeof exports["run"] === "function";

const bad = (name: string, problem: string): HolonError => withOwnWords(new HolonError("HOLON_UNIT_BAD", `function ${name}: its WebAssembly module ${problem}`));
