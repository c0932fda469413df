/**
 * What a node holds back while its program is not what was adopted: secrets, and whatever did not run before. What ran goes on, so that no site goes dark because of an upgrade that nobody
 * told of.
 */
import { z } from "zod";
import { canonicalJson } from "../json.ts";
import type { AppDocument } from "../schema/app.ts";
import { desiredSchema, type Desired } from "../schema/desired.ts";
import { olderRecordName, recordName, type Difference } from "./measured.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/);
export const firstMax = 8;

export const heldRowSchema = z.object({
  /** By the node's wall clock. */
  sinceMs: z.number(),
  /** Hash of all that was found: who adopts names it. */
  found: hash,
  /** How many files of the program are not what was adopted, and the first of them. */
  count: z.int().min(1),
  first: z.array(z.string().max(1_024)).max(firstMax),
  /** Found before this start of the node, which has not looked yet. */
  isOfBefore: z.literal(true).optional(),
});
export type HeldRow = z.infer<typeof heldRowSchema>;

/** The mark, as it stands on the disk. `ran`: the document that ran when it was put down. */
export const heldMarkSchema = heldRowSchema.extend({ ran: desiredSchema.nullable() }).strict();
export type HeldMark = z.infer<typeof heldMarkSchema>;

export const heldRow = (found: string, sinceMs: number, altered: readonly Difference[]): HeldRow => ({ sinceMs, found, count: altered.length, first: altered.slice(0, firstMax).map(({ what }) => what) });

/** In words, of `program` such as `its program`: names of files up to `max`. */
export function heldWhy(program: string, { first, count, isOfBefore }: HeldRow, max = firstMax): string {
  const named = first.slice(0, max);
  const why = first.includes(olderRecordName)
    ? `nothing says what ${program} is to be: the record of what was adopted that is there is an older one, which another one followed`
    : first.includes(recordName)
      ? `nothing says what ${program} is to be: the record of what was adopted is gone, or is not as the node's key wrote it`
      : `${program} is not what was adopted (${named.join(", ")}${count > named.length ? ` and ${count - named.length} more` : ""})`;
  return isOfBefore === true ? `when it was looked at last, before this start, it was found that ${why}; it is being looked at again` : why;
}

/** A document as far as it brings nothing that did not run before, and the apps that bring something: in their place stands what ran, if anything did. */
export function withoutNews(ran: Desired | undefined, desired: Desired): { readonly document: Desired; readonly news: readonly string[] } {
  const before = appsOf(ran);
  const news = desired.apps.filter((app) => !isPartOf(app, before.get(app.name)));
  return news.length === 0 ? { document: desired, news: [] } : { document: onlyOf(ran, desired), news: news.map(({ name }) => name) };
}

/** What ran, as far as a document still wants it: as it ran, word for word, so that nobody has to verify it again. */
export function onlyOf(ran: Desired | undefined, desired: Desired): Desired {
  const before = appsOf(ran);
  const apps = desired.apps.flatMap((app) => {
    const own = before.get(app.name);
    return own === undefined ? [] : [isPartOf(app, own) ? restrictedTo(own, app) : own];
  });
  return { ...desired, version: ran?.version ?? desired.version, apps };
}

const appsOf = (document: Desired | undefined): ReadonlyMap<string, AppDocument> => new Map((document?.apps ?? []).map((app) => [app.name, app]));
const parts = ["functions", "models", "reductions", "sources"] as const;
const textsOf = (app: AppDocument, part: (typeof parts)[number]): ReadonlySet<string> => new Set((app[part] ?? []).map((one) => canonicalJson(one)));

/** Fewer parts of the same are no news, nor is what may leave: that the guard decides. */
function isPartOf(app: AppDocument, own: AppDocument | undefined): boolean {
  if (own === undefined) return false;
  const rest = ({ functions: _functions, models: _models, reductions: _reductions, sources: _sources, egress: _egress, ...others }: AppDocument): string => canonicalJson(others);
  return rest(app) === rest(own) && parts.every((part) => {
    const known = textsOf(own, part);
    return [...textsOf(app, part)].every((text) => known.has(text));
  });
}

function restrictedTo(own: AppDocument, app: AppDocument): AppDocument {
  const kept = <One>(part: (typeof parts)[number], all: readonly One[]): One[] => {
    const wanted = textsOf(app, part);
    return all.filter((one) => wanted.has(canonicalJson(one)));
  };
  return {
    ...own, functions: kept("functions", own.functions), models: kept("models", own.models), sources: kept("sources", own.sources),
    ...(own.reductions === undefined ? {} : { reductions: kept("reductions", own.reductions) }),
  };
}
