/** The fleet of the year: for each region a cloud, edges and gateways, with what is on record for them by the hour. Everything that is chance follows from the seed. */
import { chanceFrom, type Chance } from "@holon/core/chance.ts";
import { carbonOf, latencyBetween, perGigabyteBetween, priceOf, recordedRegions } from "../traces/recorded-regions.ts";
import { homesOneWayMs, nearOneWayMs } from "../traces/recorded-latencies.ts";
import { yearsOfOutages } from "../traces/recorded-outages.ts";

export interface YearNode {
  readonly name: string;
  readonly site: string;
  readonly tier: "gateway" | "edge" | "cloud";
  readonly region: number;
  readonly parent: number;
  /** To the parent. */
  readonly oneWayMs: number;
  readonly perGigabyteUp: number;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly perProcessorHour: number;
  readonly processorWatts: number;
  /** 1 where it is down, by the hour. */
  readonly down: Uint8Array;
}

export interface YearWorld {
  readonly hours: number;
  readonly nodes: readonly YearNode[];
  readonly jurisdictions: readonly string[];
  readonly gatewaysOf: readonly (readonly number[])[];
  readonly cloudOf: readonly number[];
  /** Grams a kilowatt-hour, currency a kilowatt-hour: by region, then hour. */
  readonly carbon: readonly Float64Array[];
  readonly price: readonly Float64Array[];
  /** Between clouds, by region. */
  readonly cloudOneWayMs: readonly (readonly number[])[];
  readonly cloudPerGigabyte: readonly (readonly number[])[];
}

/** What a machine of a tier is and costs: assumed, the same for every way of placing. */
const kinds = {
  cloud: { processors: 512, memoryBytes: 2e12, perProcessorHour: 0.045, processorWatts: 7 },
  edge: { processors: 16, memoryBytes: 64e9, perProcessorHour: 0.05, processorWatts: 9 },
  gateway: { processors: 2, memoryBytes: 4e9, perProcessorHour: 0.02, processorWatts: 3 },
} as const;
const sameCosts = { perProcessorHour: kinds.cloud.perProcessorHour, processorWatts: kinds.cloud.processorWatts };
const perGigabyteUp = { gateway: 0.02, edge: 0.01 } as const;

/** `alike`: a processor costs and draws everywhere what it does in the cloud, so that nothing is gained by cheap machines. */
export function worldOfYear(nodeCount: number, hours: number, seed: number, alike = false): YearWorld {
  const chance = chanceFrom(seed);
  const regions = recordedRegions;
  const clouds = regions.length;
  const edges = Math.max(clouds, Math.round(nodeCount * 0.1));
  const nodes: YearNode[] = [];
  const gatewaysOf = regions.map((): number[] => []);
  const down = outagesFor(chance, hours);
  for (let index = 0; index < nodeCount; index++) {
    const tier = index < clouds ? "cloud" : index < clouds + edges ? "edge" : "gateway";
    const region = index % clouds;
    const near = Array.from({ length: edges }, (_, at) => clouds + at).filter((at) => at % clouds === region);
    const parent = tier === "cloud" ? (index === 0 ? -1 : 0) : tier === "edge" ? region : (near[chance.below(near.length)] ?? region);
    const oneWayMs = tier === "cloud" ? (index === 0 ? 0 : latencyBetween(regions[index] ?? never(), regions[0] ?? never())) : pick(chance, tier === "edge" ? nearOneWayMs() : homesOneWayMs());
    const perGigabyte = tier === "cloud" ? (index === 0 ? 0 : perGigabyteBetween(regions[index] ?? never(), regions[0] ?? never())) : perGigabyteUp[tier];
    if (tier === "gateway") gatewaysOf[region]?.push(index);
    nodes.push({ name: `${tier}-${index}`, site: `${tier}-${index}`, tier, region, parent, oneWayMs, perGigabyteUp: perGigabyte, ...kinds[tier], ...(alike ? sameCosts : {}), down: tier === "cloud" ? new Uint8Array(hours) : down() });
  }
  return {
    hours,
    nodes,
    jurisdictions: regions.map(({ jurisdiction }) => jurisdiction),
    gatewaysOf,
    cloudOf: regions.map((_, index) => index),
    carbon: regions.map(carbonOf),
    price: regions.map((region) => priceOf(region).map((perMegawattHour) => perMegawattHour / 1000)),
    cloudOneWayMs: regions.map((from) => regions.map((to) => (from === to ? 0 : latencyBetween(from, to)))),
    cloudPerGigabyte: regions.map((from) => regions.map((to) => (from === to ? 0 : perGigabyteBetween(from, to)))),
  };
}

/** The record of one machine, from an hour of its year by chance, and again from the beginning after its end. */
function outagesFor(chance: Chance, hours: number): () => Uint8Array {
  const years = yearsOfOutages();
  const yearHours = 365 * 24;
  return () => {
    const record = years[chance.below(years.length)] ?? [];
    const offset = chance.below(yearHours);
    const down = new Uint8Array(hours);
    for (const { fromHour, toHour } of record) {
      // An hour counts as lost where most of it was: what is shorter, the plan does not see either.
      for (let hour = Math.round(fromHour); hour < Math.min(Math.round(toHour), yearHours); hour++) {
        for (let at = (hour - offset + yearHours) % yearHours; at < hours; at += yearHours) down[at] = 1;
      }
    }
    return down;
  };
}

const pick = (chance: Chance, values: readonly number[]): number => values[chance.below(values.length)] ?? 0;
const never = (): never => {
  throw new RangeError("there is such a region");
};
