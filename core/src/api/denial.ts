/** That somebody may call a route, and not ask this of it: by who they are, not by what is there. It stands in the trail as what the guard denies does. */
import { HolonError, type ErrorCode } from "../errors.ts";

export class Denial extends HolonError {
  /** What the trail calls it. */
  readonly rule: string;

  constructor(rule: string, code: ErrorCode, message: string, options: { readonly next?: string } = {}) {
    super(code, message, options);
    this.rule = rule;
  }
}

/** By which rule a route itself refused somebody; undefined of a failure that is no refusal. */
export function denyingRule(error: unknown): string | undefined {
  if (error instanceof Denial) return error.rule;
  return error instanceof HolonError && error.code === "HOLON_POLICY_DENIED" ? "route" : undefined;
}
