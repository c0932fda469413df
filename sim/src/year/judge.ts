/** What an hour of places came to, by the true curves and ways, and what of it was not allowed. It shares no code with what places. */
import { placeOf, type Group } from "./people-of-year.ts";
import type { Places } from "./strategies.ts";
import { wayOf } from "./ways.ts";
import type { YearWorld } from "./world-of-year.ts";

export interface YearFigures {
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  readonly egressGigabytes: number;
  readonly egressMoney: number;
  /** Rent, electricity at the price of the hour, egress with what moves. */
  readonly money: number;
  readonly carbonKilograms: number;
  /** Part of the hours of all groups in which nothing answered them: infinite for the percentiles of latency. */
  readonly unservedPercent: number;
  /** Part of the hours in which what works over their data did not run. It costs nothing while it does not. */
  readonly undigestedPercent: number;
  readonly moves: number;
  readonly violations: number;
}

/** Of a call, beside the way there and back. */
const callMs = 5;
const hoursPerMonth = 730;
const digestShare = 0.1;

export class Judge {
  readonly #world: YearWorld;
  readonly #groups: readonly Group[];
  readonly #latencies: number[] = [];
  #sums = { gigabytes: 0, egress: 0, rent: 0, energy: 0, grams: 0, unserved: 0, undigested: 0, hours: 0, moves: 0 };
  readonly violations: string[] = [];

  constructor(world: YearWorld, groups: readonly Group[]) {
    this.#world = world;
    this.#groups = groups;
  }

  /** `wasUp`: as of the hour before, which is what whoever placed knew. */
  see(hour: number, places: Places, before: Places, wasUp: (node: number) => boolean): void {
    this.#check(hour, places, wasUp);
    for (const [at, group] of this.#groups.entries()) this.#count(group, placeOf(group, hour), places[2 * at] ?? -1, places[2 * at + 1] ?? -1, hour);
    for (const [unit, node] of places.entries()) this.#move(unit, before[unit] ?? -1, node);
  }

  /** What a unit holds goes along, also from a node that was lost: from wherever a copy of it is, as far at least. */
  #move(unit: number, from: number, to: number): void {
    const group = this.#groups[unit >> 1];
    if (group === undefined || from < 0 || to < 0 || from === to) return;
    this.#sums.moves++;
    this.#carry((unit % 2 === 0 ? group.serve : group.digest).stateBytes / 1e9, wayOf(this.#world, from, to).perGigabyte);
  }

  #count(group: Group, place: number, serve: number, digest: number, hour: number): void {
    const world = this.#world;
    const sums = this.#sums;
    const gigabytes = group.gigabytesPerMonth / hoursPerMonth;
    const isServed = serve >= 0 && world.nodes[serve]?.down[hour] !== 1;
    sums.hours++;
    if (!isServed) {
      sums.unserved++;
      this.#latencies.push(Number.POSITIVE_INFINITY);
    } else {
      const way = wayOf(world, place, serve);
      this.#latencies.push(2 * way.oneWayMs + callMs);
      this.#carry(serve === place ? 0 : gigabytes, way.perGigabyte);
      this.#run(serve, group.serve.processors, hour);
    }
    if (digest < 0 || world.nodes[digest]?.down[hour] === 1) return void sums.undigested++;
    this.#run(digest, group.digest.processors, hour);
    if (isServed && serve !== digest) this.#carry(gigabytes * digestShare, wayOf(world, serve, digest).perGigabyte);
  }

  #carry(gigabytes: number, perGigabyte: number): void {
    this.#sums.gigabytes += gigabytes;
    this.#sums.egress += gigabytes * perGigabyte;
  }

  #run(at: number, processors: number, hour: number): void {
    const node = this.#world.nodes[at];
    if (node === undefined) return;
    const kilowattHours = (processors * node.processorWatts) / 1000;
    this.#sums.rent += processors * node.perProcessorHour;
    this.#sums.energy += kilowattHours * (this.#world.price[node.region]?.[hour] ?? 0);
    this.#sums.grams += kilowattHours * (this.#world.carbon[node.region]?.[hour] ?? 0);
  }

  #check(hour: number, places: Places, wasUp: (node: number) => boolean): void {
    const used = new Map<number, { processors: number; memoryBytes: number }>();
    for (const [unit, at] of places.entries()) {
      const group = this.#groups[unit >> 1];
      const node = this.#world.nodes[at];
      if (group === undefined || node === undefined) continue;
      const { processors, memoryBytes } = unit % 2 === 0 ? group.serve : group.digest;
      const allowed = unit % 2 === 0 ? [group.jurisdiction] : group.digestPlaces;
      const jurisdiction = `${this.#world.jurisdictions[node.region] ?? ""}/`;
      const use = used.get(at) ?? { processors: 0, memoryBytes: 0 };
      used.set(at, { processors: use.processors + processors, memoryBytes: use.memoryBytes + memoryBytes });
      if (!allowed.some((place) => place === "*" || jurisdiction.startsWith(`${place}/`))) this.violations.push(`hour ${hour}: ${group.name} on ${node.name} in ${jurisdiction}`);
      if (!wasUp(at)) this.violations.push(`hour ${hour}: ${group.name} on ${node.name}, which was down`);
    }
    for (const [at, { processors, memoryBytes }] of used) {
      const node = this.#world.nodes[at];
      if (node !== undefined && (processors > node.processors + 1e-9 || memoryBytes > node.memoryBytes)) this.violations.push(`hour ${hour}: ${node.name} is over its capacity`);
    }
  }

  figures(): YearFigures {
    const sorted = Float64Array.from(this.#latencies).sort();
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
    const { gigabytes, egress, rent, energy, grams, unserved, undigested, hours, moves } = this.#sums;
    return { latencyMsP50: at(0.5), latencyMsP99: at(0.99), egressGigabytes: gigabytes, egressMoney: egress, money: rent + energy + egress, carbonKilograms: grams / 1000, unservedPercent: (100 * unserved) / hours, undigestedPercent: (100 * undigested) / hours, moves, violations: this.violations.length };
  }
}
