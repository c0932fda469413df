/** Jobs in a plan: what a run costs where, and when it is done. A curve is asked once for all nodes that share it. */
import { hourMs, meanOver, shiftOf, type ShiftRule } from "../shifting/job.ts";
import type { EnergyCurve, EnergyKind, Shift } from "../schema/energy.ts";
import type { Inventory, InventoryNode, Measured } from "../schema/inventory.ts";
import type { UnitNeeds } from "../schema/needs.ts";

/** Of one run on one node. */
export interface RunThere {
  readonly shift: Shift;
  /** Means over the hours of the run; undefined: that curve is not known there. */
  readonly carbon: number | undefined;
  readonly price: number | undefined;
}

/** What of a month a job is at work, and how often. */
export interface Duty {
  readonly share: number;
  readonly runsPerMonth: number;
}

const monthMs = 730 * hourMs;

export const ruleOf = ({ job, deferrableHours }: Pick<UnitNeeds, "job" | "deferrableHours">): ShiftRule | undefined => job && { hours: job.hours, slackHours: deferrableHours, interruptible: job.interruptible ?? false, by: job.by ?? "carbon" };

/** Undefined where it is no job, or no run of it is due. */
export function dutyOf({ job, run }: UnitNeeds): Duty | undefined {
  if (job === undefined || run === undefined) return undefined;
  const everyMs = Math.max(run.nextMs - run.arrivesMs, job.hours * hourMs);
  return { share: (job.hours * hourMs) / everyMs, runsPerMonth: monthMs / everyMs };
}

const freshCurve = (curve: EnergyCurve | undefined, nowMs: number, staleAfterMs: number): EnergyCurve | undefined => (curve === undefined || nowMs - curve.asOfMs > staleAfterMs ? undefined : curve);

/** Of the day up to now, by which what runs all the time is planned. */
export function meanOfDay({ curves = {} }: Inventory, kind: EnergyKind, nowMs: number): (node: InventoryNode) => Measured | undefined {
  const known = new Map<string, Measured | undefined>();
  return ({ energy }) => {
    const name = energy?.[kind];
    const curve = name === undefined ? undefined : curves[name];
    if (name === undefined || curve === undefined) return undefined;
    if (!known.has(name)) {
      const value = meanOver(curve, [{ fromMs: nowMs - 24 * hourMs, toMs: nowMs }]) ?? meanOver(curve, [{ fromMs: curve.startMs, toMs: curve.startMs + Math.min(24, curve.values.length) * hourMs }]);
      known.set(name, value === undefined ? undefined : { value, asOfMs: curve.asOfMs, source: "estimated" });
    }
    return known.get(name);
  };
}

/** A node without a curve shares the answer of all such. */
export function runsBy({ curves = {} }: Inventory, nowMs: number, staleAfterMs: number): (needs: UnitNeeds, node: InventoryNode) => RunThere | undefined {
  const known = new Map<UnitNeeds, Map<string, RunThere>>();
  return (needs, { energy }) => {
    const rule = ruleOf(needs);
    if (rule === undefined || needs.run === undefined) return undefined;
    let ofUnit = known.get(needs);
    if (ofUnit === undefined) known.set(needs, (ofUnit = new Map()));
    const key = `${energy?.carbon ?? ""} ${energy?.price ?? ""}`;
    const before = ofUnit.get(key);
    if (before !== undefined) return before;
    const curveOf = (kind: EnergyKind): EnergyCurve | undefined => freshCurve(curves[energy?.[kind] ?? ""], nowMs, staleAfterMs);
    const shift = shiftOf(rule, needs.run, curveOf(rule.by), nowMs);
    const mean = (kind: EnergyKind): number | undefined => {
      const curve = curveOf(kind);
      return curve && meanOver(curve, shift.windows);
    };
    const there = { shift, carbon: mean("carbon"), price: mean("price") };
    ofUnit.set(key, there);
    return there;
  };
}
