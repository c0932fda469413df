import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import type { IdentityProvider } from "@holon/core/ports.ts";

export interface ProviderSubject {
  readonly provider: IdentityProvider;
  /** Where olga's browser ends. She is one of `plant-owners`. */
  browse(url: string): Promise<URL>;
  /** By the provider's clock, milliseconds since 1970. */
  readonly nowMs: number;
}

const login = { state: "s".repeat(43), nonce: "n".repeat(43), verifier: "v".repeat(43), redirect: "http://127.0.0.1:8400/holon" };
const isRefused = (error: unknown): boolean => error instanceof HolonError && error.code === "HOLON_PROVIDER_REFUSED";

/** What every IdentityProvider port promises. */
export function providerContract(name: string, open: () => Promise<ProviderSubject>): void {
  describe(`identity provider contract: ${name}`, () => {
    it("sends a browser there and back, and says who it was, once", async () => {
      const { provider, browse, nowMs } = await open();
      const url = await provider.authorization(login);
      const { searchParams } = new URL(url);
      assert.deepEqual(["state", "nonce", "code_challenge_method", "redirect_uri"].map((key) => searchParams.get(key)), [login.state, login.nonce, "S256", login.redirect]);
      assert.ok(!url.includes(login.verifier));
      const back = await browse(url);
      assert.equal(back.searchParams.get("state"), login.state);
      const answer = { code: back.searchParams.get("code") ?? "", answeredBy: back.searchParams.get("iss") ?? undefined, verifier: login.verifier, redirect: login.redirect, atMs: nowMs };
      const { subject, nonce, claims } = await provider.redeem(answer);
      assert.deepEqual([subject, nonce], ["olga", login.nonce]);
      assert.ok(Array.isArray(claims["groups"]) && claims["groups"].includes("plant-owners"));
      await assert.rejects(provider.redeem(answer), isRefused);
    });

    it("gives nothing for a code to whoever did not begin the login, or for a code that it did not give", async () => {
      const { provider, browse, nowMs } = await open();
      const back = await browse(await provider.authorization(login));
      const answer = { code: back.searchParams.get("code") ?? "", answeredBy: back.searchParams.get("iss") ?? undefined, verifier: login.verifier, redirect: login.redirect, atMs: nowMs };
      await assert.rejects(provider.redeem({ ...answer, verifier: "w".repeat(43) }), isRefused);
      await assert.rejects(provider.redeem({ ...answer, code: "made-up" }), isRefused);
    });
  });
}
