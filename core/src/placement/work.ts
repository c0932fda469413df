/** What is to be placed, made ready: one item a replica, and flows between items. */
import { limits } from "../limits.ts";
import { covers } from "../policy/jurisdiction.ts";
import { trustLevels, type InventoryNode } from "../schema/inventory.ts";
import type { AppNeeds, UnitNeeds } from "../schema/needs.ts";
import { hasAccelerator } from "./devices.ts";
import { freshValue, gigabyte, meetingOf, wayBetween, type Fleet } from "./fleet.ts";
import type { AcceleratorOutlook } from "./accelerators.ts";
import { dutyOf } from "./jobs.ts";
import { costOf, totalOf } from "./month.ts";
import { createKnownCosts, type KnownCosts } from "./known-costs.ts";
import { isLoose, isOnTheWay, lostBetween, makersOf, type Borders, type Maker, type Way } from "./passing.ts";
import { askedOf, cheapestStage, stageOf, stagedBetween, type Asked, type Stage } from "./stages.ts";

export interface Item {
  /** `app/unit`. */
  readonly unit: string;
  readonly replica: number;
  readonly needs: UnitNeeds;
  /** Items of the same unit share it. */
  readonly unitIndex: number;
  /** Nodes where its data comes from, one for each source; -1: not in the inventory. */
  readonly sources: readonly { readonly node: number; readonly site: string; readonly gigabytes: number }[];
  readonly effects: readonly { readonly node: number; readonly site: string }[];
  /** Nodes on each of which what it is handed is made, whatever is placed. */
  readonly makers: readonly Maker[];
  /** What stands on every node of a tier, and takes what it makes on its own node only. */
  readonly takers: NonNullable<UnitNeeds["takers"]>;
  /** Other items that it exchanges data with. */
  readonly flows: Flow[];
  readonly siblings: readonly number[];
  /** Of a model that is asked by what runs on every node of a tier: who asks how much, and what is cut. */
  readonly asked: readonly Asked[];
  /** How long one call takes, at most as far as anybody knows, where the node itself has not measured it; undefined: nobody knows. */
  readonly callMs: number | undefined;
  /** Items with the same hard needs of a node share it. */
  readonly kind: Kind;
}

export interface Flow {
  readonly item: number;
  readonly gigabytes: number;
  /** Of what waits for the way; 0: nothing does. */
  readonly share: number;
  /** Of all that the two units exchange. */
  readonly part: number;
  readonly way: Way;
  /** Of events: where the policy does not let them come, and from which sites alone they are taken. */
  readonly borders?: Borders | undefined;
  readonly sites?: ReadonlySet<string> | undefined;
  /** From this item to the other; else it comes from there. */
  readonly gives: boolean;
  /** Of questions of a model in parts: it is cut where that is cheapest. */
  readonly staged?: { readonly stage: Stage; readonly rows: number } | undefined;
}

/** Nodes that may run what asks for the same, those that are gone among them. */
export interface Kind {
  has(node: number): boolean;
  /** Those nodes, the cheapest first. */
  readonly inOrder: Int32Array;
}

