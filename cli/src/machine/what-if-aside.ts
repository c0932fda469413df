/** Lives through a copy of the fleet on a thread of its own, so that control answers meanwhile: one at a time, within its time and memory. */
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { StopSignal } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { fromCrossing, type CrossingError } from "@holon/core/run/crossing.ts";
import type { WhatIfAsk, WhatIfReport } from "@holon/core/schema/what-if.ts";

export interface WhatIfAside {
  /** `kept` is a plan as control keeps it; `gone`: nobody waits for it any more. `HOLON_SIM_BUSY`, `HOLON_SIM_TOO_LARGE`, `HOLON_NODE_UNKNOWN`, `HOLON_INTERRUPTED`. */
  run(kept: Uint8Array, ask: WhatIfAsk, gone?: StopSignal): Promise<WhatIfReport>;
  close(): Promise<void>;
}

/** What the thread says once. */
export type WhatIfTold = { readonly kind: "done"; readonly report: WhatIfReport } | { readonly kind: "failed"; readonly error: CrossingError };

interface WhatIfBounds {
  readonly ms: number;
  readonly megabytes: number;
}

export function createWhatIfAside({ ms, megabytes }: WhatIfBounds = { ms: limits.whatIfMs, megabytes: limits.whatIfMegabytes }): WhatIfAside {
  let worker: Worker | undefined;
  return {
    async run(kept, ask, gone) {
      if (worker !== undefined) throw new HolonError("HOLON_SIM_BUSY", "another simulation of the fleet is under way", { retryAfterMs: 5_000 });
      const own = (worker = new Worker(new URL("./what-if-worker.ts", import.meta.url), { name: "what if", env: {}, execArgv: [], workerData: { kept, ask }, resourceLimits: { maxOldGenerationSizeMb: megabytes } }));
      const ended = new AbortController();
      gone?.onAbort(() => void own.terminate()); // it is told as interrupted then
      try {
        return await Promise.race([told(own, ask, megabytes), tooLate(ms, ask, ended.signal)]);
      } finally {
        ended.abort();
        await own.terminate();
        worker = undefined;
      }
    },
    async close() {
      await worker?.terminate();
    },
  };
}

function told(worker: Worker, { hours }: WhatIfAsk, megabytes: number): Promise<WhatIfReport> {
  return new Promise((resolve, reject) => {
    worker.once("message", (said: WhatIfTold) => (said.kind === "done" ? resolve(said.report) : reject(fromCrossing(said.error))));
    worker.once("error", (cause) => reject(cause instanceof Error && "code" in cause && cause.code === "ERR_WORKER_OUT_OF_MEMORY" ? new HolonError("HOLON_SIM_TOO_LARGE", `${hours} hours of this fleet take more than ${megabytes} MB`) : new HolonError("HOLON_INTERNAL", "the simulation of the fleet failed", { cause })));
    worker.once("exit", () => reject(new HolonError("HOLON_INTERRUPTED", "the simulation of the fleet was ended before it was done")));
  });
}

async function tooLate(ms: number, { hours }: WhatIfAsk, signal: AbortSignal): Promise<never> {
  await delay(ms, undefined, { signal });
  throw new HolonError("HOLON_SIM_TOO_LARGE", `${hours} hours of this fleet take more than ${ms / 1_000} s`);
}
