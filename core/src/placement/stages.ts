/**
 * How much of a model that asks another is done where the rows are: so many of its parts, or of a cascade the small one first, the large one alone, or a copy of that. Each is a candidate, and costs
 * what anything costs in a plan: work at the rates of the node where it is done, bytes at the price of the way, and milliseconds until the answer. Between two nodes the cut of a model in parts is found
 * by the dynamic programming of `cut-chain.ts`, so that where the end stands and where the model is cut are one choice.
 */
import { limits } from "../limits.ts";
import type { Staged, UnitNeeds } from "../schema/needs.ts";
import { cheapestCut, costOfCut, type Chain } from "./cut-chain.ts";
import { freshValue, gigabyte, hoursPerMonth, msPerByteBetween, wayBetween, type Fleet } from "./fleet.ts";

/** What of an app is cut, with what its end needs. */
export interface Stage {
  readonly app: string;
  readonly staged: Staged;
  /** Of the end. */
  readonly needs: UnitNeeds;
  /** Of pairs of nodes, what was worked out: `asker * nodes + answerer`, by rows. */
  readonly known: Map<number, Map<number, Choice>>;
}

export interface Asked {
  readonly stage: Stage;
  readonly node: number;
  readonly rows: number;
  /** So many nodes beside each other, of which this is one, and `rows` their mean. */
  readonly times: number;
}

/** A month of one node's questions. */
export interface Choice {
  /** As in `PlannedStage`. */
  readonly here: number;
  readonly cost: number;
  /** From a row to its answer, in the mean. */
  readonly latencyMs: number;
  /** Of a row, in the mean, over the way. */
  readonly bytes: number;
}

/** A choice stands unless another saves more than this in a month: nothing moves, but a model is loaded anew. */
export const stageMoveCost = ({ policy: { perMove } }: Pick<Fleet, "policy">): number => perMove / 10;

export const stageOf = (app: string, staged: Staged, needs: UnitNeeds): Stage => ({ app, staged, needs, known: new Map() });

/** Who says where the end stands: all that ask. Beyond a bound those that ask most count each by itself, and of the others neighbours count together. */
export function askedOf(fleet: Fleet, stage: Stage): readonly Asked[] {
  const asked = stage.staged.askers
    .toSorted((a, b) => b.rowsPerMonth - a.rowsPerMonth || (a.node < b.node ? -1 : 1))
    .flatMap(({ node: name, rowsPerMonth: rows }): Asked[] => {
      const node = fleet.indexOf.get(name);
      return node === undefined ? [] : [{ stage, node, rows, times: 1 }];
    });
  if (asked.length <= limits.stageAskersMax) return asked;
  const alone = asked.slice(0, limits.stageAskersMax / 2);
  const others = inTreeOrder(fleet, asked.slice(alone.length));
  const groups = limits.stageAskersMax - alone.length;
  const together = Array.from({ length: groups }, (_, group): Asked[] => {
    const members = others.slice(Math.floor((group * others.length) / groups), Math.floor(((group + 1) * others.length) / groups));
    const middle = members[members.length >> 1];
    return middle === undefined ? [] : [{ ...middle, rows: members.reduce((sum, { rows }) => sum + rows, 0) / members.length, times: members.length }];
  });
  return [...alone, ...together.flat()];
}

/** What hangs below one node stands together. */
function inTreeOrder({ nodes, parent }: Fleet, asked: readonly Asked[]): readonly Asked[] {
  const pathOf = (node: number): string => {
    const names: string[] = [];
    for (let at = node; at >= 0 && names.length <= nodes.length; at = parent[at] ?? -1) names.unshift(nodes[at]?.name ?? "");
    return names.join(" ");
  };
  return asked.map((one) => ({ one, path: pathOf(one.node) })).sort((a, b) => (a.path < b.path ? -1 : 1)).map(({ one }) => one);
}

/** Questions of one placed function. */
export function stagedBetween(stages: readonly Stage[], from: string, to: string): { readonly stage: Stage; readonly rows: number } | undefined {
  for (const stage of stages) {
    const asking = stage.needs.name === to ? stage.staged.units.find(({ unit }) => unit === from) : undefined;
    if (asking !== undefined) return { stage, rows: asking.rowsPerMonth };
  }
  return undefined;
}

