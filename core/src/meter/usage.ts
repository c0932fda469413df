/** What a function used: counters that only rise, and what they come to in energy and money. */
import { z } from "zod";
import type { Power, Prices } from "../schema/prices.ts";

const count = z.number().min(0);

export const usageSchema = z.strictObject({
  /** Calls of the sandbox that came back, and events that they took in. */
  invocations: count,
  events: count,
  /** Calls that failed. */
  failures: count,
  processorMs: count,
  /** Bytes of memory times milliseconds of processor time: what it held while it worked. */
  memoryByteMs: count,
  inferences: z.record(z.string(), count),
  inferenceMs: count,
  /** Of records taken in and written. */
  bytesIn: count,
  bytesOut: count,
  /** Of those written, in streams that leave the node. */
  bytesUp: count,
});
export type Usage = z.infer<typeof usageSchema>;

export const noUsage: Usage = { invocations: 0, events: 0, failures: 0, processorMs: 0, memoryByteMs: 0, inferences: {}, inferenceMs: 0, bytesIn: 0, bytesOut: 0, bytesUp: 0 };

export function addUsage(one: Usage, other: Usage): Usage {
  const inferences: Record<string, number> = { ...one.inferences };
  for (const [model, more] of Object.entries(other.inferences)) inferences[model] = (inferences[model] ?? 0) + more;
  return {
    invocations: one.invocations + other.invocations,
    events: one.events + other.events,
    failures: one.failures + other.failures,
    processorMs: one.processorMs + other.processorMs,
    memoryByteMs: one.memoryByteMs + other.memoryByteMs,
    inferences,
    inferenceMs: one.inferenceMs + other.inferenceMs,
    bytesIn: one.bytesIn + other.bytesIn,
    bytesOut: one.bytesOut + other.bytesOut,
    bytesUp: one.bytesUp + other.bytesUp,
  };
}

/**
 * A core that works against one that idles: 3.0 W is the median, over the 20 processor families of
 * `coefficients-aws-use.csv` (Cloud Carbon Footprint, ccf-coefficients b0032d9, Apache-2.0), of maximum less minimum watts per vCPU.
 * A site that knows its machine gives its own.
 */
export const generalPower: Power = { coreWatts: 3.0 };

/** An estimate: the processor's time, and inferences where they run on a device of their own. */
export function joulesOf({ processorMs, inferenceMs, inferences }: Usage, power: Power = generalPower): number {
  const made = Object.values(inferences).reduce((sum, more) => sum + more, 0);
  const own = (processorMs / 1000) * power.coreWatts;
  return own + (power.inferenceJoules === undefined ? (inferenceMs / 1000) * power.coreWatts : made * power.inferenceJoules);
}

export interface Cost {
  readonly joules: number;
  /** `undefined` where the site has no prices. */
  readonly money: { readonly amount: number; readonly currency: string } | undefined;
}

export function costOf(usage: Usage, power: Power | undefined, prices: Prices | undefined): Cost {
  const joules = joulesOf(usage, power);
  if (prices === undefined) return { joules, money: undefined };
  const made = Object.values(usage.inferences).reduce((sum, more) => sum + more, 0);
  const amount =
    (usage.processorMs / hourMs) * prices.perProcessorHour +
    (usage.memoryByteMs / gigabyte / hourMs) * prices.perGigabyteHour +
    (usage.invocations / million) * prices.perMillionInvocations +
    (made / million) * prices.perMillionInferences +
    (usage.bytesUp / gigabyte) * prices.perGigabyteUp +
    (joules / joulesPerKilowattHour) * prices.perKilowattHour;
  return { joules, money: { amount, currency: prices.currency } };
}

const hourMs = 3_600_000;
const gigabyte = 1e9;
const million = 1e6;
const joulesPerKilowattHour = 3.6e6;
