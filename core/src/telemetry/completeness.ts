/** What every answer about more than one node carries: when it was true, and of whom it knows nothing since when. */
import { z } from "zod";

/**
 * `present`: heard within its expected interval. `slow`: heard, but its telemetry is behind. `silent`: not heard for longer than it should be. `crashed`: it came back and told that it
 * had ended without a word, not long ago. `gone`: it said that it stops. `awaited`: it was enrolled, and nothing ever came of it. `revoked`: it is no node of this fleet any more.
 */
export const nodeStates = ["present", "slow", "silent", "crashed", "gone", "awaited", "revoked"] as const;
export type NodeState = (typeof nodeStates)[number];
export const nodeStateSchema = z.enum(nodeStates);

/** It does not report, and need not. */
export const isExcused = (state: NodeState): boolean => state === "gone" || state === "revoked";

export const noStates = (): Record<NodeState, number> => ({ present: 0, slow: 0, silent: 0, crashed: 0, gone: 0, awaited: 0, revoked: 0 });

const timeSchema = z.iso.datetime();

export const missingSchema = z.object({
  node: z.string(),
  site: z.string(),
  state: nodeStateSchema,
  /** Since when it is in this state; null where it was never heard. */
  since: timeSchema.nullable(),
  /** Up to where its telemetry is here; null where there is none. */
  through: timeSchema.nullable(),
});
export type Missing = z.infer<typeof missingSchema>;

export const completenessSchema = z.object({
  /** Nodes that belong to the answer. Those that are gone or revoked do not report, and count as `excused`. */
  nodes: z.int().min(0),
  /** Of those, how many reported up to `through`. */
  reported: z.int().min(0),
  excused: z.int().min(0),
  /** Nothing is known of them between what they told last and `through`. */
  unknown: z.int().min(0),
  /** The time that is asked for: by now everybody should have reported up to here. */
  through: timeSchema,
  states: z.object({ present: z.int(), slow: z.int(), silent: z.int(), crashed: z.int(), gone: z.int(), awaited: z.int(), revoked: z.int() }),
  /** The first of those that are unknown, longest silent first. */
  missing: z.array(missingSchema),
});
export type Completeness = z.infer<typeof completenessSchema>;
