/** Asks the model above about rows, as far as bytes and time allow, and counts who answered. */
import { toHolonError, type HolonError } from "@holon/core/errors.ts";
import type { LinkBudget } from "@holon/core/link/budget.ts";
import { limits } from "@holon/core/limits.ts";
import { packTensor } from "@holon/core/model/packed.ts";
import type { Clock, Tensor } from "@holon/core/ports.ts";
import { parseAnswer, type ModelRequest } from "./answer.ts";
import type { Decider, Decision, RowsOf } from "./decision.ts";

export type Kept = NonNullable<Decision["kept"]>;

export interface AskerOptions {
  readonly above: {
    readonly model: string;
    /** It stands on this node, too, and nothing has to go anywhere. */
    here?(): Decider | undefined;
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
  readonly kept: Readonly<Record<Kept, number>>;
  /** Bytes of requests. */
  readonly askedBytes: number;
  /** Rows of which the large model was asked without the small one's word. */
  readonly direct?: number | undefined;
}

export interface Asker {
  /** Of these rows, in parts that fit into a call: of each part what is known above, or why nothing is. */
  askAll(x: Tensor, rows: readonly number[], of: RowsOf): AsyncIterable<{ readonly rows: readonly number[]; readonly answer: readonly Decision[] | Kept }>;
  /** Rows that were answered without asking. */
  answeredHere(rows: number): void;
  status(): CascadeStatus;
}

export function createAsker({ above, clock, budget, deadlineMs }: AskerOptions): Asker {
  const counts = { here: 0, above: 0, kept: { cut: 0, bytes: 0, late: 0, refused: 0 }, askedBytes: 0 };

  async function ask(rows: Tensor, of: RowsOf): Promise<readonly Decision[] | Kept> {
    const beside = above.here?.();
    if (beside !== undefined) return beside.decide(rows, of).catch((error: unknown) => whyKept(toHolonError(error)));
    const { traceparent } = of;
    const request = { model: above.model, x: packTensor(rows), ...(traceparent === undefined ? {} : { traceparent }) };
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

  return {
    async *askAll(x, rows, of) {
      const step = rowsInCall(x);
      for (let from = 0; from < rows.length; from += step) {
        const part = rows.slice(from, from + step);
        const answer = await ask(part.length === x.shape[0] ? x : pickRows(x, part), of);
        if (typeof answer === "string") counts.kept[answer] += part.length;
        else counts.above += part.length;
        yield { rows: part, answer };
      }
    },
    answeredHere(rows) {
      counts.here += rows;
    },
    status: () => ({ ...counts, kept: { ...counts.kept } }),
  };
}

function whyKept({ code }: HolonError): Kept {
  if (code === "HOLON_CALL_TIMEOUT") return "late";
  return code === "HOLON_NODE_UNKNOWN" || code === "HOLON_LINK_UNREACHABLE" || code === "HOLON_LINK_CUT" ? "cut" : "refused";
}

/** As many rows as fit into one call, whichever way they are packed, with room for what stands around them. */
function rowsInCall({ shape, values }: Tensor): number {
  const width = values.length / Math.max(1, shape[0] ?? 1);
  return Math.max(1, Math.floor((limits.callBytesMax - 4_096) / (((width * 4 + 2) / 3) * 4)));
}

export function pickRows({ shape, values }: Tensor, rows: readonly number[]): Tensor {
  const width = values.length / Math.max(1, shape[0] ?? 1);
  const picked = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries()) picked.set(values.subarray(row * width, (row + 1) * width), index * width);
  return { shape: [rows.length, ...shape.slice(1)], values: picked };
}
