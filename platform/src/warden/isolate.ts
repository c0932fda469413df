/** Isolates, some of them made beforehand: each with a context in which `runner/inside.ts` has run, and nothing else. */
import ivm from "isolated-vm";
import { limits } from "@holon/core/limits.ts";
import type { InsideRuntime } from "../runner/warden-protocol.ts";
import type { WardenModels } from "./models.ts";

export interface InsideIsolate {
  readonly isolate: ivm.Isolate;
  readonly context: ivm.Context;
  readonly start: ivm.Reference;
  readonly handle: ivm.Reference;
  readonly deliver: ivm.Reference;
  /** Where its function's questions go, from its start on. */
  lead(to: Asked): void;
}

/** What is asked from within. */
export interface Asked extends Pick<WardenModels, "ask" | "now" | "bind"> {
  /** Of WebAssembly, in words: a text in an array. */
  infer(model: string, inputs: string): Promise<ivm.Copy<string[]>>;
}

export interface IsolateFactory {
  /** One with the memory limit asked for. */
  take(runtime: InsideRuntime, memoryBytesMax: number): Promise<InsideIsolate>;
}

/** Runs where nothing of it stays but what was compiled for it, so that no isolate has to compile that again. */
const compileInside = `void holonInside.narrow("javascript")`;

/** To make an isolate takes this thread milliseconds: not while the start that took the last one goes on. */
const refillAfterMs = 15;

export function createIsolateFactory(inside: string): IsolateFactory {
  const snapshot = ivm.Isolate.createSnapshot([{ code: inside, filename: "holon:inside" }], compileInside);
  /** None wait for WebAssembly until there was a function of it. */
  const spare = new Map<InsideRuntime, Promise<InsideIsolate>[]>([["javascript", []]]);
  const usual = limits.unitMemoryBytes;
  let timer: NodeJS.Timeout | undefined;
  let resting: NodeJS.Timeout | undefined;
  const refill = (): void => {
    timer = undefined;
    for (const [runtime, waiting] of spare) while (waiting.length < limits.isolatesSpare) waiting.push(createIsolate(snapshot, runtime, usual));
    resting ??= setTimeout(rest, limits.isolatesSpareMs).unref();
    resting.refresh();
  };
  const rest = (): void => {
    for (const waiting of spare.values()) for (const one of waiting.splice(1)) void one.then(({ isolate }) => isolate.dispose(), () => undefined);
  };
  refill();
  return {
    take(runtime, memoryBytesMax) {
      if (!spare.has(runtime)) spare.set(runtime, []);
      const ready = memoryBytesMax === usual ? spare.get(runtime)?.shift() : undefined;
      timer ??= setTimeout(refill, refillAfterMs);
      return ready ?? createIsolate(snapshot, runtime, memoryBytesMax);
    },
  };
}

async function createIsolate(snapshot: ivm.ExternalCopy<ArrayBuffer>, runtime: InsideRuntime, memoryBytesMax: number): Promise<InsideIsolate> {
  const isolate = new ivm.Isolate({ memoryLimit: Math.ceil(memoryBytesMax / (1 << 20)), snapshot });
  const context = await isolate.createContext();
  const inside = await context.global.get("holonInside", { reference: true });
  const [start, handle, deliver] = await Promise.all([inside.get("start", { reference: true }), inside.get("handle", { reference: true }), inside.get("deliver", { reference: true })]);
  const narrow = await inside.get("narrow", { reference: true });
  let asked: Asked | undefined;
  // Made here, where nobody waits. Who asks `now` waits for it: an answer by another message wakes two threads more.
  const ask = new ivm.Callback((...question: Parameters<Asked["ask"]>) => asked?.ask(...question), { ignored: true });
  const now = new ivm.Callback((...question: Parameters<Asked["now"]>) => asked?.now(...question));
  const bind = new ivm.Callback((...binding: Parameters<Asked["bind"]>) => asked?.bind(...binding), { ignored: true });
  const infer = new ivm.Reference(async (model: string, inputs: string) => asked?.infer(model, inputs));
  await narrow.apply(undefined, [runtime, ask, now, bind, infer], { result: { promise: true } });
  await context.global.delete("holonInside");
  inside.release();
  return { isolate, context, start, handle, deliver, lead: (to) => void (asked = to) };
}
