/** Which policy a node decides by: that of its desired document, or what follows from its apps' `egress` where the document brings none. */
import { HolonError } from "@holon/core/errors.ts";
import { toHex } from "@holon/core/log/hex.ts";
import { compilePolicy, type CompiledPolicy } from "@holon/core/policy/compile.ts";
import { noPolicy, policyFromEgress, relayedPolicy } from "@holon/core/policy/from-egress.ts";
import { parseAdopted } from "@holon/core/policy/parse-policy.ts";
import type { EgressRule } from "@holon/core/schema/app.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import type { PolicyDocument } from "@holon/core/schema/policy.ts";

export interface PolicyInForce {
  /** Version of the desired document that it came with; 0 before the first. */
  readonly version: number;
  /** Of a written policy. */
  readonly hash: string | undefined;
  readonly own: CompiledPolicy;
  /** For records that were born on nodes below. */
  readonly relayed: CompiledPolicy;
}

export interface PolicyOptions {
  /** Nothing but what is public leaves before a policy has come. */
  readonly isRequired: boolean;
  sha256(bytes: Uint8Array): Uint8Array;
}

/** `HOLON_POLICY_BAD` if the document's policy does not parse or is not what its hash says. */
export function policyOf(desired: Desired | undefined, options: PolicyOptions): PolicyInForce {
  const version = desired?.version ?? 0;
  if (desired?.policy !== undefined) {
    const written = compileDocument(desired.policy, options);
    return { version, hash: desired.policy.hash, own: written, relayed: written };
  }
  if (options.isRequired) return { version, hash: undefined, own: noPolicy, relayed: noPolicy };
  return { version, hash: undefined, own: compilePolicy(policyFromEgress(desired?.apps.flatMap(({ egress }) => egress) ?? [])), relayed: relayedPolicy };
}

/** Before anything is known for certain: a policy is there, and cannot be read. */
export const unreadable: PolicyInForce = { version: 0, hash: undefined, own: noPolicy, relayed: noPolicy };

export function compileDocument({ text, hash }: PolicyDocument, { sha256 }: Pick<PolicyOptions, "sha256">): CompiledPolicy {
  const actual = toHex(sha256(encoder.encode(text)));
  if (actual !== hash) throw new HolonError("HOLON_POLICY_BAD", `the policy that came as ${hash} has the hash ${actual}`, { next: "Adopt it anew with `holon policy set FILE`." });
  return compilePolicy(parseAdopted(text));
}

/** What the rules of one app say of its shared state. The same rules are compiled once. */
export function egressPolicy(rules: readonly EgressRule[]): CompiledPolicy {
  const known = byRules.get(rules);
  if (known !== undefined) return known;
  const compiled = compilePolicy(policyFromEgress(rules));
  byRules.set(rules, compiled);
  return compiled;
}
const byRules = new WeakMap<readonly EgressRule[], CompiledPolicy>();

const encoder = new TextEncoder();
