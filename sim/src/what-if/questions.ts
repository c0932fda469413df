/** What models that ask others come to on a copy of a fleet: how much is done where it is asked follows from the plan; where the end cannot be reached, from what a node does then. */
import type { InventoryNode } from "@holon/core/schema/inventory.ts";
import type { AppNeeds, Staged, UnitNeeds } from "@holon/core/schema/needs.ts";
import type { TrueWay, WhatIfWorld } from "./world.ts";

/** How much of a model is done on a node, by `stageKey`. */
export type Cuts = ReadonlyMap<string, number>;
export const stageKey = (model: string, node: string): string => `${model} ${node}`;

/** One node's questions of an hour. */
export interface Questions {
  readonly asker: InventoryNode;
  readonly end: InventoryNode | undefined;
  readonly way: TrueWay | undefined;
  readonly rows: number;
  /** Milliseconds of a row on either node, and until it has its answer, in the mean. */
  readonly msHere: number;
  readonly msThere: number;
  readonly latencyMs: number;
  /** Of a row, over the way. */
  readonly bytes: number;
  /** Of a copy of the large model that stands where it is asked. */
  readonly memoryBytes: number;
  /** Parts of which nobody knows how long they take: counted as nothing. */
  readonly unknown: readonly string[];
}

const hoursPerMonth = 730;

/** Of all apps, with the plan's places and cuts. A machine that is down asks nothing. */
export function* questionsOf(world: WhatIfWorld, apps: readonly AppNeeds[], placesOf: (unit: string) => readonly string[], cuts: Cuts, hour: number): Generator<Questions> {
  const byName = new Map(world.nodes.map((node) => [node.name, node]));
  for (const { app, units, stages = [] } of apps) {
    for (const staged of stages) {
      const end = units.find(({ name }) => name === staged.parts.at(-1)?.name);
      const ends = end === undefined ? [] : placesOf(`${app}/${end.name}`).flatMap((name) => byName.get(name) ?? []);
      for (const [name, perMonth] of askersOf(app, staged, placesOf)) {
        const asker = byName.get(name);
        if (asker === undefined || end === undefined || world.isDown(name, hour)) continue;
        const done = cuts.get(stageKey(`${app}/${staged.model}`, name));
        yield { asker, rows: perMonth / hoursPerMonth, ...rowOf(app, staged, end, asker, nearest(world, asker, ends, hour), done) };
      }
    }
  }
}

function askersOf(app: string, { askers, units }: Staged, placesOf: (unit: string) => readonly string[]): ReadonlyMap<string, number> {
  const rows = new Map<string, number>();
  const add = (node: string, more: number): void => void rows.set(node, (rows.get(node) ?? 0) + more);
  for (const { node, rowsPerMonth } of askers) add(node, rowsPerMonth);
  for (const { unit, rowsPerMonth } of units) {
    const places = placesOf(`${app}/${unit}`);
    for (const node of places) add(node, rowsPerMonth / places.length);
  }
  return rows;
}

interface Reached {
  readonly node: InventoryNode;
  readonly way: TrueWay;
}

function nearest(world: WhatIfWorld, asker: InventoryNode, ends: readonly InventoryNode[], hour: number): Reached | undefined {
  let best: Reached | undefined;
  for (const node of ends) {
    const way = world.wayBetween(asker.name, node.name, hour);
    if (way !== undefined && (best === undefined || way.latencyMs < best.way.latencyMs)) best = { node, way };
  }
  return best;
}

function rowOf(app: string, staged: Staged, end: UnitNeeds, asker: InventoryNode, reached: Reached | undefined, done: number | undefined): Omit<Questions, "asker" | "rows"> {
  const { kind, parts, passUp = 0 } = staged;
  const unknown = new Set<string>();
  const ms = (node: InventoryNode, from: number, to: number): number => {
    let sum = 0;
    for (let index = from; index < to; index++) {
      const part = partMs(app, staged, index, node);
      if (part === undefined) unknown.add(`time of ${app}/${parts[index]?.name ?? ""} on ${node.name}`);
      sum += part ?? 0;
    }
    return sum;
  };
  const answer = (msHere: number, share: number, begin: number, bytes: number, memoryBytes = 0): Omit<Questions, "asker" | "rows"> => {
    const isSame = reached?.node === asker;
    const msThere = reached === undefined || share === 0 ? 0 : ms(reached.node, begin, parts.length);
    const over = reached === undefined || isSame || share === 0 ? 0 : bytes;
    const wayMs = reached === undefined || isSame ? 0 : 2 * reached.way.latencyMs + over * reached.way.msPerByte;
    return { end: reached?.node, way: reached?.way, msHere, msThere: share * msThere, latencyMs: msHere + share * (wayMs + msThere), bytes: share * over, memoryBytes, unknown: [...unknown] };
  };
  const answerBytes = parts.at(-1)?.bytes ?? 0;
  if (kind === "split") {
    // Cut off, a node with the head runs all of it.
    const here = reached === undefined ? parts.length : reached.node === asker ? parts.length : Math.min(parts.length, done ?? parts.length);
    return answer(ms(asker, 0, here), here === parts.length ? 0 : 1, here, (parts[here - 1]?.bytes ?? 0) + answerBytes);
  }
  const bytes = (parts[0]?.bytes ?? 0) + answerBytes;
  if (done === 2) return answer(ms(asker, 1, 2), 0, 2, 0, end.memoryBytes);
  // Cut off, the small one answers for both.
  if (reached === undefined) return answer(ms(asker, 0, 1), 0, 1, 0);
  return done === 0 ? answer(0, 1, 1, bytes) : answer(ms(asker, 0, 1), passUp, 1, bytes);
}

/** As measured there; else as its publisher measured it, at the pace of the parts that were measured there, or as its publisher says of that tier. */
function partMs(app: string, { parts, pace }: Staged, index: number, { speeds, tier }: InventoryNode): number | undefined {
  const measured = (name: string): number | undefined => speeds[`${app}/${name}`]?.value;
  const part = parts[index];
  const own = part === undefined ? undefined : measured(part.name);
  if (part?.ms === undefined || own !== undefined) return own;
  const both = parts.flatMap(({ name, ms }) => (ms === undefined || measured(name) === undefined ? [] : [[measured(name) ?? 0, ms] as const]));
  const published = both.reduce((sum, [, ms]) => sum + ms, 0);
  return published > 0 ? (part.ms * both.reduce((sum, [there]) => sum + there, 0)) / published : part.ms * (pace?.[tier] ?? 1);
}
