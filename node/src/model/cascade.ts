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
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import type { LinkBudget } from "@holon/core/link/budget.ts";
import { limits } from "@holon/core/limits.ts";
import { packTensor } from "@holon/core/model/packed.ts";
import type { Clock, Tensor } from "@holon/core/ports.ts";
import { parseAnswer, type ModelRequest } from "./answer.ts";
import type { Decider, Decision, RowsOf } from "./decision.ts";

export interface CascadeOptions {
  /** Its gate says what is sure. */
  readonly small: Decider;
  readonly above: {
    readonly model: string;
    /** `model.answer` of this, about so many rows. */
    ask(request: ModelRequest, rows: number, deadlineMs: number, of: RowsOf): Promise<unknown>;
  };
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Bytes of requests, before the link compresses them. */
  readonly budget: LinkBudget;
  /** An answer that takes longer is not waited for. */
  readonly deadlineMs: number;
}

export interface CascadeStatus {
  /** Rows by who answered and why. */
  readonly here: number;
  readonly above: number;
  readonly kept: Readonly<Record<NonNullable<Decision["kept"]>, number>>;
  /** Bytes of requests. */
  readonly askedBytes: number;
}

export interface Cascade extends Decider {
  status(): CascadeStatus;
}

export function createCascade({ small, above, clock, budget, deadlineMs }: CascadeOptions): Cascade {
  const counts = { here: 0, above: 0, kept: { cut: 0, bytes: 0, late: 0, refused: 0 }, askedBytes: 0 };

  /** What is known above of these rows, or why nothing is. */
  async function ask(rows: Tensor, of: RowsOf): Promise<readonly Decision[] | NonNullable<Decision["kept"]>> {
    const request = { model: above.model, x: packTensor(rows) };
    const bytes = request.x.values.length;
    const nowMs = clock.monotonicMs();
    if (budget.waitMs(bytes, false, nowMs) > 0) return "bytes";
    budget.charge(bytes, nowMs);
    counts.askedBytes += bytes;
    try {
      const count = rows.shape[0] ?? 0;
      return parseAnswer(await above.ask(request, count, deadlineMs, of), count);
    } catch (error) {
      return whyKept(toHolonError(error));
    }
  }

  async function askAll(x: Tensor, decided: readonly Decision[], unsure: readonly number[], of: RowsOf): Promise<readonly Decision[]> {
    const result = [...decided];
    const step = rowsInCall(x);
    for (let from = 0; from < unsure.length; from += step) {
      const part = unsure.slice(from, from + step);
      const answer = await ask(pick(x, part), of);
      for (const [index, row] of part.entries()) {
        const own = decided[row];
        if (own === undefined) continue;
        if (typeof answer === "string") {
          counts.kept[answer] += 1;
          result[row] = { ...own, kept: answer };
        } else {
          counts.above += 1;
          result[row] = answer[index] ?? own;
        }
      }
    }
    return result;
  }

  return {
    async decide(x, of) {
      const decided = await small.decide(x, of);
      const unsure = decided.flatMap(({ sure }, row) => (sure ? [] : [row]));
      counts.here += decided.length - unsure.length;
      return unsure.length === 0 ? decided : askAll(x, decided, unsure, of);
    },
    status: () => ({ ...counts, kept: { ...counts.kept } }),
  };
}

function whyKept({ code }: HolonError): NonNullable<Decision["kept"]> {
  if (code === "HOLON_CALL_TIMEOUT") return "late";
  return code === "HOLON_NODE_UNKNOWN" || code === "HOLON_LINK_UNREACHABLE" || code === "HOLON_LINK_CUT" ? "cut" : "refused";
}

/** As many rows as fit into one call, whichever way they are packed, with room for what stands around them. */
function rowsInCall({ shape, values }: Tensor): number {
  const width = values.length / Math.max(1, shape[0] ?? 1);
  return Math.max(1, Math.floor((limits.callBytesMax - 4_096) / (((width * 4 + 2) / 3) * 4)));
}

function pick({ shape, values }: Tensor, rows: readonly number[]): Tensor {
  const width = values.length / Math.max(1, shape[0] ?? 1);
  const picked = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries()) picked.set(values.subarray(row * width, (row + 1) * width), index * width);
  return { shape: [rows.length, ...shape.slice(1)], values: picked };
}
