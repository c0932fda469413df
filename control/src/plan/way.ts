/** By way of whom what a node gives gets to another: up to control, where it waits, and down again. */
import type { NodeReport } from "@holon/core/schema/node-report.ts";

interface Placed {
  /** An address; null: it is a root. */
  readonly parent: string | null;
  readonly jurisdiction: string;
  /** Who proved to be behind that address. */
  readonly inventory?: { readonly uplink?: Pick<NonNullable<NodeReport["uplink"]>, "parent"> | undefined } | undefined;
}
type Nodes = ReadonlyMap<string, Placed>;

/** Each once, in order. Control's own among them, those of the two ends not, unless the way leads through such a jurisdiction. */
export function jurisdictionsBetween(nodes: Nodes, control: string, from: string, to: string): readonly string[] {
  const way = [...above(nodes, from).names, control, ...above(nodes, to).names].filter((node) => node !== from && node !== to);
  return [...new Set(way.flatMap((node) => nodes.get(node)?.jurisdiction ?? []))];
}

/** Whether all of them are known: a guard is asked for places, and not for one that nobody knows. */
export const isWayKnown = (nodes: Nodes, control: string, from: string, to: string): boolean => nodes.has(control) && above(nodes, from).isKnown && above(nodes, to).isKnown;

/** A circle is none that anything comes by. */
function above(nodes: Nodes, node: string): { readonly names: readonly string[]; readonly isKnown: boolean } {
  const names: string[] = [];
  for (let at = nodes.get(node); at !== undefined; at = nodes.get(names.at(-1) ?? "")) {
    if (at.parent === null) return { names, isKnown: true };
    const parent = at.inventory?.uplink?.parent;
    if (parent === undefined || parent === node || names.includes(parent)) break;
    names.push(parent);
  }
  return { names, isKnown: false };
}
