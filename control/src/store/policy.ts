/** What has to be true of a policy before the fleet is told to decide by it. */
import { machineCaller, type Caller } from "@holon/core/api/caller.ts";
import { HolonError } from "@holon/core/errors.ts";
import { compilePolicy, type CompiledPolicy } from "@holon/core/policy/compile.ts";
import { checkExpectations } from "@holon/core/policy/explain.ts";
import { parseAdopted, parsePolicy } from "@holon/core/policy/parse-policy.ts";
import type { Decision, Policy } from "@holon/core/policy/policy.ts";
import type { Principal } from "@holon/core/policy/principal.ts";
import { roleFact, type CallerRole } from "@holon/core/policy/roles.ts";
import type { KnownUser } from "./people.ts";

export interface KnownPolicy {
  readonly name: string;
  readonly version: number;
  readonly hash: string;
  readonly text: string;
  readonly adoptedAt: string;
}

/** `HOLON_POLICY_BAD`, `HOLON_POLICY_UNMET`, or `HOLON_POLICY_DENIED` where nobody could replace it any more. */
export function checkPolicy(text: string, held: KnownPolicy | undefined, users: readonly KnownUser[] = []): Policy {
  const policy = parsePolicy(text);
  if (held !== undefined && policy.version <= held.version) {
    throw new HolonError("HOLON_POLICY_BAD", `policy ${policy.name} has version ${policy.version}, and version ${held.version} of ${held.name} is in force`, { next: `Give it version ${held.version + 1} in its first line.` });
  }
  const unmet = checkExpectations(policy).find(({ holds }) => !holds);
  if (unmet !== undefined) throw new HolonError("HOLON_POLICY_UNMET", `the expectation in line ${unmet.expectation.line} does not hold: ${unmet.decision.reason}`);
  requireReplaceable(policy, users);
  return policy;
}

/** Asks the policy in force, read once for each. Without one roles alone decide. */
export function createMayCall(held: () => KnownPolicy | undefined): (principal: Principal, role: CallerRole, resource: string) => boolean {
  let read: { readonly hash: string | undefined; readonly policy: CompiledPolicy } | undefined;
  return (principal, role, resource) => {
    const now = held();
    if (read === undefined || read.hash !== now?.hash) read = { hash: now?.hash, policy: compilePolicy(parseAdopted(now?.text ?? "policy none 1\n")) };
    return read.policy.decide(principal, "call", { name: resource }, { facts: { [roleFact]: role } }).allow;
  };
}

/** By an owner, and by two people where it wants two; by the machine's token where nobody owns the fleet. */
function requireReplaceable(policy: Policy, users: readonly KnownUser[]): void {
  const { decide } = compilePolicy(policy);
  const ask = ({ principal, role }: Caller, name: string): Decision => decide(principal, "call", { name }, { facts: { [roleFact]: role } });
  const people = users.map(({ name, role }): Caller => ({ principal: { kind: "person", name }, role }));
  const owners = people.filter(({ role }) => role === "owner");
  const mayApprove = (one: Caller): boolean => people.some((other) => other !== one && ask(other, "POST/v1/approvals/{approval}/approve").allow);
  const answers = (owners.length === 0 ? [machineCaller] : owners).map((caller) => ({ caller, decision: ask(caller, "PUT/v1/policy") }));
  if (answers.some(({ caller, decision }) => decision.allow || (decision.wantsApproval === true && mayApprove(caller)))) return;
  const reason = answers[0]?.decision.reason ?? "";
  throw new HolonError("HOLON_POLICY_DENIED", `under this policy nobody could adopt another: ${reason}`, { next: owners.length === 0 ? "Let `token machine` call PUT/v1/policy." : "Let an owner call PUT/v1/policy; where it wants approval, let another person give it." });
}
