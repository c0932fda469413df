/**
 * Finds a good place for everything: what is placed already stays, the rest is placed by urgency and by how few nodes will do, then whatever can be
 * improved by a move, by two that swap, or by neighbours that move together, is. Small work is then searched through to the end. Bounded by evaluations, never by
 * time, so that the same question has the same answer on every machine.
 */
import { chanceFrom } from "../chance.ts";
import { createFinder, type Finder } from "./candidates.ts";
import { searchThrough } from "./exhaust.ts";
import type { Fleet } from "./fleet.ts";
import { costOfAll, createLedger, leavingCost, restore, standingOf, unplacedCost, type Ledger, type Standing } from "./ledger.ts";
import { lostAt, lostBetween, lostOn, mostLost } from "./passing.ts";
import { costBetween, type Item, type Work } from "./work.ts";

export interface Question {
  readonly fleet: Fleet;
  readonly work: Work;
  /** Node of each item in the plan before; -1: none. */
  readonly previous: Int32Array;
  /** `touched`: only what has no valid place, and what it exchanges data with, is looked at. */
  readonly scope: "all" | "touched";
  readonly seed: number;
  /** The plan before was made from the same but for nodes that are gone since: its places hold but there. */
  readonly trusted?: boolean;
}

export interface Answer {
  readonly ledger: Ledger;
  /** Items that were looked at, and those that they exchange data with: all others stand as before. Undefined: any. */
  readonly touched: ReadonlySet<number> | undefined;
  /** No better plan exists. */
  readonly proved: boolean;
}

const swapsMax = 8;
const togetherMax = 6;
const inTurnMax = 12;
const followersMax = 32;
/** Work up to this size is searched through, and shaken up to that size. */
const exhaustItemsMax = 16;
const shakeItemsMax = 200;
const better = 1e-9;

export function search({ fleet, work, previous, scope, seed, trusted = false }: Question): Answer {
  const { items } = work;
  const ledger = createLedger(fleet, work, previous);
  keep(fleet, items, ledger, previous, trusted);
  const missing = inUrgency(items, [...items.keys()].filter((index) => (ledger.at[index] ?? -1) < 0));
  const finder = createFinder(fleet, items, ledger);
  for (const index of missing) construct(ledger, finder, items, index);
  ledger.leaving.cost = leavingAmong(items, ledger, scope === "all" ? items.keys() : missing);
  if (scope === "touched") {
    const moved = new Set(missing);
    improve(fleet, items, ledger, finder, [...withPartners(items, [...missing, ...missesLess(fleet, work, ledger, finder)])], moved);
    return { ledger, touched: withPartners(items, moved), proved: false };
  }
  improve(fleet, items, ledger, finder, [...items.keys()]);
  if (items.length <= shakeItemsMax) shake(fleet, items, ledger, finder, seed);
  const proved = items.length <= exhaustItemsMax && searchThrough(fleet, items, ledger, fleet.policy.stepsMax);
  return { ledger, touched: undefined, proved };
}

/** Items to which more would come elsewhere: a place where a part is missed is as good as none where that is, as when a node is heard again. */
const missesLess = (fleet: Fleet, { items, passing }: Work, ledger: Ledger, finder: Finder): readonly number[] =>
  passing.filter((index) => {
    const item = items[index];
    const at = ledger.at[index] ?? -1;
    if (item === undefined || at < 0) return false;
    const lost = lostAt(fleet, item, ledger.at, at);
    return lost > 0 && finder.candidates(index).some((node) => node !== at && lostAt(fleet, item, ledger.at, node) < lost && ledger.alone(index, node) < Number.POSITIVE_INFINITY && ledger.fits(index, node));
  });

/** In a currency of large figures a place may cost more than leaving anything out is worth elsewhere. */
function leavingAmong(items: readonly Item[], ledger: Ledger, indexes: Iterable<number>): number {
  let dearest = 0;
  for (const index of indexes) {
    const node = ledger.at[index] ?? -1;
    const place = node < 0 ? items[index]?.kind.inOrder[0] : node;
    const item = items[index];
    const cost = place === undefined || item === undefined ? 0 : ledger.with(index, place) + mostLost(item);
    if (cost < Number.POSITIVE_INFINITY) dearest = Math.max(dearest, cost);
  }
  return Math.max(leavingCost, 1_000 * dearest);
}

