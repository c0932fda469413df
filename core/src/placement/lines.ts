/** Who is above a node, and whom it is above: where events of it come to, and from where they come. */
import type { Tier } from "../schema/tier.ts";
import type { Fleet } from "./fleet.ts";
import type { Item } from "./work.ts";

/** It, its parent, and so on to the root. */
export function lineOf({ parent }: Fleet, node: number): readonly number[] {
  const line: number[] = [];
  for (let at = node; at >= 0; at = parent[at] ?? -1) line.push(at);
  return line;
}

/** Nodes below one that may run an item, and such of a tier: the cheapest of those that are looked at. Each is worked out once. */
export interface Below {
  of(item: Item, node: number): readonly number[];
  onTier(item: Item, tier: Tier): readonly number[];
}

const foundMax = 8;
const lookedMax = 512;

export function createBelow(fleet: Fleet): Below {
  let children: readonly (readonly number[])[] | undefined;
  const known = new Map<Item["kind"], Map<number | Tier, readonly number[]>>();
  const once = (item: Item, key: number | Tier, find: () => readonly number[]): readonly number[] => {
    const ofKind = known.get(item.kind) ?? new Map<number | Tier, readonly number[]>();
    known.set(item.kind, ofKind);
    const found = ofKind.get(key) ?? find();
    ofKind.set(key, found);
    return found;
  };
  return {
    of: (item, node) =>
      once(item, node, () => {
        children ??= childrenOf(fleet);
        const looked = [node];
        for (let next = 0; next < looked.length && looked.length < lookedMax; next++) looked.push(...(children[looked[next] ?? 0] ?? []));
        return cheapestOf(fleet, item, looked.slice(0, lookedMax));
      }),
    onTier: (item, tier) => once(item, tier, () => firstOf(item.kind.inOrder, (node) => fleet.nodes[node]?.tier === tier && fleet.gone[node] !== 1 && fleet.silent[node] !== 1)),
  };
}

function childrenOf({ nodes, parent }: Fleet): readonly (readonly number[])[] {
  const children = nodes.map((): number[] => []);
  for (const [node, above] of parent.entries()) if (above >= 0) children[above]?.push(node);
  return children;
}

function cheapestOf({ gone, silent, rates }: Fleet, { kind }: Item, nodes: readonly number[]): readonly number[] {
  const rent = (node: number): number => (rates.processorRent[node] ?? 0) + (rates.processorEnergy[node] ?? 0);
  return nodes.filter((node) => kind.has(node) && gone[node] !== 1 && silent[node] !== 1).sort((a, b) => rent(a) - rent(b) || a - b).slice(0, foundMax);
}

function firstOf(nodes: Int32Array, isOne: (node: number) => boolean): readonly number[] {
  const found: number[] = [];
  for (const node of nodes) {
    if (found.length === foundMax) break;
    if (isOne(node)) found.push(node);
  }
  return found;
}
