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
import { createAsker, pickRows, type AskerOptions, type CascadeStatus } from "./asker.ts";
import type { Decider, Decision, RowsOf } from "./decision.ts";

export type { CascadeStatus } from "./asker.ts";

export interface CascadeOptions extends AskerOptions {
  /** Its gate says what is sure. */
  readonly small: Decider;
  /** The large one is asked at once: control found that to be cheaper. The small one still answers where nobody else does, and now and then first, so that it stays known what it is sure of. */
  readonly skips?: boolean;
}

/** Of calls that skip the small model, each so many-th does not. */
const seenEvery = 32;

export interface Cascade extends Decider {
  status(): CascadeStatus;
}

export function createCascade({ small, skips = false, ...options }: CascadeOptions): Cascade {
  const asker = createAsker(options);
  let [calls, direct] = [0, 0];

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

  /** Answered above, or here where that cannot be. */
  async function askAtOnce(x: Tensor, of: RowsOf): Promise<readonly Decision[]> {
    const count = x.shape[0] ?? 0;
    direct += count;
    const result: Decision[] = [];
    for await (const { rows, answer } of asker.askAll(x, [...Array(count).keys()], of)) {
      if (typeof answer === "string") result.push(...(await small.decide(pickRows(x, rows), of)).map((own) => ({ ...own, kept: answer })));
      else result.push(...answer);
    }
    return result;
  }

  return {
    async decide(x, of) {
      calls += 1;
      if (skips && calls % seenEvery !== 0) return askAtOnce(x, of);
      const decided = await small.decide(x, of);
      const unsure = decided.flatMap(({ sure }, row) => (sure ? [] : [row]));
      asker.answeredHere(decided.length - unsure.length);
      return unsure.length === 0 ? decided : askAll(x, decided, unsure, of);
    },
    status: () => ({ ...asker.status(), ...(direct === 0 ? {} : { direct }) }),
  };
}
