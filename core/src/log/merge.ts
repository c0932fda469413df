/** How a run from a child meets what the parent already holds of its lane. */
import type { Mark } from "./log.ts";
import { lastSequence, type RunHeader } from "./run.ts";

export type Merge =
  /** The next run: append it. */
  | { readonly outcome: "apply" }
  /** Held already, if it is the same as what is held there: only the log can say. */
  | { readonly outcome: "duplicate" }
  /** Something between is missing: ask again from the mark. */
  | { readonly outcome: "gap" }
  /** Two histories: a clone or a restored backup. Never merged. */
  | { readonly outcome: "fork"; readonly reason: string };

/** The head of a lane nobody wrote to. */
export const zeroHash = "0".repeat(64);

/**
 * Decides by the chain alone, so no time window is needed: a run applies if it follows the mark in sequence and in hash.
 */
export function mergeRun(mark: Mark | undefined, run: RunHeader): Merge {
  const sequence = mark?.sequence ?? 0;
  const hash = mark?.hash ?? zeroHash;
  if (run.firstSequence > sequence + 1) return { outcome: "gap" };
  if (run.firstSequence === sequence + 1) {
    // A gap stands for what its sender no longer has, so it cannot name the hash before it.
    if (run.previousHash === hash || run.form === "gap") return { outcome: "apply" };
    return { outcome: "fork", reason: `run ${run.firstSequence} does not follow record ${sequence} of epoch ${mark?.epoch ?? "none"}` };
  }
  const known = run.form !== "gap" && hash !== zeroHash; // a gap need not know the chain that it stands for
  if (lastSequence(run) === sequence && run.hash !== hash && known) {
    return { outcome: "fork", reason: `record ${sequence} differs from the one held` };
  }
  if (lastSequence(run) > sequence) return { outcome: "fork", reason: `run ${run.firstSequence} to ${lastSequence(run)} overlaps record ${sequence}` };
  return { outcome: "duplicate" };
}
