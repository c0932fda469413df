/** Whole numbers as flags give them. */
import { HolonError } from "@holon/core/errors.ts";

/** `HOLON_ARGUMENT_BAD` for what is none, or is not from `min` to `max`. */
export function wholeNumber(flag: string, text: string, { min = 0, max }: { readonly min?: number; readonly max?: number } = {}): number {
  const value = Number(text);
  if (/^\d{1,12}$/.test(text) && value >= min && value <= (max ?? value)) return value;
  throw new HolonError("HOLON_ARGUMENT_BAD", `${flag} is a whole number${max === undefined ? "" : ` from ${min} to ${max}`}, not ${text}`);
}
