/** Ways of placing: Holon's planner, and those that it is compared with. Each is told what was up in the hour before, and no more. */
import { createHash } from "node:crypto";
import { chanceFrom } from "@holon/core/chance.ts";
import { planAll, type Plan } from "@holon/core/placement/planner.ts";
import { covers } from "@holon/core/policy/jurisdiction.ts";
import { appNeedsSchema, placementPolicySchema } from "@holon/core/schema/needs.ts";
import { inventorySchema, type Inventory } from "@holon/core/schema/inventory.ts";
import { placeOf, type Group } from "./people-of-year.ts";
import { wayOf } from "./ways.ts";
import type { YearWorld } from "./world-of-year.ts";

/** Node of each unit, -1 for none; units of group `g` are `2g`, which answers, and `2g + 1`, which digests. */
export type Places = Int32Array<ArrayBuffer>;

export interface Strategy {
  readonly name: string;
  /** `isUp` as of the hour before. The places of the hour before are `before`. */
  place(hour: number, isUp: (node: number) => boolean, before: Places): Places;
}

const startMs = Date.UTC(2023, 0, 1);
const hourMs = 3_600_000;
const tools = { sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest() };
/** A plan looks so far ahead at carbon and price: one that followed each hour would move for what is gone in the next. */
const aheadHours = 24;
const digestShare = 0.1;

/** What weighs what is the same all year: people who wait weigh more than in the default. */
export const policyOfYear = placementPolicySchema.parse({ perMillisecond: 0.05, perKilogramCarbon: 0.1, stepsMax: 400_000 });

export function holon(world: YearWorld, groups: readonly Group[], everyHours: number): Strategy {
  let previous: Plan | undefined;
  const indexOf = new Map(world.nodes.map(({ name }, index) => [name, index]));
  return {
    name: "holon",
    place(hour, isUp, before) {
      const lost = before.some((node) => node >= 0 && !isUp(node));
      if (previous !== undefined && hour % everyHours !== 0 && !lost) return before;
      const inputs = { policy: policyOfYear, inventory: inventoryAt(world, hour, isUp), apps: needsAt(world, groups, hour), nowMs: startMs + hour * hourMs, seed: 1, scope: previous !== undefined && hour % everyHours !== 0 ? ("touched" as const) : ("all" as const) };
      const { plan } = planAll({ ...inputs, ...(previous === undefined ? {} : { previous }) }, tools);
      previous = plan;
      const places = new Int32Array(2 * groups.length).fill(-1);
      const numberOf = new Map<string, number>(groups.flatMap(({ name }, at) => [[`${name}/serve`, 2 * at], [`${name}/digest`, 2 * at + 1]] as const));
      for (const { unit, node } of plan.placements) places[numberOf.get(unit) ?? 0] = indexOf.get(node) ?? -1;
      return places;
    },
  };
}

function inventoryAt({ nodes, jurisdictions, carbon, price, cloudOf, cloudOneWayMs, cloudPerGigabyte }: YearWorld, hour: number, isUp: (node: number) => boolean): Inventory {
  const asOfMs = startMs + hour * hourMs;
  const measured = (value: number) => ({ value, asOfMs, source: "measured" });
  const ahead = (curve: Float64Array | undefined) => {
    const window = curve?.subarray(hour % (curve.length || 1), (hour % (curve.length || 1)) + aheadHours) ?? new Float64Array(1);
    return { value: window.reduce((sum, value) => sum + value, 0) / window.length, asOfMs, source: "forecast" };
  };
  const byRegion = jurisdictions.map((_, region) => ({ perKilowattHour: ahead(price[region]), grams: ahead(carbon[region]) }));
  return inventorySchema.parse({
    nodes: nodes.map((node, index) => ({
      name: node.name,
      tier: node.tier,
      site: node.site,
      jurisdiction: jurisdictions[node.region],
      state: isUp(index) ? "present" : "gone",
      capacity: { processors: node.processors, memoryBytes: node.memoryBytes },
      ...(node.parent < 0 ? {} : { uplink: { parent: nodes[node.parent]?.name, latencyMs: measured(node.oneWayMs), perGigabyte: measured(node.perGigabyteUp) } }),
      prices: { perProcessorHour: measured(node.perProcessorHour), perGigabyteHour: measured(0), perKilowattHour: byRegion[node.region]?.perKilowattHour },
      power: { processorWatts: measured(node.processorWatts) },
      carbonGramsPerKilowattHour: byRegion[node.region]?.grams,
    })),
    links: cloudOf.flatMap((one, x) => cloudOf.slice(x + 1).map((other, y) => ({ between: [nodes[one]?.site, nodes[other]?.site], latencyMs: measured(cloudOneWayMs[x]?.[x + 1 + y] ?? 0), perGigabyte: measured(cloudPerGigabyte[x]?.[x + 1 + y] ?? 0) }))),
  });
}

