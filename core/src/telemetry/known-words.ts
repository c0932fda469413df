/** What an answer about the fleet says of how much is known, in words: never a count of the unknown without the time through which that was looked at. */
import type { Completeness } from "./completeness.ts";

const namedMax = 3;

/** Who is not heard now, or is late: they may have more to tell, however far everybody has told. Undefined where everybody is heard. */
export function unheardWords(completeness: Completeness): string | undefined {
  const { nodes, states: { silent, slow, awaited } } = completeness;
  const many = silent + slow + awaited;
  return many === 0 ? undefined : `of ${nodes} nodes ${many} may have more to tell${named(completeness, many)}`;
}

/** How many have told through which time. */
export function toldWords({ nodes, reported, unknown, states: { gone, revoked }, through }: Completeness): string {
  return `of ${nodes} nodes ${reported} have told through ${through}, ${unknown} unknown${gone === 0 ? "" : `, ${gone} gone`}${revoked === 0 ? "" : `, ${revoked} revoked`}`;
}

function named({ missing }: Completeness, many: number): string {
  const names = missing.filter(({ state }) => state !== "present" && state !== "crashed").slice(0, namedMax);
  const told = names.map(({ node, state, since, through }) => `${node} is ${state}${since === null ? "" : ` since ${since}`}, ${through === null ? "of which nothing is known" : `known through ${through}`}`);
  return told.length === 0 ? "" : `: ${told.join("; ")}${many > told.length ? `; and ${many - told.length} more` : ""}`;
}
