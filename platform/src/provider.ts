/**
 * An OpenID provider over HTTPS. Its metadata and keys are asked for with every login: those are few, and what it has withdrawn counts at once.
 *
 *     /.well-known/openid-configuration ─▶ authorization endpoint (a browser goes there)
 *                                       ─▶ token endpoint: code and verifier ─▶ ID token ─▶ keys ─▶ signature, issuer, audience, time
 */
import { createHash } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import type { IdentityProvider, Secrets } from "@holon/core/ports.ts";
import type { ProviderConfig } from "@holon/core/schema/provider.ts";
import { z } from "zod";
import { askProvider } from "./provider/ask.ts";
import { proveIdToken } from "./provider/token.ts";

const endpoint = z.url({ protocol: /^https?$/ }).max(2_048);
export const metadataSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: endpoint,
  token_endpoint: endpoint,
  jwks_uri: endpoint,
  code_challenge_methods_supported: z.array(z.string()).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});
const tokenSchema = z.object({ id_token: z.string().min(1), token_type: z.string() });
const refusedSchema = z.object({ error: z.string().regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]{1,128}$/) });
type Metadata = z.infer<typeof metadataSchema>;

export function createProvider({ name, issuer, client, secret, scopes }: ProviderConfig, secrets: Secrets): IdentityProvider {
  async function metadata(): Promise<Metadata> {
    const { status, body } = await askProvider(name, `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
    const parsed = metadataSchema.safeParse(status === 200 ? body : undefined);
    if (!parsed.success) throw new HolonError("HOLON_PROVIDER_BAD", `${name} answers ${status} and no metadata of an OpenID provider at ${issuer}`);
    if (parsed.data.issuer !== issuer) throw new HolonError("HOLON_PROVIDER_BAD", `${name} calls itself ${JSON.stringify(parsed.data.issuer.slice(0, 256))}, and is configured as ${JSON.stringify(issuer)}`);
    const { authorization_endpoint, token_endpoint, jwks_uri, code_challenge_methods_supported: methods } = parsed.data;
    if (issuer.startsWith("https:") && [authorization_endpoint, token_endpoint, jwks_uri].some((url) => !url.startsWith("https:"))) throw new HolonError("HOLON_PROVIDER_BAD", `${name} names an endpoint that is not protected by TLS`);
    if (methods !== undefined && !methods.includes("S256")) throw new HolonError("HOLON_PROVIDER_BAD", `${name} does not know PKCE with S256`);
    return parsed.data;
  }

  /** The client's secret, where it has one: form-encoded before it is put together (RFC 6749, section 2.3.1). */
  async function authorizationHeader(): Promise<Readonly<Record<string, string>>> {
    if (secret === undefined) return {};
    const held = (await secrets.read([secret]))[secret];
    if (held === undefined) throw new HolonError("HOLON_SECRET_MISSING", `the secret ${secret} of the client at ${name} is not in ${secrets.place ?? "secrets.json"}`);
    return { authorization: `Basic ${Buffer.from(`${formEncoded(client)}:${formEncoded(held)}`).toString("base64")}` };
  }

  async function idToken(tokenEndpoint: string, code: string, verifier: string, redirect: string): Promise<string> {
    const form = new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri: redirect, code_verifier: verifier, ...(secret === undefined ? { client_id: client } : {}) });
    const { status, body } = await askProvider(name, tokenEndpoint, { form, headers: await authorizationHeader() });
    const refused = refusedSchema.safeParse(body);
    if (status !== 200) throw new HolonError("HOLON_PROVIDER_REFUSED", `${name} does not take the code: ${refused.success ? refused.data.error : `status ${status}`}`);
    const parsed = tokenSchema.safeParse(body);
    if (!parsed.success || parsed.data.token_type.toLowerCase() !== "bearer") throw new HolonError("HOLON_PROVIDER_BAD", `${name} gives no ID token for a code`);
    return parsed.data.id_token;
  }

  return {
    async authorization({ state, nonce, verifier, redirect }) {
      const url = new URL((await metadata()).authorization_endpoint);
      const challenge = createHash("sha256").update(verifier).digest("base64url");
      const parameters = { response_type: "code", client_id: client, redirect_uri: redirect, scope: [...new Set(["openid", ...scopes])].join(" "), state, nonce, code_challenge: challenge, code_challenge_method: "S256" };
      for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value);
      return url.href;
    },
    async redeem({ code, answeredBy, verifier, redirect, atMs }) {
      const { token_endpoint, jwks_uri, authorization_response_iss_parameter_supported: tellsIssuer } = await metadata();
      if (answeredBy === undefined ? tellsIssuer === true : answeredBy !== issuer) throw new HolonError("HOLON_PROVIDER_REFUSED", `the browser came back from another provider than ${name}`);
      const token = await idToken(token_endpoint, code, verifier, redirect);
      const { status, body } = await askProvider(name, jwks_uri);
      return proveIdToken(token, status === 200 ? body : undefined, { name, issuer, client, atMs });
    },
  };
}

const formEncoded = (text: string): string => new URLSearchParams([["", text]]).toString().slice(1);
