/** An identity provider without a network: whoever goes to its address is who the address says, and each code is good once. */
import { createHash } from "node:crypto";
import { HolonError } from "@holon/core/errors.ts";
import type { IdentityProvider } from "@holon/core/ports.ts";

export interface SimProvider extends IdentityProvider {
  /** Where a person's browser ends: with a code, and the state that it came with. */
  browse(url: string, person: string): URL;
}

export function createProvider(claimsOf: (person: string) => Readonly<Record<string, unknown>>): SimProvider {
  const given = new Map<string, { readonly person: string; readonly nonce: string; readonly challenge: string; readonly redirect: string }>();
  const challengeOf = (verifier: string): string => createHash("sha256").update(verifier).digest("base64url");
  return {
    authorization: ({ state, nonce, verifier, redirect }) =>
      Promise.resolve(`https://provider.test/authorize?${new URLSearchParams({ response_type: "code", redirect_uri: redirect, state, nonce, code_challenge: challengeOf(verifier), code_challenge_method: "S256" }).toString()}`),
    browse(url, person) {
      const asked = new URL(url).searchParams;
      const of = (key: string): string => asked.get(key) ?? "";
      const code = challengeOf(`${of("state")} ${given.size}`);
      given.set(code, { person, nonce: of("nonce"), challenge: of("code_challenge"), redirect: of("redirect_uri") });
      const back = new URL(of("redirect_uri"));
      back.search = new URLSearchParams({ code, state: of("state") }).toString();
      return back;
    },
    redeem({ code, verifier, redirect }) {
      const held = given.get(code);
      given.delete(code);
      if (held === undefined || held.challenge !== challengeOf(verifier) || held.redirect !== redirect) return Promise.reject(new HolonError("HOLON_PROVIDER_REFUSED", "the code is not good, or not for this login"));
      return Promise.resolve({ subject: held.person, nonce: held.nonce, claims: { sub: held.person, ...claimsOf(held.person) } });
    },
  };
}
