/** Where four eyes can be had by two: calls by which one person makes the other, or takes away what asks for the other. */
import { compilePolicy, type CompiledPolicy } from "./compile.ts";
import { fitsPattern, type Policy } from "./policy.ts";
import { roleFact, roles, type Role } from "./roles.ts";

const withAnother = "and so can approve with another's account what is to be approved by two";
const waysAround = [
  ["PUT/v1/policy", "adopts another policy", "and so can take away what is to be approved by two, and put it back afterwards"],
  ["POST/v1/users", "makes a user", withAnother],
  ["PUT/v1/users/{user}/role", "gives a user another role", withAnother],
  ["PUT/v1/users/{user}/password", "sets the password of another", withAnother],
  ["DELETE/v1/users/{user}", "removes whoever else could approve", "and so leaves nobody who can"],
] as const;

/** `name`: a name or pattern of the policy; undefined: anybody whom it does not name. */
interface Somebody {
  readonly role: Role;
  readonly name: string | undefined;
}

/** Of a policy that has calls approved by another person: what one may do alone that gets round it, as sentences. */
export function approvalGaps(policy: Policy): readonly string[] {
  if (!policy.rules.some(({ effect, does }) => effect === "approve" && (does.includes("call") || does.includes("diagnose")))) return [];
  const compiled = compilePolicy(policy);
  return waysAround.flatMap(([call, what, so]) => {
    const person = whoMay(compiled, "person", call);
    if (person !== undefined) return [`${printSomebody(person)} ${what} alone (${call}), ${so}: let an \`approve\` rule name it, for \`who any\``];
    // A token's calls are asked for in its maker's name too; one of the machine's, from before the fleet had an owner, in nobody's but its own.
    const token = whoMay(compiled, "token", call);
    return token === undefined ? [] : [`${printSomebody(token)}'s token that the machine made ${what} alone (${call}), ${so}: let the \`approve\` rule be for \`who any\``];
  });
}

function whoMay({ policy, decide }: CompiledPolicy, kind: "person" | "token", call: string): Somebody | undefined {
  const patterns = policy.rules.flatMap(({ who }) => who.filter((one) => one.kind === kind || one.kind === "any").map(({ name }) => name)).filter((name) => name !== "*");
  const unnamed = nobodyOf(patterns);
  for (const name of [undefined, ...new Set(patterns)]) {
    const own = name?.replace(/\*$/, "") ?? unnamed; // a pattern stands for whoever it fits: its beginning is one of them
    for (const role of roles) if (decide({ kind, name: own }, "call", { name: call }, { facts: { [roleFact]: role } }).allow) return { role, name };
  }
  return undefined;
}

/** A name that no pattern fits. */
export function nobodyOf(patterns: readonly string[]): string {
  for (let count = 0; ; count++) {
    const name = `${String.fromCharCode(97 + (count % 26))}${count}`;
    if (!patterns.some((pattern) => fitsPattern(pattern, name))) return name;
  }
}

const printSomebody = ({ role, name }: Somebody): string => (name === undefined ? `${/^[aeiou]/.test(role) ? "an" : "a"} ${role}` : `${name}, as ${role},`);
