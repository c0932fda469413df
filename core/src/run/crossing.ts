/** An error as it crosses between threads, where classes are lost. */
import { errorTable, HolonError, isErrorCode, toHolonError, type ErrorCode } from "../errors.ts";
import { isForeign } from "./foreign.ts";

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

/**
 * An error that came out of a sandbox, where its function may have made up all of it: words of its own stand under codes that are known for that. Of any other the words are ours; what it said stays
 * beside, on this node.
 */
export function fromSandbox(told: CrossingError): HolonError {
  const code = isErrorCode(told.code) ? told.code : "HOLON_UNIT_DIED";
  if (isForeign(code)) return fromCrossing({ ...told, code });
  const { means, next } = errorTable[code];
  return fromCrossing({ code, message: means, next, said: [told.message, told.said ?? ""].join("\n").trim() });
}
