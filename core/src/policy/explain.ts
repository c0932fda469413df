/** Why a decision came out as it did, rule by rule; and whether a policy's own expectations hold. */
import { baseRules, compilePolicy, type CompiledPolicy } from "./compile.ts";
import { mismatch } from "./match.ts";
import type { Decision, Expectation, Policy, Request, Rule } from "./policy.ts";

export interface ExplainedRule {
  readonly rule: Rule;
  /** The first clause that does not fit; undefined where the rule is for the request. */
  readonly mismatch: string | undefined;
}

export interface Explained {
  readonly decision: Decision;
  /** Rules about the action: what Holon holds to, the text, what roles may. */
  readonly rules: readonly ExplainedRule[];
}

export function explain({ policy, decide }: CompiledPolicy, request: Request): Explained {
  const { principal, action, resource, context } = request;
  const about = [...baseRules.rules, ...policy.rules, ...baseRules.after].filter(({ does }) => does.includes(action));
  return { decision: decide(principal, action, resource, context), rules: about.map((rule) => ({ rule, mismatch: mismatch(rule, request) })) };
}

export interface CheckedExpectation {
  readonly expectation: Expectation;
  readonly decision: Decision;
  readonly holds: boolean;
}

export function checkExpectations(policy: Policy): readonly CheckedExpectation[] {
  const { decide } = compilePolicy(policy);
  return policy.expectations.map((expectation) => {
    const { principal, action, resource, context } = expectation.request;
    const decision = decide(principal, action, resource, context);
    return { expectation, decision, holds: decision.allow === expectation.allow && (decision.wantsApproval ?? false) === (expectation.wantsApproval ?? false) && (expectation.rule === undefined || expectation.rule === decision.rule) };
  });
}