/** What has a valid place stays there. What takes the largest part of an accelerator is put back first, so that the smaller fill up what is left. */
function keep(fleet: Fleet, items: readonly Item[], ledger: Ledger, previous: Int32Array, trusted: boolean): void {
  const partOf = (index: number): number => (items[index]?.needs.accelerator?.count ?? 0) * (items[index]?.needs.accelerator?.milli ?? 0);
  const isRequired = (index: number): number => (items[index]?.needs.accelerator?.need === "required" ? 1 : 0);
  const accelerated = [...previous.keys()].filter((index) => partOf(index) > 0).sort((a, b) => isRequired(b) - isRequired(a) || partOf(b) - partOf(a) || a - b);
  for (const index of accelerated) putBack(index, false);
  for (const index of previous.keys()) if (items[index]?.needs.accelerator === undefined) putBack(index, trusted);

  function putBack(index: number, unasked: boolean): void {
    const node = previous[index] ?? -1;
    if (node < 0 || fleet.gone[node] === 1) return;
    if (unasked || (ledger.alone(index, node) < Number.POSITIVE_INFINITY && ledger.fits(index, node))) ledger.put(index, node);
  }
}

/** The more urgent first, then what fewer nodes will do for, then the larger. */
function inUrgency(items: readonly Item[], indexes: readonly number[]): readonly number[] {
  const of = (index: number): readonly [number, number, number] => {
    const item = items[index];
    return item === undefined ? [0, 0, 0] : [-item.needs.priority, item.kind.inOrder.length, -item.needs.processors - item.needs.memoryBytes / 4e9];
  };
  const keys = new Map(indexes.map((index) => [index, of(index)]));
  const compare = (a: number, b: number): number => {
    const [one, other] = [keys.get(a), keys.get(b)];
    if (one === undefined || other === undefined) return 0;
    return one[0] - other[0] || one[1] - other[1] || one[2] - other[2] || a - b;
  };
  return indexes.toSorted(compare);
}

function construct(ledger: Ledger, finder: Finder, items: readonly Item[], index: number): void {
  const item = items[index];
  if (item === undefined) return;
  const best = cheapestOf(ledger, index, finder.candidates(index)) ?? cheapestOf(ledger, index, item.kind.inOrder);
  if (best !== undefined) ledger.put(index, best);
}

/** What spoils accelerators for others is worth a little, to tell equals apart. */
function cheapestOf(ledger: Ledger, index: number, nodes: Iterable<number>): number | undefined {
  let best: number | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const node of nodes) {
    const alone = ledger.alone(index, node);
    if (alone >= bestCost || !ledger.fits(index, node)) continue;
    const cost = ledger.with(index, node, alone) + 1e-6 * ledger.spoils(index, node);
    if (cost < bestCost) [best, bestCost] = [node, cost];
  }
  return best;
}

const withPartners = (items: readonly Item[], indexes: Iterable<number>): ReadonlySet<number> => new Set([...indexes].flatMap((index) => [index, ...(items[index]?.flows.map(({ item }) => item) ?? [])]));

/** Adds to `moved` what moves. */
function improve(fleet: Fleet, items: readonly Item[], ledger: Ledger, finder: Finder, first: readonly number[], moved: Set<number> = new Set()): void {
  const waiting = [...first];
  const isWaiting = new Set(first);
  const again = (index: number): void => {
    for (const each of [index, ...(items[index]?.flows.map(({ item }) => item) ?? [])]) {
      if (isWaiting.has(each)) continue;
      isWaiting.add(each);
      waiting.push(each);
    }
  };
  for (let next = 0; next < waiting.length && ledger.evaluations.count < fleet.policy.stepsMax; next++) {
    const index = waiting[next] ?? 0;
    isWaiting.delete(index);
    for (const each of improveOne(fleet, items, ledger, finder, index)) {
      moved.add(each);
      again(each);
    }
  }
}

/** The items that moved. */
function improveOne(fleet: Fleet, items: readonly Item[], ledger: Ledger, finder: Finder, index: number): readonly number[] {
  const item = items[index];
  if (item === undefined) return [];
  const from = ledger.at[index] ?? -1;
  const now = from < 0 ? unplacedCost(item, ledger) : ledger.with(index, from);
  let best: number | undefined;
  let bestCost = now - better;
  const full: number[] = [];
  const candidates = finder.candidates(index);
  for (const node of candidates) {
    if (node === from) continue;
    const alone = ledger.alone(index, node);
    if (alone >= bestCost) continue;
    const cost = ledger.with(index, node, alone);
    if (cost >= bestCost) continue;
    if (ledger.fits(index, node)) [best, bestCost] = [node, cost];
    else full.push(node);
  }
  if (best !== undefined) {
    ledger.take(index);
    ledger.put(index, best);
    return [index];
  }
  for (const node of full) for (const other of (ledger.itemsOn[node] ?? []).slice(0, swapsMax)) if (exchange(fleet, items, ledger, finder, index, other)) return [index, other];
  if (from < 0) return [];
  const together = moveTogether(fleet, items, ledger, index, candidates);
  return together.length > 0 ? together : moveInTurn(fleet, items, ledger, finder, index, candidates);
}

