/** Of what nodes measure, what is other than when the plan in force was made: which node, what, from what to what; the largest change first. */
import { limits } from "@holon/core/limits.ts";
import type { InventoryNode, Measured } from "@holon/core/schema/inventory.ts";

interface Change {
  readonly text: string;
  /** Relative to what it was; infinite where it came or went. */
  readonly size: number;
}

export function measuredChanges(before: readonly InventoryNode[], after: readonly InventoryNode[]): readonly string[] {
  const was = new Map(before.map((node) => [node.name, node]));
  const changes = after.flatMap((node) => {
    const old = was.get(node.name);
    if (old === undefined) return [];
    const [from, to] = [valuesOf(old), valuesOf(node)];
    return [...new Set([...from.keys(), ...to.keys()])].flatMap((what) => changeOf(`${node.name}: ${what}`, from.get(what), to.get(what)) ?? []);
  });
  return changes.sort((a, b) => b.size - a.size || (a.text < b.text ? -1 : 1)).map(({ text }) => text);
}

function changeOf(what: string, from: number | undefined, to: number | undefined): Change | undefined {
  if (from === to) return undefined;
  const size = from === undefined || to === undefined ? Number.POSITIVE_INFINITY : Math.abs(to - from) / Math.max(Math.abs(from), Number.MIN_VALUE);
  return size <= limits.inventoryChange ? undefined : { text: `${what} ${print(from)} → ${print(to)}`, size };
}

/** By what they are, with their units; of each node as many as a line can bear. */
function valuesOf({ capacity, load, uplink, speeds, beside = {} }: InventoryNode): ReadonlyMap<string, number> {
  const row = (name: string, measured: Measured | undefined, scale = 1): readonly (readonly [string, number])[] => (measured?.source === "measured" ? [[name, measured.value / scale]] : []);
  return new Map([
    ...row("processors in use by others", load.processors),
    ...row("GB of memory in use by others", load.memoryBytes, 1e9),
    ...(capacity.diskBytes === undefined ? [] : [["GB of disk free", capacity.diskBytes / 1e9] as const]),
    ...row("ms to its parent", uplink?.latencyMs),
    ...row("MB/s to its parent", uplink?.bytesPerSecond, 1e6),
    ...Object.entries(speeds).flatMap(([unit, measured]) => row(`ms of a call of ${unit}`, measured)),
    ...Object.entries(beside).flatMap(([node, measured]) => row(`ms to ${node}`, measured)),
  ]);
}

const print = (value: number | undefined): string => (value === undefined ? "unknown" : String(Number(value.toPrecision(3))));
