/** Lives through a copy of the fleet, on a thread of its own that lets all others go first. */
import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { parseJson } from "@holon/core/link/frame.ts";
import { toCrossing } from "@holon/core/run/crossing.ts";
import { keptPlanSchema } from "@holon/core/schema/plan.ts";
import { whatIfAskSchema } from "@holon/core/schema/what-if.ts";
import { z } from "zod";
import type { WhatIfTold } from "./what-if-aside.ts";

const behindOthers = 10;

if (process.platform === "linux") setPriority(behindOthers); // of this thread alone there; elsewhere it would be the whole node's
const tell = (told: WhatIfTold): void => parentPort?.postMessage(told);
try {
  const { whatIfAsked } = await import("@holon/sim/what-if/asked.ts");
  const { kept, ask } = z.object({ kept: z.instanceof(Uint8Array), ask: whatIfAskSchema }).parse(workerData);
  tell({ kind: "done", report: whatIfAsked(keptPlanSchema.parse(parseJson(kept)), ask) });
} catch (error) {
  tell({ kind: "failed", error: toCrossing(error) });
}
