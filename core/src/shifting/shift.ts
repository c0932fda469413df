/**
 * When deferrable work runs: the hours of least carbon or money that its deadline leaves. A job of `hours` may begin in any hour from its arrival to
 * `slack` hours later; one that may be interrupted takes the best hours of that window, in pieces.
 */
import { assert } from "../errors.ts";

export interface Job {
  readonly hours: number;
  /** Hours by which it may begin later. */
  readonly slack: number;
  readonly interruptible: boolean;
}

/** Arrivals, from hour 0 on, whose whole window lies on the curve. */
export const arrivalsOf = (length: number, { hours, slack }: Job): number => Math.max(0, length - hours - slack + 1);

/** What it is decided by is `forecast`; of equally good times the earliest. Ascending hours. */
export function bestHours(forecast: Float64Array, arrival: number, job: Job): readonly number[] {
  assert(arrival >= 0 && arrival < arrivalsOf(forecast.length, job), "the window lies on the curve");
  return job.interruptible ? bestPieces(forecast, arrival, job) : Array.from({ length: job.hours }, (_, hour) => bestStart(forecast, arrival, job) + hour);
}

function bestStart(forecast: Float64Array, arrival: number, { hours, slack }: Job): number {
  let best = arrival;
  let bestSum = Number.POSITIVE_INFINITY;
  for (let start = arrival; start <= arrival + slack; start++) {
    let sum = 0;
    for (let hour = start; hour < start + hours; hour++) sum += forecast[hour] ?? 0;
    if (sum < bestSum) [best, bestSum] = [start, sum];
  }
  return best;
}

function bestPieces(forecast: Float64Array, arrival: number, { hours, slack }: Job): readonly number[] {
  const window = Array.from({ length: hours + slack }, (_, hour) => arrival + hour);
  window.sort((a, b) => (forecast[a] ?? 0) - (forecast[b] ?? 0) || a - b);
  return window.slice(0, hours).sort((a, b) => a - b);
}

/** What shifting came to over all arrivals. */
export interface Shifted {
  readonly arrivals: number;
  /** Mean over arrivals of the mean over each job's hours, by the true curve. */
  readonly mean: number;
  /** The same where each job runs when it arrives. */
  readonly meanAtOnce: number;
  /** Mean over arrivals of the hours of a job that have a value below zero, shifted and at once. */
  readonly negativeHours: number;
  readonly negativeHoursAtOnce: number;
}

/** Every hour is an arrival whose window lies on the curve. Each job is decided by `forecast` and pays by `actual`. */
export function shiftAll(actual: Float64Array, job: Job, forecast: Float64Array = actual): Shifted {
  const arrivals = arrivalsOf(actual.length, job);
  const totals = { mean: 0, meanAtOnce: 0, negativeHours: 0, negativeHoursAtOnce: 0 };
  const starts = job.interruptible ? undefined : bestStarts(forecast, job);
  for (let arrival = 0; arrival < arrivals; arrival++) {
    const start = starts?.[arrival];
    const hours = start === undefined ? bestPieces(forecast, arrival, job) : undefined;
    for (let piece = 0; piece < job.hours; piece++) {
      const value = actual[start === undefined ? (hours?.[piece] ?? 0) : start + piece] ?? 0;
      const atOnce = actual[arrival + piece] ?? 0;
      totals.mean += value;
      totals.meanAtOnce += atOnce;
      if (value < 0) totals.negativeHours++;
      if (atOnce < 0) totals.negativeHoursAtOnce++;
    }
  }
  const share = (total: number, of: number): number => (arrivals === 0 ? Number.NaN : total / arrivals / of);
  return { arrivals, mean: share(totals.mean, job.hours), meanAtOnce: share(totals.meanAtOnce, job.hours), negativeHours: share(totals.negativeHours, 1), negativeHoursAtOnce: share(totals.negativeHoursAtOnce, 1) };
}

/** The best start of every arrival: the least of a window that slides, kept as a queue of starts whose sums rise. */
function bestStarts(forecast: Float64Array, job: Job): Int32Array {
  const sums = new Float64Array(forecast.length - job.hours + 1);
  for (let start = 0; start < sums.length; start++) {
    let sum = 0; // anew for each: a running sum would gather rounding, and ties would be decided by it
    for (let hour = start; hour < start + job.hours; hour++) sum += forecast[hour] ?? 0;
    sums[start] = sum;
  }
  const starts = new Int32Array(arrivalsOf(forecast.length, job));
  const queue = new Int32Array(sums.length);
  let [head, tail] = [0, 0];
  for (let start = 0; start < sums.length; start++) {
    while (tail > head && (sums[queue[tail - 1] ?? 0] ?? 0) > (sums[start] ?? 0)) tail--;
    queue[tail++] = start;
    const arrival = start - job.slack;
    if (arrival < 0) continue;
    while ((queue[head] ?? 0) < arrival) head++;
    starts[arrival] = queue[head] ?? 0;
  }
  return starts;
}
