/**
 * Which traces are followed in a long outage: pure, by the rule of windows (`thinning.ts`). All in the first hour; behind that one of eight that were sampled, chosen by its id, so that whoever decides keeps the same ones. What is
 * kept for its alarm or error is not thinned here.
 */
const keptOf256 = 32;

export function isThinned(traceId: string, incidentMs: number | undefined, nowMs: number, fullMs: number): boolean {
  if (incidentMs === undefined || nowMs - incidentMs < fullMs) return false;
  return Number.parseInt(traceId.slice(-2), 16) >= keptOf256; // the last digits are the random ones of whatever made it (W3C Trace Context, level 2)
}