/** The cheapest for the questions of a node, with the end at another. */
export function cheapestStage(fleet: Fleet, stage: Stage, asker: number, answerer: number, rows: number): Choice {
  const key = asker * fleet.nodes.length + answerer;
  let byRows = stage.known.get(key);
  if (byRows === undefined) stage.known.set(key, (byRows = new Map()));
  let choice = byRows.get(rows);
  if (choice === undefined) byRows.set(rows, (choice = stage.staged.kind === "split" ? cheapestSplit(fleet, stage, asker, answerer, rows) : cheapestOf(stagesBetween(fleet, stage, asker, answerer, rows))));
  return choice;
}

/** Each that may be, for one node's questions. At least one. */
export function stagesBetween(fleet: Fleet, stage: Stage, asker: number, answerer: number, rows: number): readonly Choice[] {
  return stage.staged.kind === "split" ? splitsBetween(fleet, stage, asker, answerer, rows) : cascadesBetween(fleet, stage, asker, answerer, rows);
}

const cheapestOf = (choices: readonly Choice[]): Choice => choices.reduce((best, one) => (one.cost < best.cost ? one : best));

/** Milliseconds of a row in a part on a node: as measured there, else as its publisher measured it, as much slower or faster as the parts that were measured there are, or as its publisher says of that tier. Undefined: nobody knows. */
export function partMs(fleet: Fleet, { app, staged: { parts, pace } }: Stage, index: number, node: number): { readonly ms: number; readonly source: "measured" | "scaled" | "published" } | undefined {
  const measuredOf = (name: string): number | undefined => freshValue(fleet.nodes[node]?.speeds[`${app}/${name}`], fleet.nowMs, fleet.policy.staleAfterMs);
  const part = parts[index];
  const measured = part === undefined ? undefined : measuredOf(part.name);
  if (part === undefined || measured !== undefined) return measured === undefined ? undefined : { ms: measured, source: "measured" };
  if (part.ms === undefined) return undefined;
  let [here, there] = [0, 0];
  for (const { name, ms } of parts) {
    const own = measuredOf(name);
    if (own === undefined || ms === undefined) continue;
    here += own;
    there += ms;
  }
  return there > 0 ? { ms: (part.ms * here) / there, source: "scaled" } : { ms: part.ms * (pace?.[fleet.nodes[node]?.tier ?? "gateway"] ?? 1), source: "published" };
}

/** A processor there for an hour, with its electricity and what that emits. */
const processorHour = ({ rates }: Fleet, node: number): number => ((rates.processorRent[node] ?? 0) + (rates.processorEnergy[node] ?? 0) + (rates.processorCarbon[node] ?? 0)) / hoursPerMonth;

const monthMs = hoursPerMonth * 3_600_000;

/** Whether a node has processors for that: what is more than it has free is no candidate. */
const hasTime = (fleet: Fleet, node: number, rows: number, ms: number): boolean => (rows * ms) / monthMs <= (fleet.processors[node] ?? 0) + 1e-9;

function chainOf(fleet: Fleet, stage: Stage, asker: number, answerer: number, rowsPerMonth: number): Chain {
  const { parts } = stage.staged;
  const way = wayBetween(fleet, asker, answerer);
  const place = (node: number): Chain["nodes"][number] => ({ name: fleet.nodes[node]?.name ?? "", layerMs: parts.map((_, index) => partMs(fleet, stage, index, node)?.ms ?? 0), perProcessorHour: processorHour(fleet, node) });
  return {
    bytes: [0, ...parts.map(({ bytes = 0 }) => bytes)],
    cuts: parts.slice(1).map((_, index) => index + 1),
    nodes: [place(asker), place(answerer)],
    ways: [{ latencyMs: way.latencyMs, bytesPerSecond: 1000 / msPerByteBetween(fleet, asker, answerer), perGigabyte: way.perGigabyte }],
    rowsPerMonth,
    perMillisecond: fleet.policy.perMillisecond,
  };
}

