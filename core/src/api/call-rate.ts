/** How often somebody may call: so many at once, and so many a second after that. In monotonic time. */
import { limits } from "../limits.ts";

interface Bucket {
  calls: number;
  atMs: number;
}

/** How long who calls has to wait; 0 where the call may go on, and is counted. */
export function createCallRate(nowMs: () => number): (who: string) => number {
  const buckets = new Map<string, Bucket>();
  const refilled = ({ calls, atMs }: Bucket, now: number): number => Math.min(limits.apiCallsAtOnce, calls + ((now - atMs) * limits.apiCallsPerSecond) / 1_000);
  return (who) => {
    const now = nowMs();
    if (!buckets.has(who) && buckets.size >= limits.apiCallersCounted) {
      for (const [name, bucket] of buckets) if (refilled(bucket, now) >= limits.apiCallsAtOnce) buckets.delete(name);
    }
    const place = buckets.has(who) || buckets.size < limits.apiCallersCounted ? who : rest;
    const calls = refilled(buckets.get(place) ?? { calls: limits.apiCallsAtOnce, atMs: now }, now);
    const may = calls >= 1;
    buckets.set(place, { calls: may ? calls - 1 : calls, atMs: now });
    return may ? 0 : Math.ceil(((1 - calls) * 1_000) / limits.apiCallsPerSecond);
  };
}

/** Nobody's name: those for whom there is no room are counted as one. */
const rest = "";
