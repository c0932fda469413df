/** Where four eyes can be had by two: calls by which one person makes the other. */
import { compilePolicy } from "./compile.ts";
import type { Policy } from "./policy.ts";
import { roleFact } from "./roles.ts";

/** By each of them an owner would get at another's account, or make one. */
const makingPeople = [
  ["POST/v1/users", "makes a user"],
  ["PUT/v1/users/{user}/role", "gives a user another role"],
  ["PUT/v1/users/{user}/password", "sets the password of another"],
] as const;

/** Of a policy that has calls approved by another person: what an owner may do alone that gets round it, as sentences. */
export function approvalGaps(policy: Policy): readonly string[] {
  if (!policy.rules.some(({ effect, does }) => effect === "approve" && does.includes("call"))) return [];
  const { decide } = compilePolicy(policy);
  const alone = makingPeople.filter(([name]) => decide({ kind: "person", name: "owner" }, "call", { name }, { facts: { [roleFact]: "owner" } }).allow);
  return alone.map(([name, what]) => `an owner ${what} alone (${name}), and so can approve with another's account what is to be approved by two: let an \`approve\` rule name it`);
}
