/** The identity provider by which people log in beside their local accounts: what the node with control is told of it, and who gets which role by what it says. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { roles } from "../policy/roles.ts";
import { nameSchema } from "./name.ts";

const claimNameSchema = z.string().min(1).max(128);

const roleRuleSchema = z.strictObject({
  /** The claim, or the way to one that lies in others: `groups`, or `[realm_access, roles]`. */
  claim: z.union([claimNameSchema, z.array(claimNameSchema).min(1).max(8)]),
  /** What it is, or one of what it lists: letter by letter. */
  value: z.string().min(1).max(256),
  role: z.enum(roles),
});

const isLoopback = ({ hostname }: URL): boolean => ["127.0.0.1", "[::1]", "localhost"].includes(hostname);
const parsedUrl = (text: string): URL | undefined => {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
};

/** Whether a browser may be sent back there: this machine, on any port and path, by which native programs are told (RFC 8252, section 7.3). */
export function isLoopbackRedirect(text: string): boolean {
  const url = parsedUrl(text);
  return url !== undefined && url.protocol === "http:" && isLoopback(url) && !text.includes("#") && !text.includes("@");
}

export const redirectSchema = z.string().min(1).max(1_024);

export const providerSchema = z.strictObject({
  /** By which its people are named: `person NAME/SUBJECT`. */
  name: nameSchema,
  /** As it names itself, letter by letter: `https://id.example.org/realms/works`. */
  issuer: z
    .string()
    .max(1_024)
    .refine((text) => {
      const url = parsedUrl(text);
      return url !== undefined && !text.includes("?") && !text.includes("#") && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url)));
    }, "an address with https; http on this machine alone"),
  /** As which control is registered there. */
  client: z.string().min(1).max(256),
  /** The name of the client's secret in `secrets.json`; without it the client is a public one, and PKCE alone proves who asked. */
  secret: nameSchema.optional(),
  scopes: z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/)).max(32).default(["openid"]),
  /** Where a browser may be sent back to beside this machine: addresses as a whole. */
  redirects: z.array(redirectSchema).max(16).default([]),
  /** The first that fits says the role. Whom none fits has none. */
  roles: z.array(roleRuleSchema).min(1).max(limits.providerRolesMax),
});
export type ProviderConfig = z.infer<typeof providerSchema>;
