/** Which nodes are worth a look for an item: all of few; of many the cheapest with room, and those near what it has to do with. */
import type { Fleet } from "./fleet.ts";
import type { Ledger } from "./ledger.ts";
import { createBelow, lineOf } from "./lines.ts";
import { nearTo, type Item } from "./work.ts";

/** So few candidates are all looked at. */
const allNodesMax = 48;
const cheapestMax = 8;
const cheapestLook = 96;
const partnersMax = 8;

export interface Finder {
  /** Nodes worth a look for this item now, each once. */
  candidates(index: number): readonly number[];
}

export function createFinder(fleet: Fleet, items: readonly Item[], ledger: Ledger): Finder {
  /** Of each size of each kind, how far its nodes are full. */
  const cursors = new Map<Item["kind"], Map<string, { next: number }>>();
  const cursorOf = ({ kind, needs }: Item): { next: number } => {
    let sizes = cursors.get(kind);
    if (sizes === undefined) cursors.set(kind, (sizes = new Map()));
    const size = `${needs.processors}/${needs.memoryBytes}/${needs.diskBytes}/${needs.accelerator?.count ?? 0}/${needs.accelerator?.milli ?? 0}`;
    let cursor = sizes.get(size);
    if (cursor === undefined) sizes.set(size, (cursor = { next: 0 }));
    return cursor;
  };
  const ofItem: { next: number }[] = [];
  const isClosed = (index: number, node: number): boolean => fleet.gone[node] === 1 || fleet.silent[node] === 1 || fleet.held[node] === 1 || fleet.aged[node] === 1 || ledger.isFull(index, node);
  const near = new Map<number, readonly number[]>();
  /** Which were put into the present list: with its number. */
  const seen = new Uint32Array(fleet.nodes.length);
  let stamp = 0;
  const below = createBelow(fleet);
  const nearNode = (node: number): readonly number[] => {
    let known = near.get(node);
    if (known === undefined) near.set(node, (known = nearTo(fleet, node)));
    return known;
  };
  /** The cheapest nodes that have room. Those that were full are not looked at again: what becomes free there is found by those who are near. */
  const cheapest = (index: number, item: Item): readonly number[] => {
    const { inOrder } = item.kind;
    const cursor = (ofItem[index] ??= cursorOf(item));
    // Only past what is closed to all of this size: what this one alone may not have is another's.
    while (cursor.next < inOrder.length && isClosed(index, inOrder[cursor.next] ?? 0)) cursor.next++;
    const found: number[] = [];
    for (let look = cursor.next; look < Math.min(inOrder.length, cursor.next + cheapestLook) && found.length < cheapestMax; look++) {
      const node = inOrder[look] ?? 0;
      if (ledger.fits(index, node)) found.push(node);
    }
    return found;
  };
  return {
    candidates(index) {
      const item = items[index];
      if (item === undefined) return [];
      const { kind } = item;
      if (kind.inOrder.length <= allNodesMax) return [...kind.inOrder];
      stamp++;
      const open: number[] = [];
      const add = (node: number): void => {
        if (seen[node] === stamp || !kind.has(node)) return;
        seen[node] = stamp;
        open.push(node);
      };
      for (const ends of [item.sources, item.effects]) for (const { node } of ends) if (node >= 0) nearNode(node).forEach(add);
      for (const { item: other, way, gives } of item.flows.slice(0, partnersMax)) {
        const node = ledger.at[other] ?? -1;
        if (node < 0) continue;
        add(node);
        nearNode(node).forEach(add);
        if (way === "up" || way === "asks") (gives ? below.of(item, node) : lineOf(fleet, node)).forEach(add);
      }
      // What comes to where it stands, or from there to where it is taken, is worth more than any price.
      for (const { node, way } of item.makers) {
        lineOf(fleet, node).forEach(add);
        if (way === "asks") nearNode(node).forEach(add);
      }
      for (const { tier } of item.takers) below.onTier(item, tier).forEach(add);
      cheapest(index, item).forEach(add);
      return open;
    },
  };
}
