/** Who stands above asks what this node is made of, and is answered with what its TPM signed of it. */
import { HolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import { quoteAnswerSchema, quoteAskSchema, quotedLines, quoteKeyText, quoteMethod, type QuoteAnswer } from "@holon/core/measure/quote.ts";
import type { Attestor, Identity } from "@holon/core/ports.ts";
import { createTurns } from "@holon/core/turns.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { CallHandler } from "../link/calls.ts";
import type { MeasureStatus } from "./watch.ts";

export interface QuotingOptions {
  readonly self: NodeName;
  readonly handlers: Map<string, CallHandler>;
  readonly attestor: Attestor;
  readonly identity: Pick<Identity, "vouch"> | undefined;
  /** Who is above, by name. */
  above(): NodeName | undefined;
  status(): MeasureStatus | undefined;
}

export function answerQuotes({ self, handlers, attestor, identity, above, status }: QuotingOptions): void {
  const inTurn = createTurns();
  let waiting = 0;

  async function answer(nonce: string): Promise<QuoteAnswer> {
    const { digests, altered } = status() ?? {};
    if (digests === undefined) throw new HolonError("HOLON_CALL_BUSY", `${self} has not measured yet what it is made of, or nothing was adopted`);
    const quote = await attestor.quote(quotedLines(digests.adopted, digests.found, altered ?? []), nonce);
    return quoteAnswerSchema.parse({ quote, vouched: identity?.vouch(quoteKeyText(quote.keyPem)) });
  }

  handlers.set(quoteMethod, async (parameters, from) => {
    const { nonce } = quoteAskSchema.parse(parameters);
    if (from !== above() && from !== self) throw new HolonError("HOLON_CALL_DENIED", `${from} asks ${self} for a quote, and does not stand above it`);
    if (waiting >= limits.quotesWaitingMax) throw new HolonError("HOLON_CALL_BUSY", `${waiting} quotes of ${self} are being made already`);
    waiting += 1;
    try {
      return await inTurn(() => answer(nonce));
    } finally {
      waiting -= 1;
    }
  });
}

/** What `holon.node.condition` says of it. */
export function measuredCondition(status: MeasureStatus | undefined, attestor: Attestor | undefined): { readonly measured?: "unmeasured" | "adopted" | "altered"; readonly altered?: { readonly count: number; readonly first: string[] }; readonly held?: { readonly since: string; readonly found: string }; readonly quotes?: boolean } {
  if (status === undefined) return {};
  const { state, altered, digests, held } = status;
  const heldBack = held === undefined ? {} : { held: { since: isoTime(held.sinceMs), found: held.found } };
  if (state === "measuring") return heldBack;
  return {
    measured: state,
    ...heldBack,
    ...(altered.length === 0 ? {} : { altered: { count: altered.length, first: altered.slice(0, 8).map(({ what }) => what) } }),
    ...(attestor === undefined || digests === undefined ? {} : { quotes: true }),
  };
}
