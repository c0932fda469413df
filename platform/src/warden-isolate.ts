/** Isolates, some of them made beforehand: each with a context in which `runner-inside.ts` has run, and nothing else. */
import ivm from "isolated-vm";
import { limits } from "@holon/core/limits.ts";

export interface InsideIsolate {
  readonly isolate: ivm.Isolate;
  readonly context: ivm.Context;
  readonly start: ivm.Reference;
  readonly handle: ivm.Reference;
  readonly deliver: ivm.Reference;
}

export interface IsolateFactory {
  /** One with the memory limit asked for. */
  take(memoryBytesMax: number): Promise<InsideIsolate>;
}

/** To make an isolate takes this thread milliseconds: not while the start that took the last one goes on. */
const refillAfterMs = 15;

export function createIsolateFactory(inside: string): IsolateFactory {
  const snapshot = ivm.Isolate.createSnapshot([{ code: inside, filename: "holon:inside" }]);
  const spare: Promise<InsideIsolate>[] = [];
  const usual = limits.unitMemoryBytes;
  let timer: NodeJS.Timeout | undefined;
  const refill = (): void => {
    timer = undefined;
    while (spare.length < limits.isolatesSpare) spare.push(createIsolate(snapshot, usual));
  };
  refill();
  return {
    take(memoryBytesMax) {
      const ready = memoryBytesMax === usual ? spare.shift() : undefined;
      timer ??= setTimeout(refill, refillAfterMs);
      return ready ?? createIsolate(snapshot, memoryBytesMax);
    },
  };
}

async function createIsolate(snapshot: ivm.ExternalCopy<ArrayBuffer>, memoryBytesMax: number): Promise<InsideIsolate> {
  const isolate = new ivm.Isolate({ memoryLimit: Math.ceil(memoryBytesMax / (1 << 20)), snapshot });
  const context = await isolate.createContext();
  const inside = await context.global.get("holonInside", { reference: true });
  const [start, handle, deliver] = await Promise.all([inside.get("start", { reference: true }), inside.get("handle", { reference: true }), inside.get("deliver", { reference: true })]);
  const narrow = await inside.get("narrow", { reference: true });
  await narrow.apply(undefined, [], { result: { promise: true } });
  await context.global.delete("holonInside");
  inside.release();
  return { isolate, context, start, handle, deliver };
}
