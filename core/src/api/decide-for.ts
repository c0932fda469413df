/** What the guard says of a caller: of itself and, where it is a token, of the person who made it as well, since what a token asks for its maker asks for. */
import type { Decision } from "../policy/policy.ts";
import { printPrincipal, type Principal } from "../policy/principal.ts";

interface Asking<Role extends string> {
  readonly principal: Principal;
  readonly role: Role;
  readonly maker?: { readonly name: string; readonly role: Role } | undefined;
}

/** Both have to be let; where either waits for another person, the call waits. `ask`: with the role that the fact of that name is to have. */
export async function decideFor<Role extends string>({ principal, role, maker }: Asking<Role>, ask: (principal: Principal, role: Role) => Promise<Decision>): Promise<Decision> {
  const own = await ask(principal, role);
  if (maker === undefined || isRefused(own)) return own;
  const theirs = await ask({ kind: "person", name: maker.name }, maker.role);
  if (theirs.allow || (own.wantsApproval === true && !isRefused(theirs))) return own;
  return { ...theirs, reason: `${printPrincipal(principal)} was made by ${maker.name}: ${theirs.reason}` };
}

const isRefused = ({ allow, wantsApproval }: Decision): boolean => !allow && wantsApproval !== true;
