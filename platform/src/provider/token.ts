/** An ID token as OpenID Connect Core 1.0 wants it looked at (section 3.1.3.7); what it is said to be signed with is never taken from the token alone. */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { ProvedSubject } from "@holon/core/ports.ts";
import { compactVerify, createLocalJWKSet, errors } from "jose";
import { z } from "zod";

/** Signatures with a key of the provider's own: no secret that both hold, and never none. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];
const keysSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(64) });
const seconds = z.number().min(0).max(1e11);
const claimsSchema = z.looseObject({
  iss: z.string(),
  sub: z.string().regex(/^[\x21-\x7e]{1,255}$/),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: seconds,
  iat: seconds,
  nbf: seconds.optional(),
  azp: z.string().optional(),
  nonce: z.string().optional(),
});

export interface Expected {
  readonly name: string;
  readonly issuer: string;
  readonly client: string;
  readonly atMs: number;
}

/** `HOLON_PROVIDER_REFUSED`, `HOLON_PROVIDER_TIME`, `HOLON_PROVIDER_BAD`. */
export async function proveIdToken(token: string, keys: unknown, { name, issuer, client, atMs }: Expected): Promise<ProvedSubject> {
  const parsed = claimsSchema.safeParse(await signedClaims(token, keys, name));
  if (!parsed.success) throw new HolonError("HOLON_PROVIDER_REFUSED", `the ID token of ${name} is none: ${parsed.error.issues[0]?.path.join(".") ?? ""} is missing, or is not what it should be`);
  const { iss, sub, aud, azp, nonce, exp, iat, nbf } = parsed.data;
  if (iss !== issuer) throw new HolonError("HOLON_PROVIDER_REFUSED", `the ID token was issued by another than ${name}`);
  const audiences = typeof aud === "string" ? [aud] : aud;
  if (!audiences.includes(client) || (audiences.length > 1 && azp === undefined) || (azp !== undefined && azp !== client)) throw new HolonError("HOLON_PROVIDER_REFUSED", `the ID token of ${name} is for another client than ${client}`);
  const isOver = atMs >= exp * 1_000 + limits.providerSkewMs;
  const isAhead = atMs < Math.max(iat, nbf ?? 0) * 1_000 - limits.providerSkewMs;
  // It was made a moment ago, for a code that was good once: what is far off is a clock, or the token is not what was asked for.
  if (isOver || isAhead) throw new HolonError("HOLON_PROVIDER_TIME", `the ID token of ${name} holds from ${timeOf(iat)} to ${timeOf(exp)}, and here it is ${timeOf(atMs / 1_000)}`);
  return { subject: sub, nonce, claims: parsed.data };
}

async function signedClaims(token: string, keys: unknown, name: string): Promise<unknown> {
  const known = keysSchema.safeParse(keys);
  if (!known.success) throw new HolonError("HOLON_PROVIDER_BAD", `${name} shows no keys by which its ID tokens could be verified`);
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) throw new HolonError("HOLON_PROVIDER_REFUSED", `the ID token of ${name} is no signed token`);
  try {
    const { payload } = await compactVerify(token, createLocalJWKSet(known.data), { algorithms });
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch (cause) {
    const why = cause instanceof errors.JWKSNoMatchingKey ? "signed with a key that the provider does not show" : cause instanceof errors.JOSEAlgNotAllowed ? "not signed in a way that counts" : cause instanceof errors.JWSSignatureVerificationFailed ? "signed by somebody else" : "no signed token";
    throw new HolonError("HOLON_PROVIDER_REFUSED", `the ID token of ${name} is ${why}`, { cause });
  }
}

const timeOf = (atSeconds: number): string => new Date(Math.min(Math.max(atSeconds * 1_000, 0), 8.64e15)).toISOString();
