/** Where four eyes can be had by two: calls by which one person makes the other, or takes away what asks for the other. */
import { compilePolicy } from "./compile.ts";
import type { Policy } from "./policy.ts";
import { roleFact } from "./roles.ts";

const withAnother = "and so can approve with another's account what is to be approved by two";
const waysAround = [
  ["PUT/v1/policy", "adopts another policy", "and so can take away what is to be approved by two, and put it back afterwards"],
  ["POST/v1/users", "makes a user", withAnother],
  ["PUT/v1/users/{user}/role", "gives a user another role", withAnother],
  ["PUT/v1/users/{user}/password", "sets the password of another", withAnother],
  ["DELETE/v1/users/{user}", "removes whoever else could approve", "and so leaves nobody who can"],
] as const;

/** Of a policy that has calls approved by another person: what an owner may do alone that gets round it, as sentences. */
export function approvalGaps(policy: Policy): readonly string[] {
  if (!policy.rules.some(({ effect, does }) => effect === "approve" && (does.includes("call") || does.includes("diagnose")))) return [];
  const { decide } = compilePolicy(policy);
  const alone = waysAround.filter(([name]) => decide({ kind: "person", name: "owner" }, "call", { name }, { facts: { [roleFact]: "owner" } }).allow);
  // A token's calls are asked for in its maker's name too; one of the machine's, from before the fleet had an owner, in nobody's but its own.
  const byToken = waysAround.filter((way) => !alone.includes(way) && decide({ kind: "token", name: "owner" }, "call", { name: way[0] }, { facts: { [roleFact]: "owner" } }).allow);
  return [
    ...alone.map(([name, what, so]) => `an owner ${what} alone (${name}), ${so}: let an \`approve\` rule name it`),
    ...byToken.map(([name, what, so]) => `an owner's token that the machine made ${what} alone (${name}), ${so}: let the \`approve\` rule be for \`who any\``),
  ];
}
