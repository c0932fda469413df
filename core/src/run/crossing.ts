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

/** How a function can fail within its sandbox. What else there is to fail with is the node's to say. */
const ofFunctions: ReadonlySet<ErrorCode> = new Set(["HOLON_UNIT_THREW", "HOLON_UNIT_BAD", "HOLON_UNIT_DIED", "HOLON_SHARED_BAD", "HOLON_SHARED_FULL", "HOLON_STATE_TOO_LARGE"] as const);

/**
 * An error that came out of a sandbox, where its function may have made up all of it: words of its own stand under codes that are known for that. Of any other the words are ours; what it said stays
 * beside, on this node. A code by which a node would wait, or go on at once, is none that a function can give itself.
 */
export function fromSandbox(told: Omit<CrossingError, "code"> & { readonly code: string }): HolonError {
  const code = isErrorCode(told.code) && ofFunctions.has(told.code) ? told.code : "HOLON_UNIT_THREW";
  if (code === told.code && isForeign(code)) return fromCrossing({ ...told, code });
  const { means, next } = errorTable[code];
  return fromCrossing({ code, message: means, next, said: [`${told.code}: ${told.message}`, told.said ?? ""].join("\n").trim() });
}
