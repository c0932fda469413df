/** What an answer about the fleet says of itself, for people: as of when it is, and of whom nothing is known since when. */
import { completenessSchema, type Completeness } from "@holon/core/telemetry/completeness.ts";
import { z } from "zod";

/** An older node says neither. */
export const knownAccountSchema = z.object({ asOf: z.string().optional(), completeness: completenessSchema.optional() });
export type KnownAccount = z.infer<typeof knownAccountSchema>;

const namedMax = 3;

/** Beside what a list says, where it may not be all: in words, or for programs as the API has it. Who is heard and has not told of the newest minute yet makes no list short. */
export function tellKnown(account: KnownAccount, json: boolean): void {
  const text = printUnheard(account);
  if (text !== undefined) process.stderr.write(`${json ? JSON.stringify(account) : text}\n`);
}

/** Undefined where everybody is heard, or the answer says nothing of itself. */
export function printUnheard({ asOf, completeness }: KnownAccount): string | undefined {
  if (asOf === undefined || completeness === undefined) return undefined;
  const { nodes, states: { silent, slow, awaited } } = completeness;
  const many = silent + slow + awaited;
  if (many === 0) return undefined;
  return `as of ${asOf}: of ${nodes} nodes ${many} may have more to tell${named(completeness, many)}`;
}

/** As `holon node status` says it of all. */
export function printKnown({ asOf, completeness }: Required<KnownAccount>): string {
  if (completeness === undefined) return `as of ${asOf ?? "an unknown time"}`;
  const { nodes, reported, unknown, states: { gone, revoked }, through } = completeness;
  return `as of ${asOf ?? ""}: of ${nodes} nodes ${reported} have told through ${through}, ${unknown} unknown${gone === 0 ? "" : `, ${gone} gone`}${revoked === 0 ? "" : `, ${revoked} revoked`}`;
}

function named({ missing }: Completeness, many: number): string {
  const names = missing.filter(({ state }) => state !== "present" && state !== "crashed").slice(0, namedMax);
  const told = names.map(({ node, state, since, through }) => `${node} is ${state}${since === null ? "" : ` since ${since}`}, ${through === null ? "of which nothing is known" : `known through ${through}`}`);
  return told.length === 0 ? "" : `: ${told.join("; ")}${many > told.length ? `; and ${many - told.length} more` : ""}`;
}
