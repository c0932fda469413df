/** What a function starts with: its code and graphs from blobs, its state, parameters and position from cells. */
import { HolonError } from "@holon/core/errors.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { Log } from "@holon/core/log/log.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import type { Tensor, UnitEvent, UnitProgram } from "@holon/core/ports.ts";
import { inputOf } from "@holon/core/run/trigger-events.ts";
import type { FunctionDocument } from "@holon/core/schema/app.ts";
import type { BlobHash } from "@holon/core/units.ts";
import { z } from "zod";
import { unsealed } from "../blob/unsealed.ts";
import { endOf } from "@holon/core/schema/model-use.ts";
import { isServed } from "../model/served-models.ts";
import { withShared } from "../shared/shared-input.ts";
import { withMoments } from "@holon/core/run/moments.ts";
import { readSecrets, startWithSecrets } from "@holon/core/run/secret-guard.ts";
import type { HandedClass } from "./handed-class.ts";
import { loadFitted } from "./fitted.ts";
import type { Asking, TraceTrigger } from "./tracer.ts";
import type { UnitContext } from "./unit.ts";
import type { UnitKind } from "./unit-kind.ts";
import { createWarmInstance } from "./warm-instance.ts";

export const stateCell = (unit: string, key: string): string => `state/${unit}/${key}`;
export const positionCell = (unit: string): string => `position/${unit}`;

const positionsSchema = z.record(z.string(), z.int().min(0));
const decoder = new TextDecoder();

/** A function in its sandbox. */
export const functionKind = (fn: FunctionDocument, context: UnitContext, told = new Set<string>(), answerers = new Set<string>(), asking: Asking = { of: undefined }): UnitKind => ({
  trigger: triggerOf(fn),
  models: new Set(fn.models),
  answerers,
  asking,
  async open(settled, born) {
    const unit = `${context.app.name}/${fn.name}`;
    // What sites share and the time are handed over with the events: such a function begins when it is asked, with all of it.
    const isPlain = fn.clock !== true && (context.app.shared ?? []).length === 0;
    const start = async (first?: readonly UnitEvent[]) => {
      await settled();
      const secrets = await readSecrets(unit, fn.secrets ?? [], context.ports.secrets);
      const program = { ...(await loadProgram(fn, context, told, born, answerers, asking)), secrets };
      const instance = await startWithSecrets(unit, secrets, () => context.ports.runner.start(program, isPlain ? first : undefined));
      return withShared(fn.clock === true ? withMoments(instance, context.moments) : instance, { ...context, born }, settled);
    };
    const instance = createWarmInstance(unit, start, context.warm);
    await instance.prepare();
    return { instance, positions: storedUnit(unit, context.log).positions };
  },
});

function triggerOf({ on }: FunctionDocument): TraceTrigger {
  if ("schedule" in on) return "timer";
  if ("http" in on) return "http";
  return "state" in on ? "datasource" : "pubsub";
}

/** What a unit stored with its last append: its state and how far it has read. */
export function storedUnit(unit: string, log: Log): { readonly state: ReadonlyMap<string, string>; readonly positions: ReadonlyMap<string, number> } {
  const statePrefix = stateCell(unit, "");
  const state = new Map([...log.cells(statePrefix)].map(([key, value]) => [key.slice(statePrefix.length), decoder.decode(value)]));
  const position = log.cell(positionCell(unit));
  return { state, positions: new Map(Object.entries(position === undefined ? {} : positionsSchema.parse(parseJson(position)))) };
}

async function loadProgram(fn: FunctionDocument, context: UnitContext, told: Set<string>, born: Pick<HandedClass, "told">, answerers: Set<string>, asking: Asking): Promise<UnitProgram> {
  const { app, log } = context;
  const unit = `${app.name}/${fn.name}`;
  const models: Record<string, Uint8Array> = {};
  const outputs: Record<string, string> = {};
  for (const name of fn.models) {
    const model = app.models.find((candidate) => candidate.name === name);
    if (model === undefined) continue;
    const graph = await unsealed(await readBlob(model.graph, context), app, "model", name, context.ports.seals);
    // A program is given graphs, to run as it likes.
    if (isServed(model) && fn.runtime !== "process" && fn.runtime !== "image") outputs[name] = readOnnx(await graphOf(endOf(app.models, name), context, graph), name).outputs[0]?.name ?? "";
    else models[name] = graph;
  }
  return {
    name: unit,
    code: await unsealed(await readBlob(fn.code, context), app, "function", fn.name, context.ports.seals),
    models,
    ...(Object.keys(outputs).length === 0 ? {} : { served: { outputs, decide: async (model: string, rows: Tensor, cause?: number) => {
      const decisions = await context.served.decide(app.name, model, rows, { told: (own, through) => born.told(own, through), traceparent: asking.of?.(model, cause) });
      for (const { answeredBy } of decisions) answerers.add(answeredBy);
      return decisions;
    } } }),
    fitted: await loadFitted(fn.name, context, told),
    state: storedUnit(unit, log).state,
    timeoutMs: fn.timeoutMs,
    runtime: fn.runtime,
    declared: { on: { type: inputOf(app.name, fn).type }, emits: fn.emits, models: fn.models },
    command: fn.command,
    unconfined: fn.unconfined,
    memoryBytesMax: fn.memoryBytesMax,
  };
}

/** Of the last part of a model in parts, which stands here with the first. */
async function graphOf(name: string, context: UnitContext, own: Uint8Array): Promise<Uint8Array> {
  const { app } = context;
  const end = app.models.find((model) => model.name === name);
  return end === undefined ? own : unsealed(await readBlob(end.graph, context), app, "model", name, context.ports.seals);
}

/** What was damaged on this disk beyond mending is asked for again; the function's next start finds it. */
async function readBlob(hash: BlobHash, context: UnitContext): Promise<Uint8Array> {
  try {
    return await context.blobs.read(hash);
  } catch (error) {
    if (error instanceof HolonError && (error.code === "HOLON_BLOB_BAD" || error.code === "HOLON_BLOB_MISSING")) context.fetch(hash).catch(() => undefined); // the start fails with the first error
    throw error;
  }
}
