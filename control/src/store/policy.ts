/** What has to be true of a policy before the fleet is told to decide by it. */
import { machineToken } from "@holon/core/api/guarded.ts";
import { HolonError } from "@holon/core/errors.ts";
import { compilePolicy } from "@holon/core/policy/compile.ts";
import { checkExpectations } from "@holon/core/policy/explain.ts";
import { parsePolicy } from "@holon/core/policy/parse-policy.ts";
import type { Policy } from "@holon/core/policy/policy.ts";

export interface KnownPolicy {
  readonly name: string;
  readonly version: number;
  readonly hash: string;
  readonly text: string;
  readonly adoptedAt: string;
}

/** `HOLON_POLICY_BAD`, `HOLON_POLICY_UNMET`, or `HOLON_POLICY_DENIED` where nobody could replace it any more. */
export function checkPolicy(text: string, held: KnownPolicy | undefined): Policy {
  const policy = parsePolicy(text);
  if (held !== undefined && policy.version <= held.version) {
    throw new HolonError("HOLON_POLICY_BAD", `policy ${policy.name} has version ${policy.version}, and version ${held.version} of ${held.name} is in force`, { next: `Give it version ${held.version + 1} in its first line.` });
  }
  const unmet = checkExpectations(policy).find(({ holds }) => !holds);
  if (unmet !== undefined) throw new HolonError("HOLON_POLICY_UNMET", `the expectation in line ${unmet.expectation.line} does not hold: ${unmet.decision.reason}`);
  const replaced = compilePolicy(policy).decide(machineToken, "call", { name: "PUT/v1/policy" }, {});
  if (!replaced.allow) throw new HolonError("HOLON_POLICY_DENIED", `under this policy nobody could adopt another: ${replaced.reason}`, { next: "Let `token machine` call PUT/v1/policy." });
  return policy;
}