/** Where something does not come: it goes to where more does, and with it all to whom, or from whom, nothing would come any more by that. Each alone would only lose something else. */
function moveInTurn(fleet: Fleet, items: readonly Item[], ledger: Ledger, finder: Finder, index: number, candidates: readonly number[]): readonly number[] {
  const item = items[index];
  const from = ledger.at[index] ?? -1;
  const lost = item === undefined ? 0 : lostAt(fleet, item, ledger.at, from);
  if (item === undefined || lost === 0 || item.flows.every(({ way }) => way === "any")) return [];
  const nodes = candidates.filter((node) => node !== from && lostOn(fleet, item, node) < lost && ledger.alone(index, node) < Number.POSITIVE_INFINITY);
  for (const node of nodes.slice(0, inTurnMax)) {
    const settled = followersOf(fleet, items, ledger, finder, index, node);
    const group = [...settled.keys()];
    const before = costOfGroup(fleet, items, ledger, group);
    const undo = undoOf(items, ledger, group);
    const places = group.map((one) => ledger.at[one] ?? -1);
    for (const one of group) ledger.take(one);
    const put: number[] = [];
    for (const [one, to] of settled) {
      if (!ledger.fits(one, to)) break;
      ledger.put(one, to);
      put.push(one);
    }
    if (put.length === group.length && costOfGroup(fleet, items, ledger, group) < before - better) return group;
    if (undo !== undefined) restore(ledger, undo);
    else {
      for (const one of put) ledger.take(one);
      for (const [each, one] of group.entries()) ledger.put(one, places[each] ?? -1);
    }
  }
  return [];
}

/** Where an item and those that have to follow it would go: each to its best beside those that went before. */
function followersOf(fleet: Fleet, items: readonly Item[], ledger: Ledger, finder: Finder, index: number, node: number): ReadonlyMap<number, number> {
  const settled = new Map([[index, node]]);
  for (const [one, at] of settled) {
    for (const flow of items[one]?.flows ?? []) {
      const [other, there] = [flow.item, ledger.at[flow.item] ?? -1];
      if (flow.way === "any" || there < 0 || settled.has(other) || settled.size >= followersMax || lostBetween(fleet, at, there, flow) === 0) continue;
      const beside = (items[other]?.flows ?? []).filter((each) => settled.has(each.item));
      const costAt = (to: number): number => beside.reduce((sum, each) => sum + costBetween(fleet, to, settled.get(each.item) ?? -1, each), ledger.alone(other, to));
      let [best, bestCost] = [there, costAt(there)];
      for (const to of [at, ...finder.candidates(other)]) {
        const cost = ledger.alone(other, to) < bestCost ? costAt(to) : Number.POSITIVE_INFINITY;
        if (cost < bestCost) [best, bestCost] = [to, cost];
      }
      if (best !== there) settled.set(other, best);
    }
  }
  return settled;
}

/** With what flows between them counted once. */
function costOfGroup(fleet: Fleet, items: readonly Item[], ledger: Ledger, group: readonly number[]): number {
  let cost = 0;
  for (const one of group) {
    cost += costNow(items, ledger, one);
    for (const flow of items[one]?.flows ?? []) if (flow.gives && group.includes(flow.item)) cost -= costBetween(fleet, ledger.at[one] ?? -1, ledger.at[flow.item] ?? -1, flow);
  }
  return cost;
}

const costNow = (items: readonly Item[], ledger: Ledger, index: number): number => {
  const node = ledger.at[index] ?? -1;
  const item = items[index];
  return item === undefined ? 0 : node < 0 ? unplacedCost(item, ledger) : ledger.with(index, node);
};

/** One takes the other's place; the other takes its place, or the cheapest that is left. */
function exchange(fleet: Fleet, items: readonly Item[], ledger: Ledger, finder: Finder, one: number, other: number): boolean {
  const [from, to] = [ledger.at[one] ?? -1, ledger.at[other] ?? -1];
  const before = costOfBoth(fleet, items, ledger, one, other);
  const undo = undoOf(items, ledger, [one, other]);
  ledger.take(one);
  ledger.take(other);
  if (ledger.fits(one, to)) {
    ledger.put(one, to);
    const place = from >= 0 && ledger.alone(other, from) < Number.POSITIVE_INFINITY && ledger.fits(other, from) ? [from] : [];
    const cheapest = cheapestOf(ledger, other, [...place, ...finder.candidates(other)]);
    if (cheapest !== undefined) {
      ledger.put(other, cheapest);
      if (costOfBoth(fleet, items, ledger, one, other) < before - better) return true;
      ledger.take(other);
    }
    ledger.take(one);
  }
  if (undo !== undefined) restore(ledger, undo);
  else {
    if (from >= 0) ledger.put(one, from);
    ledger.put(other, to);
  }
  return false;
}

