/**
 * Which traces may be thinned in a long outage: pure, by the rule of windows (`thinning.ts`). None in the first hour; behind that seven of eight that were sampled, chosen by their ids, so that whoever decides keeps the same ones. Steps of
 * those wait where they were made: if the outage ends within the hour, they are of its last one, and go up whole. What is kept for its alarm or error is not thinned here.
 */
const keptOf256 = 32;

export function isThinned(traceId: string, incidentMs: number | undefined, nowMs: number, fullMs: number): boolean {
  if (incidentMs === undefined || nowMs - incidentMs < fullMs) return false;
  return Number.parseInt(traceId.slice(-2), 16) >= keptOf256; // the last digits are the random ones of whatever made it (W3C Trace Context, level 2)
}
