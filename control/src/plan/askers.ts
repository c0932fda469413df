/** Nodes ask for units that come to them, and of those that left: each in its own name, which its certificate proves where there is an authority, and the way by which it asks elsewhere. */
import { HolonError } from "@holon/core/errors.ts";
import { askedText, movedAskSchema, movingMethods, stateAskSchema, takeAskSchema } from "@holon/core/schema/moving.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { Vouched } from "@holon/core/identity/messages.ts";
import type { ControlHost } from "../control.ts";
import type { Registrar } from "../identity/registrar.ts";
import type { Movers } from "./movers.ts";

export interface AskersOptions {
  readonly host: ControlHost;
  readonly registrar: Pick<Registrar, "signerOf"> | undefined;
  readonly movers: Movers;
  inTurn<Result>(act: () => Promise<Result>): Promise<Result>;
}

type Question = { readonly node: string; readonly vouched?: Vouched | undefined };

export function answerAskers({ host, registrar, movers, inTurn }: AskersOptions): void {
  /** `HOLON_CALL_DENIED`, `HOLON_IDENTITY_…`. */
  async function requireAsker(method: string, question: Question, from: NodeName): Promise<void> {
    const { node, vouched } = question;
    if (from === host.log.origin && node === from) return;
    if (registrar === undefined) {
      if (host.speaksFor?.(from, node) === false) throw new HolonError("HOLON_CALL_DENIED", `${from} asks ${method} in the name of ${node}, which is not below it`);
      return;
    }
    const signer = vouched === undefined ? undefined : await registrar.signerOf(askedText(method, question), vouched);
    if (signer !== node) throw new HolonError("HOLON_CALL_DENIED", `${method} in the name of ${node}, by way of ${from}, is signed by ${signer ?? "nobody"}`);
  }

  const answers = <Asked extends Question>(method: string, schema: { parse(parameters: unknown): Asked }, answer: (asked: Asked) => Promise<unknown>): void =>
    void host.handlers?.set(method, async (parameters, from) => {
      const asked = schema.parse(parameters);
      await requireAsker(method, asked, from);
      return inTurn(() => answer(asked));
    });

  answers(movingMethods.take, takeAskSchema, movers.grant);
  answers(movingMethods.state, stateAskSchema, movers.piece);
  answers(movingMethods.moved, movedAskSchema, (asked) => Promise.resolve({ over: movers.isOver(asked) }));
}