/** Who has accelerators gets the same ones back. */
const undoOf = (items: readonly Item[], ledger: Ledger, moving: readonly number[]): Standing | undefined => (moving.some((index) => items[index]?.needs.accelerator !== undefined) ? standingOf(ledger) : undefined);

/** Of two items, with what flows between them counted once. */
function costOfBoth(fleet: Fleet, items: readonly Item[], ledger: Ledger, one: number, other: number): number {
  const [oneAt, otherAt] = [ledger.at[one] ?? -1, ledger.at[other] ?? -1];
  let between = 0;
  if (oneAt >= 0 && otherAt >= 0) for (const flow of items[one]?.flows ?? []) if (flow.item === other) between += costBetween(fleet, oneAt, otherAt, flow);
  return costNow(items, ledger, one) + costNow(items, ledger, other) - between;
}

/** It and those beside it that it exchanges data with go to another node as one. */
function moveTogether(fleet: Fleet, items: readonly Item[], ledger: Ledger, index: number, candidates: readonly number[]): readonly number[] {
  const from = ledger.at[index] ?? -1;
  const together = [index];
  for (const { item } of items[index]?.flows ?? []) if (together.length < togetherMax && ledger.at[item] === from) together.push(item);
  if (together.length < 2) return [];
  const asks = together.some((each) => items[each]?.flows.some(({ staged }) => staged !== undefined) === true);
  // between the members nothing flows over a way, before or after: they stay beside each other; what is asked in parts costs there too, once
  const costAfter = (): number => together.reduce((sum, each) => sum + costNow(items, ledger, each), 0) - (asks ? askedAmong(fleet, items, ledger, together) : 0);
  const before = costAfter();
  for (const node of candidates) {
    if (node === from || together.some((each) => ledger.alone(each, node) === Number.POSITIVE_INFINITY)) continue;
    const least = together.reduce((sum, each) => sum + ledger.alone(each, node), 0);
    if (least >= before - better || (!asks && least + outwards(fleet, items, ledger, together, node) >= before + better * Math.abs(before))) continue;
    const undo = undoOf(items, ledger, together);
    for (const each of together) ledger.take(each);
    const placed: number[] = [];
    for (const each of together) {
      if (!ledger.fits(each, node)) break;
      ledger.put(each, node);
      placed.push(each);
    }
    if (placed.length === together.length && costAfter() < before - better) return together;
    if (undo !== undefined) restore(ledger, undo);
    else {
      for (const each of placed) ledger.take(each);
      for (const each of together) ledger.put(each, from);
    }
  }
  return [];
}

/** What flows between them and all others would cost, were they on that node. */
function outwards(fleet: Fleet, items: readonly Item[], ledger: Ledger, together: readonly number[], node: number): number {
  let cost = 0;
  for (const one of together) {
    for (const flow of items[one]?.flows ?? []) {
      const other = ledger.at[flow.item] ?? -1;
      if (other >= 0 && !together.includes(flow.item)) cost += costBetween(fleet, node, other, flow);
    }
  }
  return cost;
}

function askedAmong(fleet: Fleet, items: readonly Item[], ledger: Ledger, together: readonly number[]): number {
  let cost = 0;
  for (const one of together) {
    for (const flow of items[one]?.flows ?? []) {
      const [from, to] = [ledger.at[one] ?? -1, ledger.at[flow.item] ?? -1];
      if (flow.staged !== undefined && flow.gives && from >= 0 && to >= 0 && together.includes(flow.item)) cost += costBetween(fleet, from, to, flow);
    }
  }
  return cost;
}

/** A few items are moved by chance, and all is improved again; kept if it is better. */
function shake(fleet: Fleet, items: readonly Item[], ledger: Ledger, finder: Finder, seed: number): void {
  if (items.length < 2) return;
  const chance = chanceFrom(seed);
  let best = standingOf(ledger);
  let bestCost = costOfAll(items, ledger);
  const rounds = Math.min(60, 4 * items.length);
  for (let round = 0; round < rounds && ledger.evaluations.count < fleet.policy.stepsMax; round++) {
    const kicked = new Set<number>();
    for (let kick = 0; kick < 2 + chance.below(3); kick++) kicked.add(chance.below(items.length));
    for (const index of kicked) ledger.take(index);
    for (const index of kicked) {
      const open = finder.candidates(index).filter((node) => ledger.alone(index, node) < Number.POSITIVE_INFINITY && ledger.fits(index, node));
      const node = open[chance.below(open.length)];
      if (node !== undefined) ledger.put(index, node);
    }
    improve(fleet, items, ledger, finder, [...items.keys()]);
    const cost = costOfAll(items, ledger);
    if (cost < bestCost - better) [best, bestCost] = [standingOf(ledger), cost];
    else restore(ledger, best);
  }
  restore(ledger, best);
}