const needsAt = ({ nodes }: YearWorld, groups: readonly Group[], hour: number) =>
  groups.map((group) => {
    const site = nodes[placeOf(group, hour)]?.site;
    return appNeedsSchema.parse({
      app: group.name,
      units: [
        { name: "serve", ...group.serve, jurisdictions: [group.jurisdiction], sources: [{ site, bytesPerMonth: group.gigabytesPerMonth * 1e9 }], effects: [site], stateBytes: 50e6, priority: 8 },
        { name: "digest", ...group.digest, jurisdictions: group.digestPlaces, stateBytes: 200e6, priority: 3 },
      ],
      flows: [{ from: "serve", to: "digest", bytesPerMonth: group.gigabytesPerMonth * 1e9 * digestShare }],
    });
  });

/** Room that is left while units are placed one after the other. */
class Room {
  readonly #processors: Float64Array;
  readonly #memoryBytes: Float64Array;

  constructor({ nodes }: YearWorld) {
    this.#processors = Float64Array.from(nodes, ({ processors }) => processors);
    this.#memoryBytes = Float64Array.from(nodes, ({ memoryBytes }) => memoryBytes);
  }

  /** Whether it was free, and is taken now. */
  take(node: number, { processors, memoryBytes }: Group["serve"]): boolean {
    if ((this.#processors[node] ?? 0) < processors || (this.#memoryBytes[node] ?? 0) < memoryBytes) return false;
    this.#processors[node] = (this.#processors[node] ?? 0) - processors;
    this.#memoryBytes[node] = (this.#memoryBytes[node] ?? 0) - memoryBytes;
    return true;
  }
}

type Choice = (group: Group, of: "serve" | "digest", hour: number, before: number) => Iterable<number>;

/** The first of the nodes that are up, where the unit may run, and that have room. */
function greedy(name: string, world: YearWorld, groups: readonly Group[], choose: Choice): Strategy {
  return {
    name,
    place(hour, isUp, before) {
      const room = new Room(world);
      const places = new Int32Array(2 * groups.length).fill(-1);
      for (const [at, group] of groups.entries()) {
        for (const of of ["serve", "digest"] as const) {
          const unit = 2 * at + (of === "serve" ? 0 : 1);
          const allowed = of === "serve" ? [group.jurisdiction] : group.digestPlaces;
          for (const node of choose(group, of, hour, before[unit] ?? -1)) {
            const jurisdiction = world.jurisdictions[world.nodes[node]?.region ?? 0] ?? "";
            if (!isUp(node) || !allowed.some((place) => covers(place, jurisdiction)) || !room.take(node, group[of])) continue;
            places[unit] = node;
            break;
          }
        }
      }
      return places;
    },
  };
}

export const cloudOnly = (world: YearWorld, groups: readonly Group[]): Strategy => greedy("cloud-only", world, groups, ({ region }) => [world.cloudOf[region] ?? 0]);

/** The nearest edge to where they are at this hour. */
export function edgeOnly(world: YearWorld, groups: readonly Group[]): Strategy {
  const edges = [...world.nodes.keys()].filter((node) => world.nodes[node]?.tier === "edge");
  const nearest = new Map<number, readonly number[]>();
  const from = (place: number): readonly number[] => {
    const known = nearest.get(place) ?? edges.toSorted((a, b) => wayOf(world, place, a).oneWayMs - wayOf(world, place, b).oneWayMs || a - b);
    nearest.set(place, known);
    return known;
  };
  return greedy("edge-only", world, groups, (group, of, hour) => from(of === "serve" ? placeOf(group, hour) : group.home));
}

/** Somewhere, and there as long as it can be. */
export function random(world: YearWorld, groups: readonly Group[], seed: number): Strategy {
  const chance = chanceFrom(seed + 104_729);
  return greedy("random", world, groups, function* (_, __, ___, before) {
    if (before >= 0) yield before;
    for (let tries = 0; tries < 200; tries++) yield chance.below(world.nodes.length);
  });
}
