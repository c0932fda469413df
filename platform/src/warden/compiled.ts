/**
 * Keeps what V8 made of WebAssembly modules when the last isolate that ran one has ended: V8 gives the code of a module whose bytes it knows to every
 * isolate of the process, as long as somebody holds it. None of it is run here.
 */
import { createHash } from "node:crypto";
import { limits } from "@holon/core/limits.ts";

export interface CompiledModules {
  /** When the start that needs it has what it needs. */
  keepSoon(bytes: Uint8Array): void;
}

/** What is used of the WebAssembly JavaScript Interface. */
const { WebAssembly: webAssembly } = globalThis as unknown as { readonly WebAssembly: { readonly Module: new (bytes: Uint8Array) => object } };

/** After a start, and before an idle isolate is ended. */
const keepAfterMs = 5;

export function createCompiledModules(): CompiledModules {
  const kept = new Map<string, object>();
  function keep(bytes: Uint8Array): void {
    const hash = createHash("sha256").update(bytes).digest("base64");
    const known = kept.get(hash) ?? compile(bytes);
    kept.delete(hash);
    if (known !== undefined) kept.set(hash, known);
    for (const oldest of kept.keys()) if (kept.size > limits.wasmModulesKept) kept.delete(oldest);
  }
  return { keepSoon: (bytes) => void (bytes.length <= limits.wasmModuleKeptBytesMax && setTimeout(keep, keepAfterMs, bytes)) };
}

/** What is none is told by the isolate that wanted to run it. */
function compile(bytes: Uint8Array): object | undefined {
  try {
    return new webAssembly.Module(bytes);
  } catch {
    return undefined;
  }
}
