/** What an identity provider's claims stand for here: by rules that are declared, and by nothing else. */
import type { Role } from "@holon/core/policy/roles.ts";
import type { ProviderConfig } from "@holon/core/schema/provider.ts";

type Claims = Readonly<Record<string, unknown>>;

/** The role of the first rule that fits; undefined where none does. */
export function roleOfClaims(claims: Claims, rules: ProviderConfig["roles"]): Role | undefined {
  return rules.find(({ claim, value }) => holds(claims, typeof claim === "string" ? [claim] : claim, value))?.role;
}

/** An address that anybody could have typed in says nothing of who they are. */
const holds = (claims: Claims, path: readonly string[], value: string): boolean => {
  if (path.length === 1 && path[0] === "email" && claims["email_verified"] !== true) return false;
  const found = path.reduce<unknown>((at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), claims);
  return found === value || (Array.isArray(found) && found.includes(value));
};

const isObject = (value: unknown): value is Claims => typeof value === "object" && value !== null && !Array.isArray(value);

/** No local account can have it: their names have no slash. What policies read otherwise is written as in an address. */
export const providedName = (provider: string, subject: string): string => `${provider}/${encodeURIComponent(subject).replaceAll(/[!'()*]/g, (character) => `%${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}`)}`;
