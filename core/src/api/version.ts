/** Optimistic concurrency (RFC 9110, section 13): a change is made only to the version that its author has seen. */
import { HolonError } from "../errors.ts";

export interface VersionDemand {
  /** `If-Match`: one of these is to be the present version; `*` is any. */
  readonly ifMatch?: readonly string[];
  /** `If-None-Match: *`: there is to be none yet. */
  readonly isNew?: boolean;
}

/** `present`: undefined where there is no such resource. `HOLON_VERSION_OTHER`. */
export function demandVersion(what: string, present: string | undefined, { ifMatch, isNew }: VersionDemand = {}): void {
  if (isNew === true && present !== undefined) throw other(`${what} is there already, as version ${present}`);
  if (ifMatch === undefined || (present !== undefined && (ifMatch.includes("*") || ifMatch.includes(present)))) return;
  throw other(present === undefined ? `there is no ${what}` : `${what} is at version ${present}, and the call was made for ${ifMatch.join(" or ")}`);
}

const other = (message: string): HolonError => new HolonError("HOLON_VERSION_OTHER", message);

/** Undefined where the text is no list of entity tags. Weak ones never match a change (RFC 9110, section 8.8.3.2). */
export function parseEntityTags(text: string): readonly string[] | undefined {
  if (text.trim() === "*") return ["*"];
  const tags: string[] = [];
  for (const part of text.split(",")) {
    const match = /^\s*(W\/)?"([^"]*)"\s*$/.exec(part);
    if (match === null) return undefined;
    if (match[1] === undefined) tags.push(match[2] ?? "");
  }
  return tags;
}

export const printEntityTag = (version: string): string => `"${version}"`;
