/** What nodes told of carbon and price of their electricity, and of runs of jobs that were done. */
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { energyCurveSchema, energyKinds, shiftedSchema, type EnergyCurve, type EnergyKind, type Shifted } from "@holon/core/schema/energy.ts";
import type { InventoryNode } from "@holon/core/schema/inventory.ts";

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

/** A node speaks of itself. */
export function curveTold({ curves }: EnergyState, isKnown: boolean, node: string, data: unknown): boolean | "unfit" {
  const told = energyCurveSchema.safeParse(data);
  if (!told.success || !isKnown) return "unfit";
  curves.set(node, { ...curves.get(node), [told.data.kind]: told.data });
  return true;
}

export function runTold({ runs, done }: EnergyState, isKnown: boolean, node: string, data: unknown): boolean | "unfit" {
  const told = shiftedSchema.safeParse(data);
  if (!told.success || !isKnown) return "unfit";
  const { unit, arrivesMs } = told.data;
  runs.push({ ...told.data, node });
  if (runs.length > limits.jobRunsShown) runs.shift();
  done.set(unit, Math.max(done.get(unit) ?? 0, arrivesMs));
  return true;
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

