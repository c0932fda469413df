/** The policy of a node whose document brings none: what its apps' `egress` says of its own records, and everything else as it was before policies. */
import { dataClasses } from "../schema/event.ts";
import type { EgressRule } from "../schema/app.ts";
import { compilePolicy, type CompiledPolicy } from "./compile.ts";
import type { Policy, Rule } from "./policy.ts";

const empty = { what: [], classes: [], into: [], from: undefined, to: undefined, through: [], when: [], line: 0, because: undefined } as const;
const anyone = [{ kind: "any", name: "*" }] as const;
const anywhere = { outside: false, names: ["*"] } as const;

const everythingElse: Rule = { ...empty, effect: "permit", name: "egress rest", who: anyone, does: ["lower", "run", "open", "use"] };
/** Of any class, too: the author's word is all there is. */
const everySource: Rule = { ...everythingElse, does: ["open"], classes: dataClasses };

export function policyFromEgress(rules: readonly EgressRule[]): Policy {
  const unique = new Map(rules.map((rule) => [`${rule.class} ${rule.to}`, rule]));
  const leaving = [...unique.values()].map((rule): Rule => ({ ...empty, effect: "permit", name: `egress ${rule.class} to ${rule.to}`, who: anyone, does: ["leave", "share", "ask"], classes: [rule.class], from: anywhere, to: { outside: false, names: [rule.to] } }));
  return { name: "egress", version: 1, rules: [...leaving, everythingElse, everySource], expectations: [] };
}

/** Records of nodes below were decided where they were born; here only what may never travel is held back. */
export const relayedPolicy: CompiledPolicy = compilePolicy({
  name: "relayed",
  version: 1,
  rules: [{ ...empty, effect: "permit", name: "relayed", who: anyone, does: ["leave", "share", "ask"], classes: ["derived", "aggregate"] }],
  expectations: [],
});

/** Until a policy has come, where one is required. */
export const noPolicy: CompiledPolicy = compilePolicy({ name: "none", version: 1, rules: [everythingElse, everySource], expectations: [] });
