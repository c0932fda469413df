/** Ways of placing: Holon's planner, and those that it is compared with. Each is told what was up in the hour before, and no more. */
import { createHash } from "node:crypto";
import { chanceFrom } from "@holon/core/chance.ts";
import { planAll, type Plan } from "@holon/core/placement/planner.ts";
import { covers } from "@holon/core/policy/jurisdiction.ts";
import { appNeedsSchema, placementPolicySchema, type AppNeeds } from "@holon/core/schema/needs.ts";
import { inventoryNodeSchema, inventorySchema, type Inventory, type InventoryNode } from "@holon/core/schema/inventory.ts";
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
const endMs = Date.UTC(2024, 0, 1);
const tools = { sha256: (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest() };
/** A plan goes by the mean of the day before for carbon and price, which is what is known: one that followed each hour would move for what is gone in the next. */
const meanHours = 24;
const digestShare = 0.1;

/** What weighs what is the same all year: people who wait weigh more than in the default. */
export const policyOfYear = placementPolicySchema.parse({ perMillisecond: 0.2, perKilogramCarbon: 0.1, stepsMax: 3_000 });

export function holon(world: YearWorld, groups: readonly Group[], everyHours: number): Strategy {
  let previous: Plan | undefined;
  const told = new Told(world);
  const indexOf = new Map(world.nodes.map(({ name }, index) => [name, index]));
  return {
    name: "holon",
    place(hour, isUp, before) {
      const lost = before.some((node) => node >= 0 && !isUp(node));
      if (previous !== undefined && hour % everyHours !== 0 && !lost) return before;
      const inputs = { policy: policyOfYear, inventory: told.inventoryAt(hour, isUp), apps: told.needsAt(groups, hour), nowMs: startMs + hour * hourMs, seed: 1, scope: previous !== undefined && hour % everyHours !== 0 ? ("touched" as const) : ("all" as const) };
      const { plan } = planAll({ ...inputs, ...(previous === undefined ? {} : { previous }) }, tools);
      previous = plan;
      const places = new Int32Array(2 * groups.length).fill(-1);
      const numberOf = new Map<string, number>(groups.flatMap(({ name }, at) => [[`${name}/serve`, 2 * at], [`${name}/digest`, 2 * at + 1]] as const));
      for (const { unit, node } of plan.placements) places[numberOf.get(unit) ?? 0] = indexOf.get(node) ?? -1;
      return places;
    },
  };
}

/** What is told of the fleet, once a day: a document that is the same is the same object, whose hash the planner knows. */
class Told {
  readonly #world: YearWorld;
  readonly #links: Inventory["links"];
  readonly #apps = new Map<string, AppNeeds>();
  #day = -1;
  #nodes = new Map<string, InventoryNode>();

  constructor(world: YearWorld) {
    this.#world = world;
    const { nodes, cloudOf, cloudOneWayMs, cloudPerGigabyte } = world;
    const declared = (value: number) => ({ value, asOfMs: endMs, source: "declared" });
    const links = cloudOf.flatMap((one, x) => cloudOf.slice(x + 1).map((other, y) => ({ between: [nodes[one]?.site, nodes[other]?.site], latencyMs: declared(cloudOneWayMs[x]?.[x + 1 + y] ?? 0), perGigabyte: declared(cloudPerGigabyte[x]?.[x + 1 + y] ?? 0) })));
    this.#links = inventorySchema.parse({ nodes: [], links }).links;
  }

  inventoryAt(hour: number, isUp: (node: number) => boolean): Inventory {
    const day = Math.floor(hour / meanHours);
    if (day !== this.#day) [this.#day, this.#nodes] = [day, new Map()];
    return { nodes: this.#world.nodes.map((_, index) => this.#node(index, day, isUp(index))), links: this.#links };
  }

  #node(index: number, day: number, isUp: boolean): InventoryNode {
    const key = `${index} ${isUp}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const { nodes, jurisdictions, carbon, price } = this.#world;
    const node = nodes[index];
    const asOfMs = startMs + day * meanHours * hourMs;
    const measured = (value: number | undefined) => ({ value, asOfMs, source: "measured" });
    /** Of the first day its first hour. */
    const ofDayBefore = (curve: Float64Array | undefined) => {
      const window = curve?.subarray(Math.max(0, (day - 1) * meanHours), Math.max(1, day * meanHours)) ?? new Float64Array(1);
      return { value: window.reduce((sum, value) => sum + value, 0) / window.length, asOfMs, source: "estimated" };
    };
    const made = inventoryNodeSchema.parse({
      name: node?.name,
      tier: node?.tier,
      site: node?.site,
      jurisdiction: jurisdictions[node?.region ?? 0],
      state: isUp ? "present" : "gone",
      capacity: { processors: node?.processors, memoryBytes: node?.memoryBytes },
      load: { processors: measured(0), memoryBytes: measured(0) },
      ...(node === undefined || node.parent < 0 ? {} : { uplink: { parent: nodes[node.parent]?.name, latencyMs: measured(node.oneWayMs), perGigabyte: measured(node.perGigabyteUp) } }),
      prices: { perProcessorHour: measured(node?.perProcessorHour), perGigabyteHour: measured(0), perKilowattHour: ofDayBefore(price[node?.region ?? 0]) },
      power: { processorWatts: measured(node?.processorWatts) },
      carbonGramsPerKilowattHour: ofDayBefore(carbon[node?.region ?? 0]),
    });
    this.#nodes.set(key, made);
    return made;
  }

  needsAt(groups: readonly Group[], hour: number): readonly AppNeeds[] {
    return groups.map((group) => {
      const site = this.#world.nodes[placeOf(group, hour)]?.site;
      const key = `${group.name} ${site ?? ""}`;
      const known = this.#apps.get(key);
      if (known !== undefined) return known;
      const bytesPerMonth = group.gigabytesPerMonth * 1e9;
      const made = appNeedsSchema.parse({
        app: group.name,
        units: [
          { name: "serve", ...group.serve, jurisdictions: [group.jurisdiction], sources: [{ site, bytesPerMonth }], effects: [site], priority: 8 },
          { name: "digest", ...group.digest, jurisdictions: group.digestPlaces, deferrableHours: 24, priority: 3 },
        ],
        flows: [{ from: "serve", to: "digest", bytesPerMonth: bytesPerMonth * digestShare }],
      });
      this.#apps.set(key, made);
      return made;
    });
  }
}

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

type Choice = (group: Group, part: "serve" | "digest", hour: number, before: number) => Iterable<number>;

/** The first of the nodes that are up, where the unit may run, and that have room. */
function greedy(name: string, world: YearWorld, groups: readonly Group[], choose: Choice): Strategy {
  return {
    name,
    place(hour, isUp, before) {
      const room = new Room(world);
      const places = new Int32Array(2 * groups.length).fill(-1);
      for (const [at, group] of groups.entries()) {
        for (const part of ["serve", "digest"] as const) {
          const unit = 2 * at + (part === "serve" ? 0 : 1);
          const allowed = part === "serve" ? [group.jurisdiction] : group.digestPlaces;
          for (const node of choose(group, part, hour, before[unit] ?? -1)) {
            const jurisdiction = world.jurisdictions[world.nodes[node]?.region ?? 0] ?? "";
            if (!isUp(node) || !allowed.some((place) => covers(place, jurisdiction)) || !room.take(node, group[part])) continue;
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
  return greedy("edge-only", world, groups, (group, part, hour) => from(part === "serve" ? placeOf(group, hour) : group.home));
}

/** Somewhere, and there as long as it can be. */
export function random(world: YearWorld, groups: readonly Group[], seed: number): Strategy {
  const chance = chanceFrom(seed + 104_729);
  return greedy("random", world, groups, function* (_, __, ___, before) {
    if (before >= 0) yield before;
    for (let tries = 0; tries < 200; tries++) yield chance.below(world.nodes.length);
  });
}
