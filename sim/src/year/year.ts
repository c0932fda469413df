/**
 * `continuum-year`: a year of a fleet at the level of its plans. Each hour people are somewhere, machines are down as on record, electricity costs and emits what it did in 2023; each
 * way of placing decides from what it knew the hour before, and is judged by what came. No record is written and no byte sent: that is what the other scenarios are for.
 */
import { HolonError } from "@holon/core/errors.ts";
import { missingRecordings } from "../traces/recordings.ts";
import { Judge, type YearFigures } from "./judge.ts";
import { groupsOf } from "./people-of-year.ts";
import { cloudOnly, edgeOnly, holon, random } from "./strategies.ts";
import { worldOfYear } from "./world-of-year.ts";

export interface YearOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly hours: number;
  readonly groups: number;
  /** Holon looks at everything this often, and at what was lost each hour. */
  readonly everyHours: number;
  /** Processors cost and draw the same everywhere. */
  readonly alike?: boolean;
  readonly progress?: (hour: number) => void;
}

export interface YearReport {
  readonly scenario: "continuum-year";
  readonly seed: number;
  readonly nodes: number;
  readonly hours: number;
  readonly groups: number;
  readonly results: Readonly<Record<string, YearFigures>>;
  readonly violations: readonly string[];
}

export const yearDefaults = { nodes: 500, hours: 8_736, groups: 60, everyHours: 3 } as const;

/** `HOLON_SIM_SKIPPED` where the recordings are not here. */
export function runYear({ seed, nodes, hours, groups: count, everyHours, alike = false, progress }: YearOptions): YearReport {
  const missing = missingRecordings();
  if (missing !== undefined) throw new HolonError("HOLON_SIM_SKIPPED", `the scenario continuum-year is skipped: ${missing}`);
  const world = worldOfYear(nodes, hours, seed, alike);
  const groups = groupsOf(world, count, seed);
  const ways = [holon(world, groups, everyHours), cloudOnly(world, groups), edgeOnly(world, groups), random(world, groups, seed)].map((strategy) => ({ strategy, judge: new Judge(world, groups), places: new Int32Array(2 * count).fill(-1) }));
  for (let hour = 0; hour < hours; hour++) {
    const wasUp = (node: number): boolean => world.nodes[node]?.down[Math.max(0, hour - 1)] !== 1;
    for (const way of ways) {
      const before = way.places;
      way.places = way.strategy.place(hour, wasUp, before);
      way.judge.see(hour, way.places, before, wasUp);
    }
    progress?.(hour);
  }
  return {
    scenario: "continuum-year",
    seed,
    nodes,
    hours,
    groups: count,
    results: Object.fromEntries(ways.map(({ strategy, judge }) => [strategy.name, judge.figures()])),
    violations: ways.flatMap(({ strategy, judge }) => judge.violations.map((violation) => `${strategy.name}, ${violation}`)),
  };
}

/** For people, and for the page that quotes it. */
export function yearTable({ results }: YearReport): string {
  const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
  const rows = Object.entries(results).map(([name, figures]) => `| ${name} | ${number(figures.latencyMsP50)} | ${number(figures.latencyMsP99)} | ${number(figures.egressGigabytes)} | ${number(figures.money)} | ${number(figures.carbonKilograms)} | ${figures.unservedPercent.toFixed(2)} | ${figures.undigestedPercent.toFixed(2)} | ${figures.moves} | ${figures.violations} |`);
  return ["| | latency p50, ms | p99, ms | egress, GB | money | carbon, kg | unserved, % | not digested, % | moves | violations |", "|---|---|---|---|---|---|---|---|---|---|", ...rows].join("\n");
}
