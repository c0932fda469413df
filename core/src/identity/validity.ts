/**
 * When a certificate is looked at as over, and when it is made anew. Only a clock that is `synced` says that one has expired. Who asks early for a new one harms nobody, so whether
 * it is time is told by any clock; the authority answers by its own.
 */
import type { ClockState } from "../ports.ts";

export interface Validity {
  /** When it was issued and until when it holds, by the authority's clock; milliseconds since 1970. */
  readonly issuedMs: number;
  readonly expiresMs: number;
}

export interface WallTime {
  readonly ms: number;
  readonly state: ClockState;
}

/** A machine that boots in 1970 makes no certificates that are over before they are used. Milliseconds since 1970. */
export const earliestIssuedMs = Date.UTC(2026, 0, 1);

const isPast = ({ expiresMs }: Validity, wall: WallTime): boolean => wall.state === "synced" && wall.ms > expiresMs;

/**
 * Whether somebody's certificate is over, as whoever judges it sees it: whose own is over by the same clock has been away itself, or has a wrong clock, and judges nobody. A certificate
 * that was made anew a moment ago ends later than the judge's, so that nobody is sent for another one again and again.
 */
export const isExpired = (theirs: Validity, own: Validity, wall: WallTime): boolean => isPast(theirs, wall) && !isPast(own, wall);

/** From two thirds of its time on; and where it was issued later than now, so by a clock that was wrong. */
export function isDue({ issuedMs, expiresMs }: Validity, nowMs: number): boolean {
  const validMs = expiresMs - issuedMs;
  return nowMs >= issuedMs + (validMs * 2) / 3 || nowMs < issuedMs - validMs / 3;
}

const everyMsMax = 6 * 3_600_000;
const everyMsMin = 500;

/** How often a node asks whether it is time: a dozen times before it is over, and four before that. */
export const lookEveryMs = ({ issuedMs, expiresMs }: Validity): number => Math.min(everyMsMax, Math.max(everyMsMin, (expiresMs - issuedMs) / 12));
