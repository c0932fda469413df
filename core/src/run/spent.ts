/** What a batch cost that came to nothing: it stands beside the error, since there is no result to hold it. */
import type { HolonError } from "../errors.ts";
import type { UnitUsage } from "../ports.ts";

const spentByError = new WeakMap<HolonError, UnitUsage>();

/** The error itself, of which it is known now what was used until it came. */
export function withSpent(error: HolonError, spent: UnitUsage | undefined): HolonError {
  if (spent !== undefined) spentByError.set(error, spent);
  return error;
}

/** Undefined where nobody could tell. */
export const spentUntil = (error: HolonError): UnitUsage | undefined => spentByError.get(error);
