/**
 * What a node measured in one stretch of time, as it stands in a record (`holon.telemetry.window`): mergeable, so that two windows are one of both together with no total changed.
 * Sums are what was added in the stretch, gauges `[last, least, greatest, sum, count]` of what was looked at, durations a DDSketch.
 */
import { z } from "zod";
import { limits } from "../limits.ts";
import { createSketch, type Sketch } from "./sketch.ts";

export const windowType = "holon.telemetry.window";

const finite = z.number();
const gaugeSchema = z.tuple([finite, finite, finite, finite, z.number().min(0)]);
export type Gauge = z.infer<typeof gaugeSchema>;

const durationSchema = z.strictObject({
  count: z.number().min(0),
  sum: finite,
  min: finite,
  max: finite,
  /** Of the sketch: bin and how many. */
  bins: z.array(z.tuple([z.int(), z.number().positive()])).max(limits.telemetryBinsMax),
});
export type Duration = z.infer<typeof durationSchema>;

const keySchema = z.string().min(1).max(limits.telemetryKeyMax);
const keyed = <T extends z.ZodType>(value: T) => z.record(keySchema, value).refine((record) => Object.keys(record).length <= limits.telemetryKeysMax, { error: `at most ${limits.telemetryKeysMax} of a kind` });

export const windowSchema = z.strictObject({
  startMs: finite,
  endMs: finite,
  /** When the next one is to be expected at the latest, counted from the end of this one, while the link holds. */
  everyMs: z.number().positive(),
  /** How many windows were merged into this one. */
  merged: z.int().min(1),
  sums: keyed(finite),
  gauges: keyed(gaugeSchema),
  durations: keyed(durationSchema),
});
export type Window = z.infer<typeof windowSchema>;

/** In order of time, without another between them. */
export function mergeWindows(first: Window, ...rest: readonly Window[]): Window {
  const sums = { ...first.sums };
  const gauges = { ...first.gauges };
  const durations = { ...first.durations };
  for (const window of rest) {
    for (const [key, value] of Object.entries(window.sums)) sums[key] = (sums[key] ?? 0) + value;
    for (const [key, value] of Object.entries(window.gauges)) gauges[key] = mergeGauges(gauges[key], value);
    for (const [key, value] of Object.entries(window.durations)) durations[key] = mergeDurations(durations[key], value);
  }
  const last = rest.at(-1) ?? first;
  return { startMs: first.startMs, endMs: last.endMs, everyMs: last.everyMs, merged: [first, ...rest].reduce((sum, { merged }) => sum + merged, 0), sums, gauges, durations };
}

export const gaugeOf = (value: number): Gauge => [value, value, value, value, 1];

export function mergeGauges(one: Gauge | undefined, later: Gauge): Gauge {
  if (one === undefined || one[4] === 0) return later;
  return [later[0], Math.min(one[1], later[1]), Math.max(one[2], later[2]), one[3] + later[3], one[4] + later[4]];
}

export function mergeDurations(one: Duration | undefined, other: Duration): Duration {
  if (one === undefined || one.count === 0) return other;
  return { count: one.count + other.count, sum: one.sum + other.sum, min: Math.min(one.min, other.min), max: Math.max(one.max, other.max), bins: mergeBins(inOrder(one.bins), inOrder(other.bins)) };
}

type Bins = Duration["bins"];

/** As two sketches merge, without making any: a fleet does so thousands of times a minute. */
function mergeBins(one: Bins, other: Bins): Bins {
  const merged: Bins = [];
  let [at, from] = [0, 0];
  for (let [left, right] = [one[0], other[0]]; left !== undefined || right !== undefined; [left, right] = [one[at], other[from]]) {
    if (right === undefined || (left !== undefined && left[0] < right[0])) {
      if (left !== undefined) merged.push(left);
      at += 1;
    } else if (left === undefined || right[0] < left[0]) {
      merged.push(right);
      from += 1;
    } else {
      merged.push([left[0], left[1] + right[1]]);
      at += 1;
      from += 1;
    }
  }
  return merged.length <= limits.telemetryBinsMax ? merged : lowestMerged(merged);
}

function lowestMerged(bins: Bins): Bins {
  const [lowest, ...others] = bins.slice(bins.length - limits.telemetryBinsMax);
  if (lowest === undefined) return [];
  const below = bins.slice(0, bins.length - limits.telemetryBinsMax).reduce((sum, [, count]) => sum + count, 0);
  return [[lowest[0], lowest[1] + below], ...others];
}

/** What another wrote may be in any order, and name a bin twice. */
function inOrder(bins: Bins): Bins {
  let before = -Infinity;
  for (const bin of bins) {
    if (bin[0] <= before) return [...createSketch(sumsOf(bins), limits.telemetryBinsMax).bins()].sort(([a], [b]) => a - b);
    before = bin[0];
  }
  return bins;
}

function sumsOf(bins: Bins): Map<number, number> {
  const sums = new Map<number, number>();
  for (const [bin, count] of bins) sums.set(bin, (sums.get(bin) ?? 0) + count);
  return sums;
}

export const sketchOf = ({ bins }: Duration): Sketch => createSketch(bins, limits.telemetryBinsMax);

export const durationOf = (sketch: Sketch, { count, sum, min, max }: Omit<Duration, "bins">): Duration => ({ count, sum, min, max, bins: [...sketch.bins()].sort(([a], [b]) => a - b) });

export interface DurationMeter {
  add(value: number, times?: number): void;
  value(): Duration;
}

export function createDurationMeter(): DurationMeter {
  const sketch = createSketch([], limits.telemetryBinsMax);
  let [count, sum, min, max] = [0, 0, Infinity, -Infinity];
  return {
    add(value, times = 1) {
      sketch.add(value, times);
      count += times;
      sum += value * times;
      min = Math.min(min, value);
      max = Math.max(max, value);
    },
    value: () => durationOf(sketch, { count, sum, min, max }),
  };
}

/** A share of a window, for a step that it reaches over: totals of the shares are those of the window. */
export function shareOf(window: Window, share: number): Pick<Window, "sums" | "gauges" | "durations"> {
  if (share === 1) return window;
  return {
    sums: Object.fromEntries(Object.entries(window.sums).map(([key, value]) => [key, value * share])),
    gauges: Object.fromEntries(Object.entries(window.gauges).map(([key, [last, min, max, sum, count]]): [string, Gauge] => [key, [last, min, max, sum * share, count * share]])),
    durations: Object.fromEntries(
      Object.entries(window.durations).map(([key, { count, sum, min, max, bins }]): [string, Duration] => [key, { count: count * share, sum: sum * share, min, max, bins: bins.map(([bin, many]) => [bin, many * share]) }]),
    ),
  };
}
