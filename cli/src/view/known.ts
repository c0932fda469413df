/** What an answer about the fleet says of itself, for people: as of when it is, and of whom nothing is known since when. */
import { completenessSchema } from "@holon/core/telemetry/completeness.ts";
import { toldWords, unheardWords } from "@holon/core/telemetry/known-words.ts";
import { z } from "zod";

/** An older node says neither. */
export const knownAccountSchema = z.object({ asOf: z.string().optional(), completeness: completenessSchema.optional() });
export type KnownAccount = z.infer<typeof knownAccountSchema>;

/** Beside what a list says, where it may not be all: in words, or for programs as the API has it. Who is heard and has not told of the newest minute yet makes no list short. */
export function tellKnown(account: KnownAccount, json: boolean): void {
  const text = printUnheard(account);
  if (text !== undefined) process.stderr.write(`${json ? JSON.stringify(account) : text}\n`);
}

/** Undefined where everybody is heard, or the answer says nothing of itself. */
export function printUnheard({ asOf, completeness }: KnownAccount): string | undefined {
  const text = asOf === undefined || completeness === undefined ? undefined : unheardWords(completeness);
  return text === undefined ? undefined : `as of ${asOf ?? ""}: ${text}`;
}

/** As `holon node status` says it of all. */
export const printKnown = ({ asOf, completeness }: Required<KnownAccount>): string => (completeness === undefined ? `as of ${asOf ?? "an unknown time"}` : `as of ${asOf ?? ""}: ${toldWords(completeness)}`);
