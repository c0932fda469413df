/** What a function has not read yet, of all nodes together: the signal by which more or fewer of it are run. What is not known is told apart, and is not nought. */
import { z } from "zod";
import type { NodeState } from "./completeness.ts";
import { printKey } from "./key.ts";

export const queueSchema = z.object({
  app: z.string(),
  function: z.string(),
  /** Records that wait, of the nodes that are heard; where none of them is, as they told last. */
  queueDepth: z.number().min(0),
  /** Nodes that told of it and are heard, and those that told of it once and are not. */
  nodes: z.int().min(0),
  unknown: z.int().min(0),
  /** Up to where the oldest of what is added up goes. */
  asOf: z.iso.datetime(),
});
export type Queue = z.infer<typeof queueSchema>;

export const lagMetric = "holon.function.lag";

export interface QueueRow {
  readonly state: NodeState;
  readonly through: string | null;
  readonly figures: Readonly<Record<string, number>>;
}

/** Undefined where no node has told of it. Where none of those that did is heard, `nodes` is 0, and what they told last stands, with its age. */
export function queueOf(app: string, fn: string, rows: readonly QueueRow[]): Queue | undefined {
  const key = printKey(lagMetric, { app, function: fn });
  const told = rows.filter(({ figures }) => figures[key] !== undefined);
  const heard = told.filter(({ state, through }) => (state === "present" || state === "slow") && through !== null);
  const counted = heard.length > 0 ? heard : told;
  const [oldest] = counted.flatMap(({ through }) => through ?? []).sort();
  if (oldest === undefined) return undefined;
  return { app, function: fn, queueDepth: counted.reduce((sum, { figures }) => sum + (figures[key] ?? 0), 0), nodes: heard.length, unknown: told.length - heard.length, asOf: oldest };
}