function cheapestSplit(fleet: Fleet, stage: Stage, asker: number, answerer: number, rows: number): Choice {
  const { length } = stage.staged.parts;
  if (asker === answerer) return cheapestOf(splitsBetween(fleet, stage, asker, answerer, rows));
  const chain = chainOf(fleet, stage, asker, answerer, rows);
  // The head is always run where the rows are.
  const plan = cheapestCut(chain);
  const here = plan?.ends[0] ?? length;
  const layerMs = chain.nodes[0]?.layerMs ?? [];
  if (plan !== undefined && here >= 1 && (here === 1 || hasTime(fleet, asker, rows, layerMs.slice(0, here).reduce((sum, ms) => sum + ms, 0)))) return { here, cost: plan.cost, latencyMs: plan.latencyMs, bytes: plan.bytes };
  return cheapestOf(splitsBetween(fleet, stage, asker, answerer, rows));
}

function splitsBetween(fleet: Fleet, stage: Stage, asker: number, answerer: number, rows: number): readonly Choice[] {
  const { length } = stage.staged.parts;
  const chain = chainOf(fleet, stage, asker, answerer, rows);
  const layerMs = chain.nodes[0]?.layerMs ?? [];
  // Where the end stands on the same node, all of it is run there.
  const first = asker === answerer ? length : 1;
  const choices: Choice[] = [];
  let ms = layerMs.slice(0, first).reduce((sum, each) => sum + each, 0);
  for (let here = first; here <= length; ms += layerMs[here] ?? 0, here++) {
    if (here > first && !hasTime(fleet, asker, rows, ms)) break;
    const { cost, latencyMs, bytes } = costOfCut(chain, [here]);
    choices.push({ here, cost, latencyMs, bytes });
  }
  return choices.toReversed(); // of equals the one that does more near the rows
}

/** Small first; the large one alone, asked there; the large one alone, standing here, where its needs let it. What rests on a figure that nobody knows is no candidate; small first always is one. */
function cascadesBetween(fleet: Fleet, stage: Stage, asker: number, answerer: number, rows: number): readonly Choice[] {
  const { needs, staged: { parts: [small, large], passUp } } = stage;
  const { policy, rates } = fleet;
  const isSame = asker === answerer;
  const way = wayBetween(fleet, asker, answerer);
  const crossing = isSame || small?.bytes === undefined ? 0 : small.bytes + (large?.bytes ?? 0);
  const wayMs = isSame ? 0 : 2 * way.latencyMs + crossing * msPerByteBetween(fleet, asker, answerer);
  const [smallMs, largeThere, largeHere] = [partMs(fleet, stage, 0, asker)?.ms, partMs(fleet, stage, 1, answerer)?.ms, partMs(fleet, stage, 1, asker)?.ms];
  const [hourHere, hourThere] = [processorHour(fleet, asker), processorHour(fleet, answerer)];
  const choiceOf = (here: number, msHere: number, share: number, msThere: number, more = 0): Choice => {
    const latencyMs = msHere + share * (wayMs + msThere);
    const work = (rows * (msHere * hourHere + share * msThere * hourThere)) / 3_600_000;
    return { here, latencyMs, bytes: share * crossing, cost: work + latencyMs * policy.perMillisecond + (rows * share * crossing * way.perGigabyte) / gigabyte + more };
  };
  const first = choiceOf(1, smallMs ?? 0, passUp ?? 0, largeThere ?? 0);
  if (smallMs === undefined || largeThere === undefined || passUp === undefined || small?.bytes === undefined) return [first];
  const choices = [first, choiceOf(0, 0, 1, largeThere)];
  const memory = (needs.memoryBytes / gigabyte) * (rates.memoryRent[asker] ?? 0);
  const tier = fleet.nodes[asker]?.tier;
  const mayStand = !isSame && tier !== undefined && needs.tiers?.includes(tier) === true && (fleet.memoryBytes[asker] ?? 0) >= needs.memoryBytes;
  if (mayStand && largeHere !== undefined && hasTime(fleet, asker, rows, largeHere)) choices.push(choiceOf(2, largeHere, 0, 0, memory));
  return choices;
}
