/** What hours of places come to on a copy of a fleet, and what of it was not allowed, counted anew from needs and inventory. */
import type { EnergyKind } from "@holon/core/schema/energy.ts";
import type { Inventory, InventoryNode } from "@holon/core/schema/inventory.ts";
import type { AppNeeds, UnitNeeds } from "@holon/core/schema/needs.ts";
import type { WhatIfFigures } from "@holon/core/schema/what-if.ts";
import { questionsOf, type Cuts } from "./questions.ts";
import type { TrueWay, WhatIfWorld } from "./world.ts";

export type Places = ReadonlyMap<string, string>;

export interface JudgedFleet {
  readonly inventory: Inventory;
  readonly apps: readonly AppNeeds[];
  readonly startMs: number;
}

const hoursPerMonth = 730;
export const hourMs = 3_600_000;
const shown = 20;

export class WhatIfJudge {
  readonly violations: string[] = [];
  #broken = 0;
  readonly #world: WhatIfWorld;
  readonly #fleet: JudgedFleet;
  readonly #nodes: ReadonlyMap<string, InventoryNode>;
  readonly #gates: ReadonlyMap<string, string>;
  readonly #units: ReadonlyMap<string, UnitNeeds>;
  readonly #latencies: number[] = [];
  readonly #answers: number[] = [];
  /** `app/unit` of ends whose questions are counted by those that ask. */
  readonly #ends: ReadonlySet<string>;
  readonly #sums = { gigabytes: 0, money: 0, grams: 0, unserved: 0, hours: 0, moves: 0 };
  /** Values that were asked for and that nobody knows. */
  readonly unknown = new Set<string>();

