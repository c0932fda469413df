import { HolonError, type ErrorCode } from "@holon/core/errors.ts";

/** What the library says, by the attack that it means. It wraps its errors as text, so that text is all there is to go by. */
const meanings: readonly (readonly [RegExp, ErrorCode])[] = [
  [/is expired/, "HOLON_SIGNATURE_EXPIRED"],
  [/signed by \d+\/\d+ keys/, "HOLON_SIGNATURE_UNMET"],
  [/is less than current version|Expected version \d+, got \d+|Missing file .+ in new snapshot/, "HOLON_SIGNATURE_ROLLED_BACK"],
  [/Expected (?:hash|length)|doesn't match timestamp|does not match snapshot version/, "HOLON_SIGNATURE_MIXED"],
  [/is not there/, "HOLON_SIGNATURE_MISSING"],
];

/** `error` itself where it has a code already. */
export function signatureError(error: unknown): HolonError {
  if (error instanceof HolonError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = meanings.find(([pattern]) => pattern.test(message))?.[1] ?? "HOLON_SIGNATURE_BAD";
  return new HolonError(code, message, { cause: error });
}
