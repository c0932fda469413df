/**
 * A workshop: the process in which trusted functions have their worker threads. A thread shares its process and can end it, by `process.kill`, by memory that no limit counts, or by native
 * code; so it is not the node's.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import type { ModelDecision, Tensor, UnitInstance } from "@holon/core/ports.ts";
import { limits } from "@holon/core/limits.ts";
import { fromCrossing, toCrossing } from "@holon/core/run/crossing.ts";
import { spentUntil } from "@holon/core/run/spent.ts";
import { createModel, type PlatformModel } from "../model.ts";
import { ProcessMemory } from "./process-memory.ts";
import { startInWorker } from "./thread.ts";
import type { WorkshopReply, WorkshopRequest } from "./workshop-protocol.ts";

const units = new Map<number, Promise<UnitInstance>>();
const asked = new Map<number, { resolve(decisions: readonly ModelDecision[]): void; reject(error: HolonError): void }>();
let lastCall = 0;
let model: PlatformModel | undefined;

/** Of each open function. */
const weights = new Map<number, number>();
const memory = new ProcessMemory({
  commonBytes: () => (model === undefined ? 0 : limits.modelSessionBytesMax),
  over(id, error) {
    if (id === undefined) process.exit(0);
    send({ kind: "over", id, error: toCrossing(error) });
  },
});

const send = (reply: WorkshopReply): void => void (process.connected && process.send?.(reply));

process.on("message", (request: WorkshopRequest) => {
  if (request.kind === "decided") return decided(request);
  const { id } = request;
  answer(request).then(
    (result) => send({ kind: "done", id, ...(result === undefined ? {} : { result }) }),
    (error: unknown) => {
      const usage = spentUntil(toHolonError(error));
      send({ kind: "failed", id, error: toCrossing(error), ...(usage === undefined ? {} : { usage }) });
    },
  );
});
process.on("disconnect", () => process.exit(0)); // the node is gone

async function answer(request: Exclude<WorkshopRequest, { kind: "decided" }>) {
  const { kind, id } = request;
  if (kind === "handle") {
    const result = await memory.during(id, unitOf(id).then((unit) => unit.handle(request.events)));
    weights.set(id, result.usage?.memoryBytes ?? 0);
    return result;
  }
  if (kind === "stop") {
    const unit = await unitOf(id);
    forget(id);
    return void (await unit.stop());
  }
  const { servedOutputs, ...program } = request.program;
  const served = servedOutputs === undefined ? {} : { served: { outputs: servedOutputs, decide: (name: string, rows: Tensor, cause?: number) => decide(id, name, rows, cause) } };
  const opening = startInWorker({ ...program, ...served }, { models: () => (model ??= createModel()), talk: (unit, text) => send({ kind: "talk", unit, text }) });
  units.set(id, opening);
  memory.open(id, { name: program.name, memoryBytesMax: Math.max(limits.unitHeapBytesMax, program.memoryBytesMax ?? 0), weight: () => weights.get(id) ?? 0 });
  opening.catch(() => forget(id));
  await memory.during(id, opening);
  return undefined;
}

function forget(id: number): void {
  units.delete(id);
  weights.delete(id);
  memory.close(id);
}

function unitOf(id: number): Promise<UnitInstance> {
  const unit = units.get(id);
  if (unit === undefined) throw new HolonError("HOLON_INTERNAL", "a batch came for a function that is not open");
  return unit;
}

function decide(id: number, name: string, rows: Tensor, cause: number | undefined): Promise<readonly ModelDecision[]> {
  const call = ++lastCall;
  return new Promise((resolve, reject) => {
    asked.set(call, { resolve, reject });
    send({ kind: "decide", id, call, model: name, rows, cause });
  });
}

function decided({ call, decisions = [], error }: Extract<WorkshopRequest, { kind: "decided" }>): void {
  const waiting = asked.get(call);
  asked.delete(call);
  if (error === undefined) waiting?.resolve(decisions);
  else waiting?.reject(fromCrossing(error));
}
