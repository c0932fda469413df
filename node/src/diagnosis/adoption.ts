/**
 * What this node was found to be made of is adopted from above. Who stands above says who asked and who approved it, and may be lying: where its policy wants two people, or its own
 * configuration names who signs, two of those have signed this very adoption, once. Who asks at this node's own API it knows itself.
 */
import { adoptAskSchema, adoptionWords } from "@holon/core/diagnosis/adoption.ts";
import { diagnosisMethods, type AskedBy } from "@holon/core/diagnosis/ask.ts";
import { HolonError } from "@holon/core/errors.ts";
import type { CellChange } from "@holon/core/log/log.ts";
import { createTurns } from "@holon/core/turns.ts";
import type { NodeName } from "@holon/core/units.ts";
import type { CallHandler } from "../link/calls.ts";
import type { AnsweringContext } from "./answering.ts";
import { createSigning } from "./signed.ts";

export interface AdoptionContext extends AnsweringContext {
  /** Fails as the guard says, and as `more` does where it lets: whether only with another person's approval. */
  demand(by: AskedBy, what: string, session: string, more: (wantsApproval: boolean) => void): Promise<void>;
  fromAbove(answer: (parameters: unknown, from: NodeName) => Promise<unknown>): CallHandler;
}

export function answerAdoption(context: AdoptionContext): void {
  const { config, log, handlers, demand, fromAbove } = context;
  const { adopt: own, shell } = config.diagnosis ?? {};
  const inTurn = createTurns();
  const signing = createSigning(context, { noun: "the adoption", code: "HOLON_ADOPTION_UNSIGNED", prefix: "adopt/" });
  const unsigned = (message: string, next?: string): HolonError => new HolonError("HOLON_ADOPTION_UNSIGNED", message, next === undefined ? {} : { next });

  async function adopt(parameters: unknown, from: NodeName): Promise<unknown> {
    const { by, session, because, found, signed } = adoptAskSchema.parse(parameters);
    let signers: readonly string[] = [];
    let used: readonly CellChange[] = [];
    await demand(by, "node.adopt", session, (wantsApproval) => {
      if (from === log.origin || (!wantsApproval && own === undefined)) return;
      const keys = (own ?? shell)?.signers;
      if (keys === undefined) throw unsigned(`two people have to sign for what ${config.name} is made of, and its configuration names none who could`, "On its machine: `holon node measure FILE --adopt --because TEXT`. For the next time name two people there, under `diagnosis.adopt.signers` of its holon.node.yaml.");
      if (signed === undefined) throw unsigned(`two people have to sign for what ${config.name} is made of, and nobody has`);
      const grant = { node: config.name, id: signed.id, until: signed.until, because, found };
      signers = signing.demandSigned(keys, grant, adoptionWords(grant), signed.signatures);
      used = signing.demandFresh(grant);
    });
    if (used.length > 0) await log.append({ records: [], cells: used });
    return { node: config.name, ...(await context.adopt(nameOf(by, signers), because, found)) };
  }

  handlers.set(diagnosisMethods.adopt, fromAbove((parameters, from) => inTurn(() => adopt(parameters, from))));
}

/** Who signed was proved here; who asked and who approved was said by the node at whose API it was. */
const nameOf = ({ principal, at, approvedBy }: AskedBy, signers: readonly string[]): string =>
  `${principal} at ${at}${signers.length > 0 ? `, signed by ${signers.join(" and ")}` : approvedBy === undefined ? "" : `, approved by ${approvedBy}`}`;
