/** What nodes told of carbon and price of their electricity, and of runs of jobs that were done. */
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { scheduleOf } from "@holon/core/placement/needs-of-app.ts";
import type { AppDocument, FunctionDocument } from "@holon/core/schema/app.ts";
import { energyCurveSchema, energyKinds, shiftedSchema, type EnergyCurve, type EnergyKind, type Shifted } from "@holon/core/schema/energy.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import type { InventoryNode } from "@holon/core/schema/inventory.ts";
import { hourMs } from "@holon/core/shifting/job.ts";
import type { KnownApp } from "./fold.ts";

export interface DoneRun extends Shifted {
  readonly node: string;
}

export interface EnergyState {
  /** By node. */
  readonly curves: Map<string, Partial<Record<EnergyKind, EnergyCurve>>>;
  /** The newest last. */
  readonly runs: DoneRun[];
  /** By unit, when the newest run that is done was due. */
  readonly done: Map<string, number>;
}

export const createEnergyState = (): EnergyState => ({ curves: new Map(), runs: [], done: new Map() });

/** A node speaks of itself, and of its electricity perhaps before it says that it has started. */
export function curveTold({ curves }: EnergyState, isMember: boolean, node: string, data: unknown): boolean | "unfit" {
  const told = energyCurveSchema.safeParse(data);
  if (!told.success || !isMember) return "unfit";
  curves.set(node, { ...curves.get(node), [told.data.kind]: told.data });
  return true;
}

/** What it ends is planned next: so it counts where it is a job that is deployed, and was due and done before it was told, as far as clocks agree. */
export function runTold({ runs, done }: EnergyState, isKnown: boolean, isJob: (unit: string) => boolean, node: string, { data, time }: Pick<StoredEvent, "data" | "time">): boolean | "unfit" {
  const told = shiftedSchema.safeParse(data);
  if (!told.success || !isKnown) return "unfit";
  const { unit, arrivesMs, doneMs } = told.data;
  if (arrivesMs > doneMs + hourMs || doneMs > Date.parse(time) + hourMs) return "unfit";
  if (!isJob(unit)) return false;
  runs.push({ ...told.data, node });
  if (runs.length > limits.jobRunsShown) runs.shift();
  done.set(unit, Math.max(done.get(unit) ?? 0, arrivesMs));
  return true;
}

/** By job of this document, since when it has been deployed with the schedule that it has: a deployment in between changes nothing of what was due. */
export function jobsSince(document: AppDocument, at: string, before: KnownApp | undefined): ReadonlyMap<string, string> {
  const schedules = (functions: readonly FunctionDocument[] = []) => functions.flatMap((fn) => (fn.needs?.job === undefined ? [] : [[fn.name, canonicalJson(scheduleOf(fn) ?? null)] as const]));
  const was = new Map(schedules(before?.document.functions));
  return new Map(schedules(document.functions).map(([name, schedule]) => [name, was.get(name) === schedule ? (before?.jobsSince.get(name) ?? at) : at]));
}

/** Names by content: nodes that tell the same hours share a curve. */
export function namedCurves({ curves }: EnergyState, nodes: Iterable<string>): { readonly curves: Readonly<Record<string, EnergyCurve>>; readonly of: ReadonlyMap<string, NonNullable<InventoryNode["energy"]>> } {
  const all: Record<string, EnergyCurve> = {};
  const nameOf = new Map<string, string>();
  const of = new Map<string, Partial<Record<EnergyKind, string>>>();
  for (const node of nodes) {
    const own = curves.get(node);
    for (const kind of energyKinds) {
      const curve = own?.[kind];
      if (curve === undefined) continue;
      const content = canonicalJson([kind, curve.startMs, curve.values]);
      const name = nameOf.get(content) ?? `${kind}-${nameOf.size + 1}`;
      nameOf.set(content, name);
      const held = all[name];
      if (held === undefined || held.asOfMs < curve.asOfMs) all[name] = curve;
      of.set(node, { ...of.get(node), [kind]: name });
    }
  }
  return { curves: all, of };
}

