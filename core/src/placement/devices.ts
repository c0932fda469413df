/** Parts of accelerators of one node, handed out so that as much as possible fits: a part stays on one accelerator, several are taken whole. */
import type { InventoryNode } from "../schema/inventory.ts";
import type { UnitNeeds } from "../schema/needs.ts";
import { wholeMilli } from "./fragments.ts";

export interface DeviceDemand {
  readonly count: number;
  /** Of each, thousandths. */
  readonly milli: number;
}

/** Steps of one repacking. At the bound: it does not fit. */
const stepsMax = 2_000;

/** The accelerators that the demand takes as they are filled, the fullest that will do; undefined: it does not fit so. */
export function chooseDevices(free: readonly number[], { count, milli }: DeviceDemand): readonly number[] | undefined {
  const open = [...free.keys()].filter((device) => (free[device] ?? 0) >= milli);
  return open.length < count ? undefined : open.sort((a, b) => (free[a] ?? 0) - (free[b] ?? 0) || a - b).slice(0, count);
}

/** All demands on so many empty accelerators, by demand; undefined: they do not fit. The largest first, each tried wherever it makes a difference. */
export function packDevices(devices: number, demands: readonly DeviceDemand[]): readonly (readonly number[])[] | undefined {
  const asked = demands.reduce((sum, { count, milli }) => sum + count * milli, 0);
  if (asked > devices * wholeMilli) return undefined;
  const free = Array.from({ length: devices }, () => wholeMilli);
  const order = [...demands.keys()].sort((a, b) => (demands[b]?.milli ?? 0) - (demands[a]?.milli ?? 0) || (demands[b]?.count ?? 0) - (demands[a]?.count ?? 0) || a - b);
  const taken: (readonly number[])[] = demands.map(() => []);
  let steps = 0;
  const descend = (depth: number): boolean => {
    const index = order[depth];
    if (index === undefined) return true;
    const demand = demands[index] ?? { count: 0, milli: 0 };
    for (const chosen of waysFor(free, demand)) {
      if (++steps > stepsMax) return false;
      for (const device of chosen) free[device] = (free[device] ?? 0) - demand.milli;
      taken[index] = chosen;
      if (descend(depth + 1)) return true;
      for (const device of chosen) free[device] = (free[device] ?? 0) + demand.milli;
    }
    return false;
  };
  return descend(0) ? taken : undefined;
}

/** Of accelerators that are equally full one stands for all. */
function waysFor(free: readonly number[], demand: DeviceDemand): readonly (readonly number[])[] {
  if (demand.count !== 1) {
    const chosen = chooseDevices(free, demand);
    return chosen === undefined ? [] : [chosen];
  }
  const seen = new Set<number>();
  const open = [...free.keys()].filter((device) => {
    const left = free[device] ?? 0;
    if (left < demand.milli || seen.has(left)) return false;
    seen.add(left);
    return true;
  });
  return open.sort((a, b) => (free[a] ?? 0) - (free[b] ?? 0)).map((device) => [device]);
}

/** Whether the node has what the unit asks for or would like, taken by nobody. */
export function hasAccelerator({ accelerator }: UnitNeeds, node: InventoryNode): boolean {
  if (accelerator === undefined) return false;
  const { accelerators } = node.capacity;
  return accelerators !== undefined && accelerators.count >= accelerator.count && (accelerator.models.length === 0 || accelerator.models.includes(accelerators.model));
}
