/**
 * What is deployed and stands nowhere: the plan leaves it out, since no node may run it or has room. That is an alarm while it lasts, told again before alarms of one kind are taken for over, and
 * closed when the unit has a place, or is no more. What was told stands in a cell, so that a restart tells nothing twice.
 */
import { z } from "zod";
import { canonicalJson } from "@holon/core/json.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import type { CellChange, Log, NewRecord } from "@holon/core/log/log.ts";
import { explainChoice } from "@holon/core/placement/explain.ts";
import type { Plan, Planned } from "@holon/core/placement/planner.ts";

export const unplacedEvent = "holon.unit.unplaced";

export interface Left {
  readonly unit: string;
  readonly replica: number;
  /** What keeps it from each node, for people; null where the plan was made by a version that decided otherwise. */
  readonly why: string | null;
}

/** By unit, when it was told last, wall-clock milliseconds. */
const toldSchema = z.record(z.string(), z.number());
type Told = z.infer<typeof toldSchema>;

const cell = "plan/left";

const readTold = (log: Pick<Log, "cell">): Told => {
  const bytes = log.cell(cell);
  return bytes === undefined ? {} : toldSchema.parse(parseJson(bytes));
};

/** Why a replica that a plan leaves out is on none of the nodes. */
export function whyLeft({ fleet, ...planned }: Planned, unit: string, replica: number): string {
  const shown = fleet.nodes.slice(0, limits.planReasonsMax).map(({ name }) => `${name}: ${explainChoice({ fleet, ...planned }, unit, name, replica).text.replace(`${unit} is not on ${name}: `, "").replace(/\.$/, "")}`);
  const more = fleet.nodes.length - shown.length;
  return `${shown.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

/** What is to be told now of what the plan in force leaves out: how many of how many replicas. */
export function tellLeft(log: Pick<Log, "cell">, plan: Pick<Plan, "unplaced" | "placements"> | undefined, nowMs: number, record: (subject: string, data: unknown) => NewRecord): { readonly records: NewRecord[]; readonly cells: CellChange[] } {
  const told = readTold(log);
  const left = countBy(plan?.unplaced ?? []);
  const placed = countBy(plan?.placements ?? []);
  const units = [...left.keys()].sort().slice(0, limits.unplacedToldMax);
  const isDue = (unit: string): boolean => told[unit] === undefined || nowMs - told[unit] >= limits.unplacedTellMs || nowMs < told[unit];
  const due = units.filter(isDue);
  const over = Object.keys(told).filter((unit) => !left.has(unit)).sort();
  const records = [
    ...due.map((unit) => record(unit, { unit, left: left.get(unit) ?? 0, of: (left.get(unit) ?? 0) + (placed.get(unit) ?? 0) })),
    ...over.map((unit) => record(unit, { unit, state: "closed" })),
  ];
  const now: Told = Object.fromEntries([...Object.entries(told).filter(([unit]) => left.has(unit)), ...due.map((unit) => [unit, nowMs] as const)]);
  return { records, cells: canonicalJson(now) === canonicalJson(told) ? [] : [{ key: cell, value: new TextEncoder().encode(canonicalJson(now)) }] };
}

/** When it is to be told again, wall-clock milliseconds; infinite where nothing is. */
export const tellLeftAtMs = (log: Pick<Log, "cell">): number => Math.min(...Object.values(readTold(log)).map((toldMs) => toldMs + limits.unplacedTellMs));

function countBy(rows: readonly { readonly unit: string }[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { unit } of rows) counts.set(unit, (counts.get(unit) ?? 0) + 1);
  return counts;
}
