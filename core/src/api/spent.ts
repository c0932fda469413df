/**
 * What a call uses up before it is made, and has back where it has surely done nothing. It is spent first: where the power fails in between it is lost, and nothing is done twice with it.
 */
import type { ErrorCode } from "../errors.ts";
import { undoneCode } from "./undone.ts";

/** An approval that a call has used up. */
export interface Spent {
  /** The call failed with this code, and nothing of it was done: whoever made it may make it again. Where something was written since all the same, it stays spent. */
  giveBack(code: ErrorCode): Promise<void>;
}

/** Of one call. */
export interface Account {
  readonly spends: (spent: Spent | undefined) => void;
  /** The call failed so. */
  settle(error: unknown): Promise<void>;
}

/** `handsOn`: what another did before it failed is not known here. */
export function openAccount({ handsOn }: { readonly handsOn?: boolean }): Account {
  const all: Spent[] = [];
  return {
    spends(spent) {
      if (spent !== undefined) all.push(spent);
    },
    async settle(error) {
      const code = handsOn === true ? undefined : undoneCode(error);
      if (code === undefined) return;
      for (const spent of all) {
        try {
          await spent.giveBack(code);
        } catch {
          // Where the disk takes no more it is lost as well; what is told is why the call failed.
        }
      }
    },
  };
}
