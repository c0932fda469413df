/** Branch and bound: small work, searched through until no better plan can exist, or the bound of evaluations is reached. */
import type { Fleet } from "./fleet.ts";
import { costOfAll, restore, standingOf, unplacedCost, type Ledger } from "./ledger.ts";
import { costBetween, type Item } from "./work.ts";

const nodesMax = 64;

/** Leaves the best plan in the ledger; true if it is proved to be the best. */
export function searchThrough(fleet: Fleet, items: readonly Item[], ledger: Ledger, stepsMax: number): boolean {
  const places = items.map(({ kind }) => [...kind.inOrder]);
  if (places.some(({ length }) => length > nodesMax)) return false;
  let best = standingOf(ledger);
  let bestCost = costOfAll(items, ledger);
  for (const index of items.keys()) ledger.take(index);
  // the hardest decision first: where the second best costs most more than the best
  const order = [...items.keys()].sort((a, b) => regretOf(ledger, places[b] ?? [], b) - regretOf(ledger, places[a] ?? [], a) || a - b);
  let steps = 0;
  let isWhole = true;
  /** What each item not yet placed would cost at each place, flows to what is placed included. */
  const costs = items.map((_, index) => Float64Array.from(places[index] ?? [], (node) => ledger.alone(index, node)));

  const descend = (depth: number, paid: number): void => {
    if (paid >= bestCost - 1e-9) return;
    if (depth === order.length) {
      [best, bestCost] = [standingOf(ledger), paid];
      return;
    }
    if (++steps > stepsMax / 64) {
      isWhole = false;
      return;
    }
    let bound = paid;
    for (let later = depth; later < order.length && bound < bestCost; later++) {
      const index = order[later] ?? 0;
      let least = unplacedCost(items[index] ?? unknown(), ledger);
      for (const cost of costs[index] ?? []) if (cost < least) least = cost;
      bound += least;
    }
    if (bound >= bestCost - 1e-9) return;
    const index = order[depth] ?? 0;
    const item = items[index] ?? unknown();
    const mine = costs[index] ?? new Float64Array();
    const here = places[index] ?? [];
    const tries = [...here.keys()].filter((at) => (mine[at] ?? 0) < Number.POSITIVE_INFINITY).sort((a, b) => (mine[a] ?? 0) - (mine[b] ?? 0) || a - b);
    const stand = (at: number, node: number, without?: boolean): void => {
      ledger.put(index, node, without);
      const more = ledger.own(index) - ledger.alone(index, node);
      const kept = item.flows.map((flow) => {
        const other = flow.item;
        const theirs = costs[other];
        const before = theirs?.slice();
        if ((ledger.at[other] ?? -1) < 0) for (const [place, otherNode] of (places[other] ?? []).entries()) if (theirs !== undefined) theirs[place] = (theirs[place] ?? 0) + costBetween(fleet, node, otherNode, flow);
        return { other, before };
      });
      descend(depth + 1, paid + (mine[at] ?? 0) + more);
      for (const { other, before } of kept.toReversed()) if (before !== undefined) costs[other]?.set(before);
      ledger.take(index);
    };
    for (const at of tries) {
      const node = here[at] ?? 0;
      if (!ledger.fits(index, node)) continue;
      const takes = takesByChoice(ledger, item, index, node);
      stand(at, node);
      if (takes) stand(at, node, true); // an accelerator that it would like may be worth more to another
    }
    descend(depth + 1, paid + unplacedCost(item, ledger));
  };
  descend(0, 0);
  restore(ledger, best);
  return isWhole;
}

function takesByChoice(ledger: Ledger, { needs }: Item, index: number, node: number): boolean {
  if (needs.accelerator?.need !== "preferred") return false;
  const before = ledger.acceleratorsOf(node).reduce((sum, milli) => sum + milli, 0);
  ledger.put(index, node);
  const after = ledger.acceleratorsOf(node).reduce((sum, milli) => sum + milli, 0);
  ledger.take(index);
  return after < before;
}

function regretOf(ledger: Ledger, nodes: readonly number[], index: number): number {
  const costs = nodes.map((node) => ledger.alone(index, node)).filter((cost) => cost < Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  return costs.length < 2 ? Number.MAX_SAFE_INTEGER : (costs[1] ?? 0) - (costs[0] ?? 0);
}

function unknown(): never {
  throw new RangeError("an item is known");
}
