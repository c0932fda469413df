/** Who uses the fleet: groups of people who live at one gateway, work at another, and travel now and then, each with an app of two units. */
import { chanceFrom } from "@holon/core/chance.ts";
import type { YearWorld } from "./world-of-year.ts";

export interface UnitOfYear {
  readonly processors: number;
  readonly memoryBytes: number;
  /** What goes with it when it moves. */
  readonly stateBytes: number;
}

export interface Group {
  readonly name: string;
  /** Data of theirs may be handled there and nowhere else. */
  readonly jurisdiction: string;
  readonly region: number;
  readonly home: number;
  readonly work: number;
  /** Weeks of the year that they spend at this gateway, in a region of its own. */
  readonly away: number;
  readonly awayWeeks: ReadonlySet<number>;
  /** Hours before universal time's noon at which their day begins. */
  readonly dayBegins: number;
  readonly gigabytesPerMonth: number;
  /** What answers them, and what works over it all and waits for nobody. */
  readonly serve: UnitOfYear;
  readonly digest: UnitOfYear;
  /** Of the digest: places where it may run. */
  readonly digestPlaces: readonly string[];
}

export function groupsOf(world: YearWorld, count: number, seed: number): readonly Group[] {
  const chance = chanceFrom(seed + 7_919);
  return Array.from({ length: count }, (_, index) => {
    const region = index % world.jurisdictions.length;
    const gateways = world.gatewaysOf[region] ?? [];
    const other = (region + 1 + chance.below(world.jurisdictions.length - 1)) % world.jurisdictions.length;
    const abroad = world.gatewaysOf[other] ?? [];
    const [first = 0, last = 0] = [chance.below(48), 1 + chance.below(3)];
    const jurisdiction = world.jurisdictions[region] ?? "";
    return {
      name: `group-${String(index).padStart(3, "0")}`,
      jurisdiction,
      region,
      home: gateways[chance.below(gateways.length)] ?? 0,
      work: gateways[chance.below(gateways.length)] ?? 0,
      away: abroad[chance.below(abroad.length)] ?? 0,
      awayWeeks: new Set(Array.from({ length: last }, (__, week) => first + week)),
      dayBegins: [6, 15, 13, 21, 10, 2][region] ?? 6,
      gigabytesPerMonth: 2 + chance.below(40),
      serve: { processors: 0.1 + chance.below(4) / 10, memoryBytes: (64 + chance.below(192)) * 2 ** 20, stateBytes: 50e6 },
      digest: { processors: 0.5 + chance.below(20) / 10, memoryBytes: (256 + chance.below(1_024)) * 2 ** 20, stateBytes: 200e6 },
      // Half of them have agreed that what is summed up goes anywhere.
      digestPlaces: chance.share() < 0.5 ? ["*"] : [jurisdiction.split("/")[0] ?? ""],
    };
  });
}

/** The gateway where they are in that hour. */
export function placeOf(group: Group, hour: number): number {
  if (group.awayWeeks.has(Math.floor(hour / 168))) return group.away;
  const day = Math.floor(hour / 24) % 7;
  const ofDay = (hour - group.dayBegins + 24) % 24;
  return day < 5 && ofDay >= 2 && ofDay < 11 ? group.work : group.home;
}
