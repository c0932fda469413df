/** What of a window is good by an objective, and of how much: pure, and from what nodes measure anyway. */
import { printKey, parseKey } from "../telemetry/key.ts";
import { sketchBounds } from "../telemetry/sketch.ts";
import type { Duration, Gauge, Window } from "../telemetry/window.ts";
import type { Objective } from "../schema/objective.ts";

export interface Share {
  readonly good: number;
  readonly total: number;
}

export const judgedKey = (app: string, objective: string): string => printKey("holon.objective.judged", { app, objective });
export const rightKey = (app: string, objective: string): string => printKey("holon.objective.right", { app, objective });

/** `app`: of whose manifest it is; undefined for a node's own. Undefined where the window says nothing of it. */
export function shareOf(objective: Objective, app: string | undefined, window: Window): Share | undefined {
  const owner = app ?? objective.app;
  if (objective.kind === "accuracy") return fractionOf(window.sums[rightKey(owner ?? "", objective.name)] ?? 0, window.sums[judgedKey(owner ?? "", objective.name)] ?? 0);
  const isChosen = (key: string, name: string): boolean => chosenUnit(objective, app, key, name) !== undefined;
  if (objective.kind === "latency") {
    const name = objective.of === "inference" ? "holon.inference.duration" : "holon.function.duration";
    const durations = Object.entries(window.durations).filter(([key]) => isChosen(key, name));
    return fractionOf(durations.reduce((sum, [, duration]) => sum + countWithin(duration, objective.withinMs), 0), durations.reduce((sum, [, { count }]) => sum + count, 0));
  }
  if (objective.kind === "freshness") {
    const gauges = objective.stream === undefined ? Object.entries(window.gauges).filter(([key]) => isChosen(key, "holon.function.age")) : Object.entries(window.gauges).filter(([key]) => key === printKey("holon.log.age", { stream: objective.stream ?? "" }));
    return fractionOf(gauges.reduce((sum, [, gauge]) => sum + momentsWithin(gauge, objective.withinMs / 1_000), 0), gauges.reduce((sum, [, gauge]) => sum + gauge[4], 0));
  }
  const sumOf = (accepts: (key: string) => boolean): number => Object.entries(window.sums).reduce((sum, [key, value]) => (accepts(key) ? sum + value : sum), 0);
  const { stream } = objective;
  const bad = stream === undefined ? sumOf((key) => isChosen(key, "holon.function.aside")) : (window.sums[printKey("holon.log.damage", { stream })] ?? 0);
  const good = stream === undefined ? sumOf((key) => isChosen(key, "holon.function.events")) : (window.sums[printKey("holon.log.records", { stream })] ?? 0);
  return fractionOf(good, good + bad);
}

/**
 * Whether a function whose latency is judged handles nothing, while records wait for it for longer than they may: what has not been handled is in no figure of latency, and those that were are no
 * answer to whether it is met.
 */
export function isStalled(objective: Objective, app: string | undefined, { gauges, durations }: Window): boolean {
  if (objective.kind !== "latency" || objective.of === "inference") return false;
  return Object.entries(gauges).some(([key, [, , , lag]]) => {
    const unit = chosenUnit(objective, app, key, "holon.function.lag");
    if (unit === undefined || lag === 0 || (durations[printKey("holon.function.duration", unit)]?.count ?? 0) > 0) return false;
    const [, , , idleSeconds = 0] = gauges[printKey("holon.function.age", unit)] ?? [];
    return idleSeconds * 1_000 > objective.withinMs;
  });
}

/** Whose metric it is, where it is the one of that name of a function that the objective is about. */
function chosenUnit(objective: Objective, app: string | undefined, key: string, name: string): Readonly<Record<string, string>> | undefined {
  const parsed = parseKey(key);
  const owner = app ?? objective.app;
  const wanted = "function" in objective ? objective.function : undefined;
  return parsed?.name === name && (owner === undefined || parsed.attributes["app"] === owner) && (wanted === undefined || parsed.attributes["function"] === wanted) ? parsed.attributes : undefined;
}

const fractionOf = (good: number, total: number): Share | undefined => (total <= 0 ? undefined : { good: Math.min(good, total), total });

/** The bin in which the bound lies counts in part. */
function countWithin({ bins, count, max }: Duration, withinMs: number): number {
  if (max <= withinMs) return count;
  let within = 0;
  for (const [bin, many] of bins) {
    const [low, high] = sketchBounds(bin);
    within += high <= withinMs ? many : low >= withinMs ? 0 : (many * (withinMs - low)) / (high - low);
  }
  return within;
}

/** Of a gauge that was merged of several moments only its least and greatest are known: between them it is taken to be even. */
const momentsWithin = ([, min, max, , count]: Gauge, within: number): number => (max <= within ? count : min > within ? 0 : (count * (within - min)) / (max - min));
