/** Who calls an API, as far as what it shows proves it. */
import type { Principal } from "../policy/principal.ts";
import type { CallerRole, Role } from "../policy/roles.ts";

export interface Caller {
  readonly principal: Principal;
  readonly role: CallerRole;
  /** Routes that its token is for, as patterns; without them all that its role may. */
  readonly routes?: readonly string[] | undefined;
  /** The person who made the token, with the role that they have by now: calls of it are theirs. */
  readonly maker?: { readonly name: string; readonly role: Role } | undefined;
  /** Of a person who is logged in. */
  readonly session?: string | undefined;
}

/** Whoever has tokens alone is told of their own: names and routes say what others automate. */
export const seesAllTokens = ({ role }: Pick<Caller, "role">): boolean => role !== "publisher" && role !== "viewer";

/** Whoever shows the token of this machine, where nobody owns the fleet. */
export const machineCaller: Caller = { principal: { kind: "token", name: "machine" }, role: "machine" };
