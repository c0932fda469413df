/** What a reduction does to data, as rules of a policy name it. */
import type { Transform } from "../policy/transform.ts";
import type { Reduction } from "../schema/reduction.ts";

/** `undefined` where it changes no class. */
export function transformOf(reduction: Reduction): Transform | undefined {
  if (reduction.kind === "discard") return undefined;
  if (reduction.kind === "aggregate") return { kind: "aggregate", count: reduction.countMin };
  if (reduction.kind === "noise") return { kind: "noise", epsilon: reduction.epsilon, budget: reduction.budget };
  if (reduction.kind === "k-anonymise") return { kind: "k-anonymise", k: reduction.k };
  if (reduction.kind === "redact" || reduction.kind === "pseudonymise") return { kind: reduction.kind };
  if (reduction.kind === "judge") return { kind: "function" };
  return reduction.release === undefined ? undefined : { kind: "release" };
}
