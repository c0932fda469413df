/**
 * A small model where the data is, a larger one above. What the small one is sure of it answers; the rest goes up as a call, as far as
 * bytes and time allow. Cut off, it answers everything and says how sure it is.
 *
 *     rows ─▶ small model ─▶ gate ─ sure ──────────────────────────▶ answered here
 *                             └─ unsure ─▶ budget ─▶ call up ─────▶ answered above
 *                                            └ cut, bytes, late ──▶ answered here, not sure, `kept` says why
 *
 * What is above may be a cascade itself: gateway, edge, cloud.
 */
import type { Tensor } from "@holon/core/ports.ts";
import { createAsker, type AskerOptions, type CascadeStatus } from "./asker.ts";
import type { Decider, Decision, RowsOf } from "./decision.ts";

export type { CascadeStatus } from "./asker.ts";

export interface CascadeOptions extends AskerOptions {
  /** Its gate says what is sure. */
  readonly small: Decider;
}

export interface Cascade extends Decider {
  status(): CascadeStatus;
}

export function createCascade({ small, ...options }: CascadeOptions): Cascade {
  const asker = createAsker(options);

  async function askAll(x: Tensor, decided: readonly Decision[], unsure: readonly number[], of: RowsOf): Promise<readonly Decision[]> {
    const result = [...decided];
    for await (const { rows, answer } of asker.askAll(x, unsure, of)) {
      for (const [index, row] of rows.entries()) {
        const own = decided[row];
        if (own === undefined) continue;
        result[row] = typeof answer === "string" ? { ...own, kept: answer } : (answer[index] ?? own);
      }
    }
    return result;
  }

  return {
    async decide(x, of) {
      const decided = await small.decide(x, of);
      const unsure = decided.flatMap(({ sure }, row) => (sure ? [] : [row]));
      asker.answeredHere(decided.length - unsure.length);
      return unsure.length === 0 ? decided : askAll(x, decided, unsure, of);
    },
    status: asker.status,
  };
}
