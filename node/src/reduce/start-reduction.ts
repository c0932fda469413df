/** One reduction on one node, in the same loop as functions: what it makes, its state, its position and its count are one append. */
import { reductionEmits, classOf } from "@holon/core/reduce/declared.ts";
import { canonicalJson } from "@holon/core/json.ts";
import type { EventReduction } from "@holon/core/reduce/reducer.ts";
import type { JudgeReduction, Reduction } from "@holon/core/schema/reduction.ts";
import { windowTriggerSchema } from "@holon/core/schema/trigger.ts";
import { startUnit, type RunningUnit, type UnitContext } from "../run/unit.ts";
import type { UnitDocument, UnitKind } from "../run/unit-kind.ts";
import { storedUnit } from "../run/program.ts";
import { createFrames } from "./frames.ts";
import { createJudgeInstance } from "./judge.ts";
import { createReducerInstance } from "./reducer-instance.ts";
import { keyedFor, siteKeyedFor } from "./node-key.ts";
import { addSaved, loadSaved, savedChange } from "./saved.ts";

export function startReduction(reduction: Reduction, context: UnitContext): RunningUnit {
  const document: UnitDocument = {
    name: reduction.name,
    on: triggerOf(reduction),
    emits: reductionEmits(context.app, reduction),
  };
  if (reduction.kind === "judge") return startUnit(document, context, judgeKind(reduction, context));
  return startUnit(document, context, reduction.kind === "frames" ? framesKind(reduction, context) : eventKind(reduction, context));
}

function triggerOf(reduction: Reduction): UnitDocument["on"] {
  if (reduction.kind === "judge" && reduction.window !== undefined) return windowTriggerSchema.parse({ type: reduction.on, window: reduction.window });
  return { type: reduction.kind === "frames" ? reduction.around : reduction.on };
}

function judgeKind(reduction: JudgeReduction, context: UnitContext): UnitKind {
  const count = counting(reduction, context);
  return {
    trigger: "pubsub",
    async open(_, born) {
      await tellRelease(reduction, context);
      count.load();
      return { instance: createJudgeInstance(reduction, context, born), positions: storedUnit(`${context.app.name}/${reduction.name}`, context.log).positions };
    },
    account: count.add,
    reduction: count.status,
  };
}

function eventKind(reduction: EventReduction, context: UnitContext): UnitKind {
  const unit = `${context.app.name}/${reduction.name}`;
  const count = counting(reduction, context);
  return {
    async open() {
      await tellRelease(reduction, context);
      count.load();
      const { state, positions } = storedUnit(unit, context.log);
      const isOfSite = reduction.kind === "pseudonymise" && reduction.keyOf === "site";
      const keyed = isOfSite ? await siteKeyedFor(context.app.name, context.ports) : await keyedFor(context.app.name, { log: context.log, ...context.ports });
      return { instance: createReducerInstance(reduction, state, keyed, context.ports.clock), positions };
    },
    account: count.add,
    reduction: count.status,
  };
}

function framesKind(reduction: Extract<Reduction, { readonly kind: "frames" }>, context: UnitContext): UnitKind {
  const count = counting(reduction, context);
  let frames: ReturnType<typeof createFrames> | undefined;
  return {
    fromDisk: true,
    // One alert at a time: a frame may be large, and a frame that is waited for costs those behind it nothing.
    batchMax: 1,
    async open(_, born) {
      await tellRelease(reduction, context);
      count.load();
      frames = createFrames(reduction, context, born);
      return { instance: frames.instance, positions: storedUnit(`${context.app.name}/${reduction.name}`, context.log).positions };
    },
    account: (_, outputs) => count.add(frames?.takeBytes() ?? 0, outputs),
    reduction: count.status,
    interrupt: () => frames?.interrupt(),
  };
}

function counting(reduction: Reduction, { app, log }: UnitContext) {
  const unit = `${app.name}/${reduction.name}`;
  let saved = loadSaved(unit, log);
  return {
    load: () => void (saved = loadSaved(unit, log)),
    add: (bytesIn: number, outputs: Parameters<typeof addSaved>[2]) => [savedChange(unit, (saved = addSaved(saved, bytesIn, outputs)))],
    status: () => ({ kind: reduction.kind, on: reduction.on, ...saved }),
  };
}

const encoder = new TextEncoder();

/** That readings are released as `derived`, by whose words, stands in the trail before the first of them can leave. Told once. */
async function tellRelease(reduction: Reduction, { app, log, events }: UnitContext): Promise<void> {
  const released = "release" in reduction ? reduction.release : "because" in reduction ? { class: "derived", because: reduction.because } : undefined;
  if (released === undefined || reduction.kind === "discard") return;
  const unit = `${app.name}/${reduction.name}`;
  const data = { reduction: unit, on: reduction.on, emits: reduction.emits, from: classOf(app, reduction.on), to: released.class, because: released.because };
  const key = `released/${unit}`;
  const value = encoder.encode(canonicalJson(data));
  const told = log.cell(key);
  if (told !== undefined && told.length === value.length && told.every((byte, index) => byte === value[index])) return;
  await log.append({ records: [events.record({ stream: "audit", type: "holon.reduction.released", class: "public", producer: unit, data })], cells: [{ key, value }] });
}
