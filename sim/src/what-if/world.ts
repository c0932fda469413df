/** A copy of a fleet that can fail: ways over its tree, and by the hour which machines are down and which ways up are cut. It shares no code with what places. */
import { chanceFrom } from "@holon/core/chance.ts";
import type { Inventory, InventoryNode, Measured } from "@holon/core/schema/inventory.ts";

export interface WhatIfFaults {
  /** Of each machine but the root, mean hours between two outages, and of one; undefined: none fails. */
  readonly nodes?: { readonly everyHours: number; readonly forHours: number } | undefined;
  readonly links?: { readonly everyHours: number; readonly forHours: number } | undefined;
  /** Gone, or cut off, from the first hour to the last. */
  readonly lose: readonly string[];
  readonly cut: readonly string[];
}

export interface WhatIfWorld {
  readonly nodes: readonly InventoryNode[];
  readonly hours: number;
  isDown(node: string, hour: number): boolean;
  /** Whether its way up is cut; the machine itself may run. */
  isCut(node: string, hour: number): boolean;
  /** Whether control, at the root, hears it. */
  isHeard(node: string, hour: number): boolean;
  /** Whether the site of a node has a lead in that hour: a majority of its members that are not down. Undefined where it never has one. */
  hasLead(node: string, hour: number): boolean | undefined;
  /** Undefined: there is none in that hour. */
  wayBetween(one: string, other: string, hour: number): TrueWay | undefined;
}

export interface TrueWay {
  readonly latencyMs: number;
  readonly perGigabyte: number;
  /** Steps of which nobody knows what they take, and what they cost: counted as nothing. */
  readonly unknownLatencies: number;
  readonly unknownPrices: number;
  /** Of a byte, as far as bandwidths are known. */
  readonly msPerByte: number;
}

/** Fewer members have no lead. */
const leadOfMin = 3;
/** In a site everything is near. */
const withinSiteMs = 0.5;
const nothing: TrueWay = { latencyMs: 0, perGigabyte: 0, unknownLatencies: 0, unknownPrices: 0, msPerByte: 0 };

export function whatIfWorld({ nodes, links }: Inventory, hours: number, faults: WhatIfFaults, seed: number): WhatIfWorld {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const parentOf = (name: string): string | undefined => {
    const parent = byName.get(name)?.uplink?.parent;
    return parent !== undefined && byName.has(parent) ? parent : undefined;
  };
  const roots = new Set(nodes.filter(({ name }) => parentOf(name) === undefined).map(({ name }) => name));
  const chance = chanceFrom(seed);
  const names = nodes.map(({ name }) => name).sort();
  const spells = (rule: WhatIfFaults["nodes"]): Map<string, Uint8Array> => new Map(names.map((name) => [name, roots.has(name) ? new Uint8Array(hours) : outages(chance, hours, rule)]));
  const [down, cut] = [spells(faults.nodes), spells(faults.links)];
  for (const name of faults.lose) down.get(name)?.fill(1);
  for (const name of faults.cut) cut.get(name)?.fill(1);
  for (const { name, state } of nodes) if (state === "gone") down.get(name)?.fill(1);

  const isDown = (node: string, hour: number): boolean => down.get(node)?.[hour] === 1;
  const isCut = (node: string, hour: number): boolean => cut.get(node)?.[hour] === 1;
  /** The node, and those above it that it reaches. */
  function climb(name: string, hour: number): readonly (TrueWay & { readonly at: string })[] {
    const steps: (TrueWay & { readonly at: string })[] = [];
    if (isDown(name, hour)) return steps;
    steps.push({ at: name, ...nothing });
    for (let at = name; steps.length <= nodes.length; ) {
      const uplink = byName.get(at)?.uplink;
      const above = parentOf(at);
      const last = steps.at(-1);
      if (uplink === undefined || above === undefined || last === undefined || isCut(at, hour) || isDown(above, hour)) break;
      steps.push({ at: above, ...plus(last, uplink) });
      at = above;
    }
    return steps;
  }
  return {
    nodes,
    hours,
    isDown,
    isCut,
    hasLead(node, hour) {
      const named = (name: string): ReadonlySet<string> => new Set([name, ...(byName.get(name)?.siblings ?? [])]);
      const members = named(node);
      const isOne = [...members].every((other) => byName.get(other)?.site === byName.get(node)?.site && [...named(other)].sort().join() === [...members].sort().join());
      if (members.size < leadOfMin || !isOne) return undefined;
      return 2 * [...members].filter((member) => !isDown(member, hour)).length > members.size;
    },
    isHeard: (node, hour) => roots.has(climb(node, hour).at(-1)?.at ?? ""),
    wayBetween(one, other, hour) {
      if (isDown(one, hour) || isDown(other, hour)) return undefined;
      if (one === other) return nothing;
      const [here, there] = [byName.get(one), byName.get(other)];
      if (here?.site === there?.site) return { ...nothing, latencyMs: withinSiteMs };
      const link = links.find(({ between: [a, b] }) => (a === here?.site && b === there?.site) || (a === there?.site && b === here?.site));
      if (link?.latencyMs !== undefined && !isCut(one, hour) && !isCut(other, hour)) return plus(nothing, link);
      const [up, across] = [climb(one, hour), climb(other, hour)];
      const meeting = up.find(({ at }) => across.some((step) => step.at === at));
      const back = across.find(({ at }) => at === meeting?.at);
      if (meeting === undefined || back === undefined) return undefined;
      return { latencyMs: meeting.latencyMs + back.latencyMs, perGigabyte: meeting.perGigabyte + back.perGigabyte, unknownLatencies: meeting.unknownLatencies + back.unknownLatencies, unknownPrices: meeting.unknownPrices + back.unknownPrices, msPerByte: meeting.msPerByte + back.msPerByte };
    },
  };
}

interface Step {
  readonly latencyMs?: Measured | undefined;
  readonly perGigabyte?: Measured | undefined;
  readonly bytesPerSecond?: Measured | undefined;
}

function plus(way: TrueWay, { latencyMs, perGigabyte, bytesPerSecond }: Step): TrueWay {
  return {
    latencyMs: way.latencyMs + (latencyMs?.value ?? 0),
    perGigabyte: way.perGigabyte + (perGigabyte?.value ?? 0),
    unknownLatencies: way.unknownLatencies + (latencyMs === undefined ? 1 : 0),
    unknownPrices: way.unknownPrices + (perGigabyte === undefined ? 1 : 0),
    msPerByte: way.msPerByte + (bytesPerSecond === undefined ? 0 : 1_000 / Math.max(1, bytesPerSecond.value)),
  };
}

/** By chance, each hour by itself for when one begins, and for when it ends. */
function outages(chance: ReturnType<typeof chanceFrom>, hours: number, rule: WhatIfFaults["nodes"]): Uint8Array {
  const down = new Uint8Array(hours);
  if (rule === undefined) return down;
  let isOut = false;
  for (let hour = 0; hour < hours; hour++) {
    isOut = isOut ? chance.share() >= 1 / rule.forHours : chance.share() < 1 / rule.everyHours;
    down[hour] = isOut ? 1 : 0;
  }
  return down;
}
