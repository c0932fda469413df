/**
 * Suite `shifting`: what a curve of carbon or price leaves to be saved by running later, over every hour of it as an arrival; with the curve itself as the
 * forecast, and with one that is wrong. Nothing here is timed.
 */
import { basename } from "node:path";
import { chanceFrom } from "@holon/core/chance.ts";
import { assert, HolonError } from "@holon/core/errors.ts";
import { parseCurve } from "@holon/core/shifting/curve.ts";
import { arrivalsOf, shiftAll, type Job, type Shifted } from "@holon/core/shifting/shift.ts";
import type { Suite, SuiteResult } from "./suite.ts";
import { readTableFile } from "./table-file.ts";

/** The wrong forecast is off by up to this share of each hour's value, every share as likely. */
const forecastError = 0.05;
const forecastSeeds = [1, 2, 3, 4, 5];

export const shiftingSuite: Suite = {
  measures: "deferrable work on a curve of carbon or price (--curve FILE --hours H --slack S [--interruptible])",
  async run({ curve: path, hours, slack, interruptible, say }): Promise<SuiteResult> {
    if (path === undefined) {
      say("left out: it wants --curve FILE");
      return { figures: {}, ratios: {} };
    }
    const { kind, curve } = parseCurve(readTableFile(path), basename(path));
    const job: Job = { hours: hours ?? 1, slack: slack ?? 24, interruptible: interruptible === true };
    if (arrivalsOf(curve.values.length, job) === 0) throw new HolonError("HOLON_ARGUMENT_BAD", `${job.hours} hours within ${job.slack} more do not fit on the ${curve.values.length} hours of ${basename(path)}`, { next: "Ask for fewer hours or less slack, or give a longer curve." });
    const exact = shiftAll(curve.values, job);
    const wrong = forecastSeeds.map((seed) => shiftAll(curve.values, job, forecastOf(curve.values, seed)));
    const meanWrong = wrong.reduce((sum, { mean }) => sum + mean, 0) / wrong.length;
    for (const { mean } of wrong) assert(mean >= exact.mean - 1e-9 * Math.abs(exact.mean), "no forecast does better than the curve itself");
    say(`${kind} of ${curve.values.length} hours, ${exact.arrivals} arrivals: ${exact.mean} shifted, ${meanWrong} by a forecast with ${100 * forecastError} % error, ${exact.meanAtOnce} at once`);
    return { figures: {}, ratios: {}, computed: figuresOf(kind === "intensity" ? "Intensity" : "Price", exact, meanWrong) };
  },
};

function figuresOf(of: "Intensity" | "Price", { arrivals, mean, meanAtOnce, negativeHours, negativeHoursAtOnce }: Shifted, meanWrong: number): Readonly<Record<string, number>> {
  const saved = (value: number): number => (100 * (meanAtOnce - value)) / Math.abs(meanAtOnce);
  return {
    [`mean${of}`]: mean,
    [`mean${of}AtOnce`]: meanAtOnce,
    [`mean${of}ForecastError5`]: meanWrong,
    ...(meanAtOnce === 0 ? {} : { savedPercent: saved(mean), savedPercentForecastError5: saved(meanWrong), forecastErrorCostsPoints: saved(mean) - saved(meanWrong) }),
    ...(of === "Price" ? { negativeHoursOfJob: negativeHours, negativeHoursOfJobAtOnce: negativeHoursAtOnce } : {}),
    arrivals,
  };
}

/** Each hour by its own chance, which is harder than an error that drifts: neighbours do not err alike. */
function forecastOf(actual: Float64Array, seed: number): Float64Array {
  const chance = chanceFrom(seed);
  return actual.map((value) => value * (1 + forecastError * (2 * chance.share() - 1)));
}
