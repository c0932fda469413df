/**
 * Differential privacy (Dwork et al., 2006) for counts and sums by windows of event time. Readings are held to bounds and laid on a grid; of each
 * subject so many count; noise is the two-sided geometric distribution (Ghosh et al., 2009), Laplace's on integers, so that no rounding
 * of floating point tells what it hides (Mironov, 2012). Half of a window's epsilon goes to the count, half to the sum around the middle.
 *
 * What was spent is state, and so is stored in the same append as the output that it paid for. Noise follows from the node's key and from what was
 * spent before: whoever repeats a batch after a power cut draws the same again, and learns nothing by it.
 */
import { limits } from "../limits.ts";
import type { UnitEvent } from "../ports.ts";
import type { StateTable } from "../run/state-table.ts";
import type { NoiseReduction } from "../schema/reduction.ts";
import { keyedUniform, type Keyed } from "./keyed.ts";
import type { Reduced } from "./reducer.ts";
import { numbersOf } from "./row.ts";
import { windowOf } from "./window-of.ts";

/** What is gathered of the open window: units of the grid, around the middle. */
interface Gathered {
  readonly count: number;
  readonly units: number;
}

const subjectPrefix = "subject/";
const microEpsilon = 1e6;

export function addingNoise(reduction: NoiseReduction, state: StateTable, kept: ReadonlyMap<string, string>, keyed: Keyed): (event: UnitEvent) => readonly Reduced[] {
  const { name, everyMs, field, low, high, step, epsilon, subjectReadingsMax } = reduction;
  const middle = (low + high) / 2;
  const unitsMax = Math.ceil((high - low) / 2 / step);
  const cost = Math.ceil(epsilon * microEpsilon);
  const budget = Math.floor(reduction.budget * microEpsilon);
  const seen = new Map([...kept.keys()].filter((key) => key.startsWith(subjectPrefix)).map((key) => [key.slice(subjectPrefix.length), state.get(key) as number])); // as it was set below
  const window = windowOf(everyMs, state);
  let gathered = (state.get("gathered") as Gathered | undefined) ?? { count: 0, units: 0 };

  function tell(startMs: number): readonly Reduced[] {
    const { count, units } = gathered;
    const isCrowded = seen.size > limits.reductionNoiseSubjectsMax;
    for (const subject of seen.keys()) state.delete(subjectPrefix + subject);
    seen.clear();
    gathered = { count: 0, units: 0 };
    state.set("gathered", gathered);
    const spent = (state.get("spent") as number | undefined) ?? 0;
    if (isCrowded || spent + cost > budget) return [];
    state.set("spent", spent + cost);
    const noise = (part: string, sensitivity: number): number => twoSidedGeometric(epsilon / 2 / sensitivity, (side) => keyedUniform(keyed, `noise ${name} ${spent} ${startMs} ${part} ${side}`));
    const noisyCount = count + noise("count", subjectReadingsMax);
    const noisyUnits = units + noise("sum", subjectReadingsMax * unitsMax);
    const sum = noisyCount * middle + noisyUnits * step;
    return [{ subject: undefined, timeMs: startMs, data: { everyMs, field, count: noisyCount, sum: Number(sum.toPrecision(12)), epsilon, left: (budget - spent - cost) / microEpsilon } }];
  }

  return ({ subject = "", timeMs, data }) => {
    const at = window.take(timeMs);
    if (at === "late") return [];
    const outputs = at.closed === undefined ? [] : tell(at.closed);
    const value = numbersOf(data, [field])?.[field];
    const before = seen.get(subject) ?? 0;
    if (value === undefined || before >= subjectReadingsMax || seen.size > limits.reductionNoiseSubjectsMax) return outputs;
    seen.set(subject, before + 1);
    state.set(subjectPrefix + subject, before + 1);
    const units = Math.round((Math.min(high, Math.max(low, value)) - middle) / step);
    gathered = { count: gathered.count + 1, units: gathered.units + Math.max(-unitsMax, Math.min(unitsMax, units)) };
    state.set("gathered", gathered);
    return outputs;
  };
}

/** The difference of two geometric variables: P(n) falls by e^-rate with each step away from 0. */
export function twoSidedGeometric(rate: number, uniform: (side: "up" | "down") => number): number {
  const geometric = (side: "up" | "down"): number => Math.floor(-Math.log(uniform(side)) / rate);
  return geometric("up") - geometric("down");
}