export interface Work {
  /** By unit, then replica. */
  readonly items: readonly Item[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** Of items, what was worked out of a month on nodes: it holds for this fleet, whoever is gone. Infinite where a bound does not hold. */
  readonly known: KnownCosts;
  readonly stages: readonly Stage[];
  /** Indexes of items to which not all comes everywhere, or from which it is not taken everywhere. */
  readonly passing: readonly number[];
  /** What a later plan of the same work would work out again. */
  outlook: AcceleratorOutlook | null | undefined;
}

export function compileWork(apps: readonly AppNeeds[], fleet: Fleet): Work {
  const items: Item[] = [];
  const indexOf = new Map<string, number>();
  const kinds = new Map<string, Kind>();
  const rents = rentsOf(fleet);
  const heightOf = (node: number): number => (isLoose(fleet, node) ? Infinity : (fleet.depth[node] ?? 0));
  const gates = fleet.nodesOfSite.map((members) => members.reduce((best, node) => (heightOf(node) < heightOf(best) ? node : best), members[0] ?? -1));
  const gateOf = new Map(fleet.sites.map((site, index) => [site, gates[index] ?? -1]));
  let unitIndex = 0;
  const stages: Stage[] = [];
  for (const { app, units, flows, stages: staged = [] } of apps.toSorted((a, b) => (a.app < b.app ? -1 : 1))) {
    const own = staged.flatMap((each) => {
      const needs = units.find(({ name }) => name === each.parts.at(-1)?.name);
      return needs === undefined ? [] : [stageOf(app, each, needs)];
    });
    stages.push(...own);
    for (const needs of units.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const unit = `${app}/${needs.name}`;
      const first = items.length;
      indexOf.set(unit, first);
      const key = kindKey(needs);
      let kind = kinds.get(key);
      if (kind === undefined) kinds.set(key, (kind = kindOf(needs, fleet, rents)));
      const sources = needs.sources.map(({ site, node, bytesPerMonth }) => ({ node: attachedTo(fleet, site, node) ?? gateOf.get(site) ?? -1, site, gigabytes: bytesPerMonth / gigabyte / needs.replicas }));
      const effects = needs.effects.map((site) => ({ node: gateOf.get(site) ?? -1, site }));
      const callMs = longestCall(fleet, unit, needs);
      const makers = makersOf(fleet, needs);
      const asked = own.filter((stage) => stage.needs === needs).flatMap((stage) => askedOf(fleet, stage));
      for (let replica = 0; replica < needs.replicas; replica++) {
        const siblings = needs.replicas === 1 ? none : Array.from({ length: needs.replicas }, (_, other) => first + other).filter((other) => other !== first + replica);
        items.push({ unit, replica, needs, unitIndex, sources, effects, makers, takers: needs.takers ?? [], flows: [], siblings, asked, callMs, kind });
      }
      unitIndex++;
    }
    for (const { from, to, bytesPerMonth, asks, hands, borders } of flows) {
      const sites = hands === undefined ? undefined : sitesTaken(units.find(({ name }) => name === to));
      joinItems(items, indexOf.get(`${app}/${from}`) ?? -1, indexOf.get(`${app}/${to}`) ?? -1, { gigabytes: bytesPerMonth / gigabyte, way: asks === true ? "asks" : (hands ?? "any"), staged: stagedBetween(own, from, to), borders: bordersOf(borders), sites });
    }
  }
  const passing = [...items.keys()].filter((index) => isPassing(items[index]));
  return { items, indexOf, known: createKnownCosts(items.length), stages, passing, outlook: undefined };
}

const none: readonly number[] = [];

const isPassing = (item: Item | undefined): boolean => item !== undefined && (item.makers.length > 0 || item.takers.length > 0 || item.flows.some(({ way }) => way !== "any"));

/** Who names its sources is handed what is made at those sites, and nothing else. */
const sitesTaken = (taker: UnitNeeds | undefined): Flow["sites"] => (taker?.onTheWay === true && taker.sources.length > 0 ? new Set(taker.sources.map(({ site }) => site)) : undefined);

function bordersOf(rows: AppNeeds["flows"][number]["borders"] = []): Borders | undefined {
  const borders = new Map<string, Set<string>>();
  for (const { born, to } of rows) borders.set(born, (borders.get(born) ?? new Set<string>()).add(to));
  return borders.size === 0 ? undefined : borders;
}

/** A node of that site; a name that is none of it, or gone from the fleet, says nothing. */
function attachedTo({ indexOf, nodes }: Fleet, site: string, name: string | undefined): number | undefined {
  const node = name === undefined ? undefined : indexOf.get(name);
  return node !== undefined && nodes[node]?.site === site ? node : undefined;
}

const speedOn = ({ nodes, nowMs, policy }: Fleet, unit: string, node: number): number | undefined => freshValue(nodes[node]?.speeds[unit], nowMs, policy.staleAfterMs);

/** The slowest node that has measured it, and what its author says. Only a bound of latency asks for it. */
function longestCall(fleet: Fleet, unit: string, { latencyMsMax, callMs }: UnitNeeds): number | undefined {
  if (latencyMsMax === undefined) return callMs;
  return fleet.nodes.reduce<number | undefined>((most, _, node) => {
    const speed = speedOn(fleet, unit, node);
    return speed === undefined ? most : Math.max(most ?? 0, speed);
  }, callMs);
}

/** Each replica of the one exchanges as much with each of the other. What the other may do hours later does not wait for the way. */
function joinItems(items: readonly Item[], from: number, to: number, { gigabytes, way, staged, borders, sites }: Pick<Flow, "gigabytes" | "way" | "staged" | "borders" | "sites">): void {
  const [one, other] = [items[from], items[to]];
  if (one === undefined || other === undefined) return;
  const part = 1 / (one.needs.replicas * other.needs.replicas);
  const flow = { gigabytes: gigabytes * part, share: other.needs.deferrableHours > 0 ? 0 : part, part, way, ...(staged === undefined ? {} : { staged }), ...(borders === undefined ? {} : { borders }), ...(sites === undefined ? {} : { sites }) };
  for (let a = from; a < from + one.needs.replicas; a++) {
    for (let b = to; b < to + other.needs.replicas; b++) {
      items[a]?.flows.push({ ...flow, item: b, gives: true });
      items[b]?.flows.push({ ...flow, item: a, gives: false });
    }
  }
}

const staysAtSource = ({ classes }: Pick<UnitNeeds, "classes">): boolean => classes.includes("raw") || classes.includes("personal");

/** All by which a node is one that may run it at all: two units with the same have the same nodes. As JSON, so that no name can pass for two. */
const kindKey = (needs: UnitNeeds): string =>
  JSON.stringify([needs.tiers ?? null, needs.jurisdictions, needs.trust, Object.keys(needs.forbidden ?? {}), needs.leftTo?.site ?? null, needs.providers, needs.accelerator ?? null, staysAtSource(needs) ? needs.sources.map(({ site }) => site) : null, needs.sealedTo ?? null]);

function kindOf(needs: UnitNeeds, fleet: Fleet, rents: Rents): Kind {
  // what stays at its sources is many kinds of few nodes each
  const open = staysAtSource(needs) ? [...new Set(needs.sources.flatMap(({ site }) => fleet.nodesOfSite[fleet.siteIndex.get(site) ?? -1] ?? []))] : [...fleet.nodes.keys()];
  const inOrder = open.filter((node) => whyNotFor(needs, fleet.nodes[node] ?? missing()) === undefined);
  const rates = needs.accelerator === undefined ? rents.plain : rents.accelerated;
  return kindFrom(Int32Array.from(inOrder.sort((a, b) => (rates[a] ?? 0) - (rates[b] ?? 0) || a - b)), fleet.nodes.length);
}

function kindFrom(inOrder: Int32Array, nodes: number): Kind {
  if (inOrder.length <= fewNodes) return { inOrder, has: (node) => inOrder.includes(node) };
  const may = new Uint8Array(nodes);
  for (const node of inOrder) may[node] = 1;
  return { inOrder, has: (node) => may[node] === 1 };
}

const fewNodes = 8;

function missing(): never {
  throw new RangeError("a node is known");
}

/** By which nodes are put in order: a processor and a gigabyte, with an accelerator or without. */
interface Rents {
  readonly plain: Float64Array;
  readonly accelerated: Float64Array;
}

const rentsOf = (fleet: Fleet): Rents => ({
  plain: Float64Array.from(fleet.nodes, ({ capacity }, node) => rentOf(fleet, 0, node) + (capacity.accelerators === undefined ? 0 : fleet.policy.acceleratorSpared)),
  accelerated: Float64Array.from(fleet.nodes, (_, node) => rentOf(fleet, 1, node)),
});

function rentOf({ rates }: Fleet, accelerators: number, node: number): number {
  const { processorRent, processorEnergy, processorCarbon, memoryRent, acceleratorRent, acceleratorEnergy, acceleratorCarbon } = rates;
  const processor = (processorRent[node] ?? 0) + (processorEnergy[node] ?? 0) + (processorCarbon[node] ?? 0);
  return processor + (memoryRent[node] ?? 0) + accelerators * ((acceleratorRent[node] ?? 0) + (acceleratorEnergy[node] ?? 0) + (acceleratorCarbon[node] ?? 0));
}

/** Why a node is not for this unit. */
export interface Refusal {
  readonly reason: "gone" | "silent" | "held" | "policy" | "left" | "way" | "residency" | "data" | "sealed" | "trust" | "tier" | "hardware" | "provider" | "latency" | "budget" | "capacity" | "spread" | "busy";
  readonly text: string;
}

/** While it is so. Told behind what lasts: who would wait for a node to be heard again is told that it is of the wrong tier. */
export function whyNotNow({ state, held }: InventoryNode): Refusal | undefined {
  if (state === "silent") return { reason: "silent", text: `it has been silent for longer than its lease, and nothing new is given to it until it has been heard for ${limits.nodeReturnMs / 60_000} minutes on end` };
  return held === true ? { reason: "held", text: "its program is not what was adopted, and it takes nothing new until somebody adopts it" } : undefined;
}

/** Whatever else stands on the node, and however it is today. */
export const whyNever = (needs: UnitNeeds, node: InventoryNode): Refusal | undefined => (node.state === "gone" ? { reason: "gone", text: "it is gone" } : whyNotFor(needs, node));

function whyNotFor(needs: UnitNeeds, node: InventoryNode): Refusal | undefined {
  const denied = needs.forbidden?.[node.name];
  if (denied !== undefined) return { reason: "policy", text: `the policy does not let it run there: ${denied}` };
  if (needs.leftTo !== undefined && needs.leftTo.site !== node.site) return { reason: "left", text: `it is left to site ${needs.leftTo.site}, of which ${needs.leftTo.node} is not heard and may run it still` };
  if (!needs.jurisdictions.some((place) => covers(place, node.jurisdiction))) return { reason: "residency", text: `it stands in ${node.jurisdiction}, and the unit may run in ${needs.jurisdictions.join(", ")} only` };
  if (staysAtSource(needs) && !needs.sources.some(({ site }) => site === node.site)) return { reason: "data", text: `what is raw or personal stays at its site, and ${node.site} is none of the unit's sources` };
  if (needs.sealedTo?.includes(node.site) === false) return { reason: "sealed", text: `what the unit is made of is sealed to ${needs.sealedTo.join(", ")}, and it is of ${node.site}` };
  if (trustLevels.indexOf(node.trust) < trustLevels.indexOf(needs.trust)) return { reason: "trust", text: `its trust is ${node.trust}, and the unit wants ${needs.trust}` };
  if (needs.tiers !== undefined && !needs.tiers.includes(node.tier)) return { reason: "tier", text: `it is of tier ${node.tier}, and the unit is for ${needs.tiers.join(", ")}` };
  if (needs.accelerator?.need === "required" && !hasAccelerator(needs, node)) return { reason: "hardware", text: `it has ${node.capacity.accelerators?.model ?? "no accelerator"}, and the unit needs ${needs.accelerator.models.join(" or ") || "one"}` };
  if (needs.providers.length > 0 && !needs.providers.some((provider) => node.providers.includes(provider))) return { reason: "provider", text: `it has ${node.providers.join(", ")}, and the unit needs ${needs.providers.join(" or ")}` };
  return undefined;
}

/** From the slowest source through the unit to the slowest effect; undefined: a part of the way is unknown. */
export function latencyOf(fleet: Fleet, item: Item, node: number): number | undefined {
  const slowest = (ends: readonly { readonly node: number }[]): number | undefined => {
    let most = 0;
    for (const end of ends) {
      const way = end.node < 0 ? undefined : wayBetween(fleet, end.node, node);
      if (way === undefined || !way.known) return undefined;
      most = Math.max(most, way.latencyMs);
    }
    return most;
  };
  const [there, back] = [slowest(item.sources), slowest(item.effects)];
  const callMs = callOn(fleet, item, node);
  return there === undefined || back === undefined || callMs === undefined ? undefined : there + back + callMs;
}

const callOn = (fleet: Fleet, item: Item, node: number): number | undefined => speedOn(fleet, item.unit, node) ?? item.callMs;

/** Bounds of one unit on one node, whatever else stands there. */
export function whyOutOfBounds(fleet: Fleet, item: Item, node: number): Refusal | undefined {
  const { needs } = item;
  if (needs.onTheWay && !isOnTheWay(fleet, item, node)) return { reason: "way", text: `what comes from ${item.sources.map(({ site }) => site).join(", ")} does not pass it` };
  if (needs.latencyMsMax !== undefined) {
    const latencyMs = latencyOf(fleet, item, node);
    if (callOn(fleet, item, node) === undefined) return { reason: "latency", text: `how long a call takes is unknown, and the unit has a bound of ${needs.latencyMsMax} ms; \`callMs\` says it where nothing was measured` };
    if (latencyMs === undefined) return { reason: "latency", text: `the latency of the way there is unknown, and the unit has a bound of ${needs.latencyMsMax} ms` };
    if (latencyMs > needs.latencyMsMax) return { reason: "latency", text: `from source to effect it would take ${print(latencyMs)} ms, over the bound of ${needs.latencyMsMax} ms` };
  }
  if (needs.budgetPerMonthMax !== undefined) {
    const lacking = whyUnpriced(fleet, item, node);
    if (lacking !== undefined) return { reason: "budget", text: `${lacking} is unknown, and the unit has a budget of ${needs.budgetPerMonthMax}` };
    const { rent, energy, egress } = costOf(fleet, item, node, prefersNone(fleet, item, node));
    if (rent + energy + egress > needs.budgetPerMonthMax) return { reason: "budget", text: `a month there costs ${print(rent + energy + egress)}, over the budget of ${needs.budgetPerMonthMax}` };
  }
  return undefined;
}

/** Whether it does better without the accelerators that it would prefer: they cost more there than they are worth to it. */
export const prefersNone = (fleet: Fleet, item: Item, node: number): boolean => item.needs.accelerator?.need === "preferred" && totalOf(costOf(fleet, item, node, true)) < totalOf(costOf(fleet, item, node));

/** Which price that its month there rests on nobody knows, for people. What would be another's stands in elsewhere; a bound does not hold by it. */
function whyUnpriced(fleet: Fleet, item: Item, node: number): string | undefined {
  const { needs, sources } = item;
  const { unpriced, nodes } = fleet;
  const place = nodes[node];
  const isAccelerated = place !== undefined && hasAccelerator(needs, place) && !prefersNone(fleet, item, node);
  if (needs.processors > 0 && unpriced.processorRent[node] === 1) return "what a processor costs there";
  if (needs.memoryBytes > 0 && unpriced.memoryRent[node] === 1) return "what memory costs there";
  if (isAccelerated && unpriced.acceleratorRent[node] === 1) return "what an accelerator costs there";
  if ((needs.processors > 0 && unpriced.processorEnergy[node] === 1) || (isAccelerated && unpriced.acceleratorEnergy[node] === 1)) return "what its electricity costs there, by watts and by the price of a kilowatt-hour,";
  const far = sources.find((source) => source.gigabytes > 0 && (source.node < 0 || !wayBetween(fleet, source.node, node).priceKnown));
  return far === undefined ? undefined : `what a gigabyte from ${far.site} to there costs`;
}

/** What a flow costs between two nodes, seen from one of its ends; most of a search is this question. */
export function costBetween(fleet: Fleet, one: number, other: number, flow: Flow): number {
  if (flow.staged !== undefined) return costOfQuestions(fleet, one, other, flow, flow.staged);
  if (one === other) return 0;
  const { gigabytes, share } = flow;
  const { siteOf, links, latencyMs, perGigabyte, policy } = fleet;
  const beyond = lostBetween(fleet, one, other, flow);
  const top = links.size > 0 || siteOf[one] === siteOf[other] ? -1 : meetingOf(fleet, one, other);
  if (top < 0) {
    const way = wayBetween(fleet, one, other);
    return gigabytes * way.perGigabyte + share * way.latencyMs * policy.perMillisecond + beyond;
  }
  const price = (perGigabyte[one] ?? 0) + (perGigabyte[other] ?? 0) - 2 * (perGigabyte[top] ?? 0);
  const ms = (latencyMs[one] ?? 0) + (latencyMs[other] ?? 0) - 2 * (latencyMs[top] ?? 0);
  return gigabytes * price + share * ms * policy.perMillisecond + beyond;
}

/** On one node, too, where the work is done. */
function costOfQuestions(fleet: Fleet, one: number, other: number, flow: Flow, { stage, rows }: NonNullable<Flow["staged"]>): number {
  const [asker, answerer] = flow.gives ? [one, other] : [other, one];
  return flow.share * cheapestStage(fleet, stage, asker, answerer, rows).cost + lostBetween(fleet, one, other, flow);
}

/** A job moves between two runs, when it disturbs nobody: little, and with every run again, since the next one may be better elsewhere. */
export function moveCost({ policy: { perMove, perGigabyteMoved } }: Fleet, needs: UnitNeeds): number {
  const along = (needs.stateBytes / gigabyte) * perGigabyteMoved;
  const duty = needs.job === undefined ? undefined : dutyOf(needs);
  return duty === undefined ? perMove + along : duty.runsPerMonth * (perMove / jobMovesOfMove + along);
}

const jobMovesOfMove = 50;

/** Nodes near a node: its site, and the ways up from it. */
export function nearTo(fleet: Fleet, node: number): readonly number[] {
  const near = [...(fleet.nodesOfSite[fleet.siteOf[node] ?? 0] ?? [])].slice(0, 16);
  for (let above = fleet.parent[node] ?? -1; above >= 0; above = fleet.parent[above] ?? -1) near.push(...(fleet.nodesOfSite[fleet.siteOf[above] ?? 0] ?? []).slice(0, 8));
  return near;
}

export const print = (value: number): string => String(Number(value.toPrecision(4)));
