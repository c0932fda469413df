/** Which nodes a chart is asked of, and which of their figures a row. */
import type { Account } from "@holon/core/api/account.ts";
import { HolonError } from "@holon/core/errors.ts";
import { parseKey } from "@holon/core/telemetry/key.ts";
import type { SeriesQuery } from "@holon/core/telemetry/series.ts";
import type { Window } from "@holon/core/telemetry/window.ts";

export const wholeFleet = ({ node, site, by }: SeriesQuery): boolean => node === undefined && site === undefined && by !== "node" && by !== "site";

export const chosen = ({ node, site }: SeriesQuery) => (name: string, of: string): boolean => (node === undefined || name === node) && (site === undefined || of === site);

export function nobodyFits({ node, site }: SeriesQuery, known: Account): HolonError {
  const who = node === undefined ? `no node of the site ${site ?? ""}` : `no node ${node}${site === undefined ? "" : ` at the site ${site}`}`;
  return new HolonError("HOLON_NODE_UNKNOWN", `${who} is known here, as of ${known.asOf}`, { next: "GET /v1/fleet names those that are; ask a node above for others.", known });
}

/** Gauges as they are, sums as a rate per second. */
export function figuresOf(window: Window | undefined, wanted: readonly string[]): Readonly<Record<string, number>> {
  const figures: Record<string, number> = {};
  if (window === undefined) return figures;
  const isWanted = (key: string): boolean => wanted.includes(parseKey(key)?.name ?? "");
  const seconds = Math.max(0.001, (window.endMs - window.startMs) / 1_000);
  for (const [key, sum] of Object.entries(window.sums)) if (isWanted(key)) figures[key] = sum / seconds;
  for (const [key, [last]] of Object.entries(window.gauges)) if (isWanted(key)) figures[key] = last;
  return figures;
}