  constructor(world: WhatIfWorld, fleet: JudgedFleet) {
    this.#world = world;
    this.#fleet = fleet;
    this.#nodes = new Map(world.nodes.map((node) => [node.name, node]));
    this.#units = new Map(fleet.apps.flatMap(({ app, units }) => units.map((unit) => [`${app}/${unit.name}`, unit] as const)));
    this.#ends = new Set(fleet.apps.flatMap(({ app, stages = [] }) => stages.map(({ parts }) => `${app}/${parts.at(-1)?.name ?? ""}`)));
    const depth = (name: string): number => {
      let steps = 0;
      for (let at = this.#nodes.get(name)?.uplink?.parent; at !== undefined && steps < world.nodes.length; at = this.#nodes.get(at)?.uplink?.parent) steps++;
      return steps;
    };
    const gates = new Map<string, string>();
    for (const { name, site } of [...world.nodes].sort((a, b) => (a.name < b.name ? -1 : 1))) if (!gates.has(site) || depth(name) < depth(gates.get(site) ?? "")) gates.set(site, name);
    this.#gates = gates;
  }

  /** `places`: node by `app/unit replica`. */
  see(hour: number, places: Places, before: Places, cuts: Cuts = new Map()): void {
    this.#check(hour, places);
    for (const [unit, needs] of this.#units) {
      for (let replica = 0; replica < needs.replicas; replica++) {
        const key = `${unit} ${replica}`;
        const [at, was] = [places.get(key), before.get(key)];
        this.#count(unit, needs, at, hour);
        if (at !== undefined && was !== undefined && at !== was) this.#move(needs, was, at, hour);
      }
    }
    this.#flows(hour, places);
    this.#questions(hour, places, cuts);
  }

  #count(unit: string, needs: UnitNeeds, at: string | undefined, hour: number): void {
    const sums = this.#sums;
    sums.hours++;
    const node = at === undefined ? undefined : this.#nodes.get(at);
    if (node === undefined || this.#world.isDown(node.name, hour)) return void sums.unserved++;
    // What is left to a site runs where its lead lets it; where no site can have a lead nothing is left to it.
    const hasLead = needs.delegated === true ? this.#world.hasLead(node.name, hour) : undefined;
    if (!(hasLead ?? (needs.onIsolation !== "stop" || this.#world.isHeard(node.name, hour)))) return void sums.unserved++;
    this.#run(needs, node, hour);
    // Its sources are those that ask it, and who cannot reach it does without.
    if (this.#ends.has(unit)) return;
    const ways = (sites: readonly string[]): readonly (TrueWay | undefined)[] => sites.map((site) => this.#world.wayBetween(this.#gates.get(site) ?? "", node.name, hour));
    const [there, back] = [ways(needs.sources.map(({ site }) => site)), ways(needs.effects)];
    for (const [index, way] of there.entries()) if (way !== undefined) this.#carry((needs.sources[index]?.bytesPerMonth ?? 0) / 1e9 / hoursPerMonth / needs.replicas, way, node.name);
    if ([...there, ...back].includes(undefined)) return void sums.unserved++;
    if (there.length + back.length === 0) return;
    const slowest = (of: readonly (TrueWay | undefined)[]): number => Math.max(0, ...of.map((way) => way?.latencyMs ?? 0));
    for (const way of [...there, ...back]) if ((way?.unknownLatencies ?? 0) > 0) this.unknown.add(`latency of the way to ${node.name}`);
    const latencyMs = slowest(there) + slowest(back) + (needs.callMs ?? 0);
    this.#latencies.push(latencyMs);
    if (needs.latencyMsMax !== undefined && latencyMs > needs.latencyMsMax + 1e-9) this.#breaks(`hour ${hour}: ${needs.name} on ${node.name} takes ${Number(latencyMs.toPrecision(4))} ms, over its bound of ${needs.latencyMsMax}`);
  }

  #run({ processors, memoryBytes, job, run }: UnitNeeds, node: InventoryNode, hour: number): void {
    const sums = this.#sums;
    const known = (value: { readonly value: number } | undefined, what: string): number => this.#known(node, value, what);
    const share = job === undefined || run === undefined ? 1 : (job.hours * hourMs) / Math.max(job.hours * hourMs, run.nextMs - run.arrivesMs);
    const kilowattHours = (share * processors * known(node.power.processorWatts, "power")) / 1_000;
    sums.money += processors * known(node.prices.perProcessorHour, "rent") + (memoryBytes / 1e9) * (node.prices.perGigabyteHour?.value ?? 0);
    sums.money += kilowattHours * (this.#curveOf(node, "price", hour) ?? known(node.prices.perKilowattHour, "price of electricity"));
    sums.grams += kilowattHours * (this.#curveOf(node, "carbon", hour) ?? known(node.carbonGramsPerKilowattHour, "carbon"));
  }

  /** Beyond its end the last day again. */
  #curveOf({ energy }: InventoryNode, kind: EnergyKind, hour: number): number | undefined {
    const curve = this.#fleet.inventory.curves?.[energy?.[kind] ?? ""];
    if (curve === undefined) return undefined;
    let at = Math.floor((this.#fleet.startMs - curve.startMs) / hourMs) + hour;
    while (at >= curve.values.length && curve.values.length >= 24) at -= 24;
    return curve.values[at];
  }

  #carry(gigabytes: number, way: TrueWay, to: string): void {
    if (gigabytes === 0 || (way.latencyMs === 0 && way.perGigabyte === 0 && way.unknownPrices === 0)) return;
    if (way.unknownPrices > 0) this.unknown.add(`price of the way to ${to}`);
    this.#sums.gigabytes += gigabytes;
    this.#sums.money += gigabytes * way.perGigabyte;
  }

  #move({ stateBytes }: UnitNeeds, from: string, to: string, hour: number): void {
    this.#sums.moves++;
    const way = this.#world.wayBetween(from, to, hour);
    if (way !== undefined) this.#carry(stateBytes / 1e9, way, to);
  }

  #flows(hour: number, places: Places): void {
    for (const { app, flows, stages = [] } of this.#fleet.apps) {
      for (const { from, to, bytesPerMonth } of flows) {
        if (stages.some(({ parts, units }) => parts.at(-1)?.name === to && units.some(({ unit }) => unit === from))) continue;
        const [ones, others] = [this.#placesOf(places, `${app}/${from}`), this.#placesOf(places, `${app}/${to}`)];
        for (const one of ones) {
          for (const other of others) {
            const way = one === other ? undefined : this.#world.wayBetween(one, other, hour);
            if (way !== undefined) this.#carry(bytesPerMonth / 1e9 / hoursPerMonth / (ones.length * others.length), way, other);
          }
        }
      }
    }
  }

  #placesOf(places: Places, unit: string): readonly string[] {
    return Array.from({ length: this.#units.get(unit)?.replicas ?? 0 }, (_, replica) => places.get(`${unit} ${replica}`)).filter((node) => node !== undefined);
  }

  #questions(hour: number, places: Places, cuts: Cuts): void {
    for (const { asker, end, way, rows, msHere, msThere, latencyMs, bytes, memoryBytes, unknown } of questionsOf(this.#world, this.#fleet.apps, (unit) => this.#placesOf(places, unit), cuts, hour)) {
      for (const what of unknown) this.unknown.add(what);
      this.#answers.push(latencyMs);
      this.#work(asker, (rows * msHere) / hourMs, hour);
      this.#sums.money += (memoryBytes / 1e9) * (asker.prices.perGigabyteHour?.value ?? 0);
      if (end === undefined || way === undefined) continue;
      this.#work(end, (rows * msThere) / hourMs, hour);
      if (bytes > 0 && way.unknownLatencies > 0) this.unknown.add(`latency of the way to ${end.name}`);
      this.#carry((rows * bytes) / 1e9, way, end.name);
    }
  }

  /** So many hours of a processor there. */
  #work(node: InventoryNode, processorHours: number, hour: number): void {
    if (processorHours === 0) return;
    const sums = this.#sums;
    const kilowattHours = (processorHours * this.#known(node, node.power.processorWatts, "power")) / 1_000;
    sums.money += processorHours * this.#known(node, node.prices.perProcessorHour, "rent") + kilowattHours * (this.#curveOf(node, "price", hour) ?? this.#known(node, node.prices.perKilowattHour, "price of electricity"));
    sums.grams += kilowattHours * (this.#curveOf(node, "carbon", hour) ?? this.#known(node, node.carbonGramsPerKilowattHour, "carbon"));
  }

  #known({ name }: InventoryNode, value: { readonly value: number } | undefined, what: string): number {
    if (value === undefined) this.unknown.add(`${what} of ${name}`);
    return value?.value ?? 0;
  }

  #check(hour: number, places: Places): void {
    const used = new Map<string, { processors: number; memoryBytes: number }>();
    for (const [key, at] of places) {
      const [unit = ""] = key.split(" ");
      const [needs, node] = [this.#units.get(unit), this.#nodes.get(at)];
      if (needs === undefined || node === undefined) continue;
      const lies = needs.jurisdictions.some((place) => place === "*" || `${node.jurisdiction}/`.startsWith(`${place}/`));
      if (!lies) this.#breaks(`hour ${hour}: ${unit} on ${at} in ${node.jurisdiction}`);
      if (needs.classes.some((name) => name === "raw" || name === "personal") && !needs.sources.some(({ site }) => site === node.site)) this.#breaks(`hour ${hour}: ${unit} on ${at}, away from data that stay where they are`);
      const use = used.get(at) ?? { processors: 0, memoryBytes: 0 };
      used.set(at, { processors: use.processors + needs.processors, memoryBytes: use.memoryBytes + needs.memoryBytes });
    }
    for (const [at, { processors, memoryBytes }] of used) {
      const capacity = this.#nodes.get(at)?.capacity;
      if (processors > (capacity?.processors ?? 0) + 1e-9 || memoryBytes > (capacity?.memoryBytes ?? 0)) this.#breaks(`hour ${hour}: ${at} is over its capacity`);
    }
  }

  #breaks(what: string): void {
    this.#broken++;
    if (this.violations.length < shown) this.violations.push(what);
  }

  figures(): WhatIfFigures {
    const at = (sorted: Float64Array, share: number): number | null => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? null;
    const [latencies, answers] = [Float64Array.from(this.#latencies).sort(), Float64Array.from(this.#answers).sort()];
    const { gigabytes, money, grams, unserved, hours, moves } = this.#sums;
    return { latencyMsP50: at(latencies, 0.5), latencyMsP99: at(latencies, 0.99), answerMsP50: at(answers, 0.5), answerMsP99: at(answers, 0.99), egressGigabytes: gigabytes, money, carbonKilograms: grams / 1_000, unservedPercent: hours === 0 ? 0 : (100 * unserved) / hours, moves, violations: this.#broken };
  }
}
