/** An error as it crosses between threads, where classes are lost. */
import { HolonError, isErrorCode, toHolonError, type ErrorCode } from "../errors.ts";

export interface CrossingError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly next: string;
  /** What the cause said; it may hold readings and stays on this node. */
  readonly said: string | undefined;
}

const saidMax = 2_000;

export function toCrossing(error: unknown): CrossingError {
  const { code, message, next, cause } = toHolonError(error);
  const said = cause instanceof Error ? (cause.stack ?? cause.message) : cause === undefined ? undefined : String(cause);
  return { code, message, next, said: said?.slice(0, saidMax) };
}

export function fromCrossing({ code, message, next, said }: CrossingError): HolonError {
  const cause = said === undefined ? undefined : new Error(said);
  return new HolonError(isErrorCode(code) ? code : "HOLON_INTERNAL", message, { next, cause });
}
