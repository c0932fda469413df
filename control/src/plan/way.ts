/** By way of whom what a node gives gets to another: up to control, where it waits, and down again. */
interface Placed {
  readonly parent: string | null;
  readonly jurisdiction: string;
}

/** Each once, in order. Control's own among them, those of the two ends not, unless the way leads through such a jurisdiction. */
export function jurisdictionsBetween(nodes: ReadonlyMap<string, Placed>, control: string, from: string, to: string): readonly string[] {
  const above = (node: string): readonly string[] => {
    const way: string[] = [];
    for (let at = nodes.get(node)?.parent ?? undefined; at !== undefined && !way.includes(at); at = nodes.get(at)?.parent ?? undefined) way.push(at);
    return way;
  };
  const way = [...above(from), control, ...above(to)].filter((node) => node !== from && node !== to);
  return [...new Set(way.flatMap((node) => nodes.get(node)?.jurisdiction ?? []))];
}
