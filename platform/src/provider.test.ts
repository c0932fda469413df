/** Against a provider that is not ours, and against what it would never say. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { HolonError, type ErrorCode } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { ProvedSubject } from "@holon/core/ports.ts";
import { providerSchema } from "@holon/core/schema/provider.ts";
import { providerContract } from "@holon/sim/contracts/provider.ts";
import { generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWTPayload } from "jose";
import { createProvider } from "./provider.ts";
import { browse, realClient, startRealProvider, type RealProvider } from "./testing/real-provider.ts";

const redirect = "http://127.0.0.1:8400/holon";
const login = { state: "s".repeat(43), nonce: "n".repeat(43), verifier: "v".repeat(43), redirect };
const configured = (issuer: string, more: object = {}) => providerSchema.parse({ name: "works", issuer, client: "holon", roles: [{ claim: "groups", value: "plant-owners", role: "owner" }], ...more });
const noSecrets = { read: () => Promise.resolve({}) };
const refusedAs = (code: ErrorCode, saying: RegExp) => (error: unknown): boolean => error instanceof HolonError && error.code === code && saying.test(error.message);

let real: RealProvider;
const cookies = new Map<string, string>();
before(async () => void (real = await startRealProvider()));
after(() => real.close());

providerContract("OpenID Connect", () => {
  const provider = createProvider(configured(real.issuer), noSecrets);
  return Promise.resolve({ provider, nowMs: Date.now(), browse: (url) => browse(url, "olga") });
});

/** A whole login, in which the token endpoint's answer may be changed. */
async function logIn({ tamper, atMs = Date.now(), answeredBy }: { readonly tamper?: RealProvider["tamper"]; readonly atMs?: number; readonly answeredBy?: string } = {}): Promise<ProvedSubject> {
  const provider = createProvider(configured(real.issuer), noSecrets);
  const back = await browse(await provider.authorization(login), "olga", cookies);
  real.tamper = tamper;
  try {
    return await provider.redeem({ code: back.searchParams.get("code") ?? "", answeredBy: answeredBy ?? back.searchParams.get("iss") ?? undefined, verifier: login.verifier, redirect, atMs });
  } finally {
    real.tamper = undefined;
  }
}

const nowSeconds = (): number => Math.floor(Date.now() / 1_000);
const honest = (): JWTPayload => ({ iss: real.issuer, sub: "olga", aud: "holon", iat: nowSeconds(), exp: nowSeconds() + 300, nonce: login.nonce });
/** An ID token with these claims in place of the true one. */
const signedAs = (claims: JWTPayload, header: { readonly kid?: string; readonly alg?: string; readonly key?: CryptoKey | Uint8Array } = {}): RealProvider["tamper"] => async (answer) => ({
  ...answer,
  id_token: await new SignJWT(claims).setProtectedHeader({ alg: header.alg ?? "ES256", ...(header.kid === undefined ? {} : { kid: header.kid }) }).sign(header.key ?? real.key),
});

test("what is not proved is refused, each by its own name", async () => {
  assert.equal((await logIn({ tamper: signedAs(honest()) })).subject, "olga", "so that what follows is refused for what it says, not for how it was made");
  const { privateKey: strange } = await generateKeyPair("ES256");
  const cases: readonly (readonly [what: string, tamper: RealProvider["tamper"], code: ErrorCode, saying: RegExp])[] = [
    ["another audience", signedAs({ ...honest(), aud: "another" }), "HOLON_PROVIDER_REFUSED", /another client/],
    ["several audiences, for another party", signedAs({ ...honest(), aud: ["holon", "another"], azp: "another" }), "HOLON_PROVIDER_REFUSED", /another client/],
    ["several audiences, for nobody", signedAs({ ...honest(), aud: ["holon", "another"] }), "HOLON_PROVIDER_REFUSED", /another client/],
    ["another issuer", signedAs({ ...honest(), iss: "https://elsewhere.test" }), "HOLON_PROVIDER_REFUSED", /issued by another/],
    ["over", signedAs({ ...honest(), iat: nowSeconds() - 4_000, exp: nowSeconds() - 400 }), "HOLON_PROVIDER_TIME", /holds from/],
    ["not yet", signedAs({ ...honest(), iat: nowSeconds() + 400, exp: nowSeconds() + 900 }), "HOLON_PROVIDER_TIME", /holds from/],
    ["without an end", signedAs({ iss: real.issuer, sub: "olga", aud: "holon", iat: nowSeconds() }), "HOLON_PROVIDER_REFUSED", /exp is missing/],
    ["without a subject", signedAs({ ...honest(), sub: "" }), "HOLON_PROVIDER_REFUSED", /sub is missing/],
    ["a key that is not shown", signedAs(honest(), { kid: "unknown", key: strange }), "HOLON_PROVIDER_REFUSED", /a key that the provider does not show/],
    ["another key by the name of the true one", signedAs(honest(), { kid: "first", key: strange }), "HOLON_PROVIDER_REFUSED", /signed by somebody else/],
    ["a secret in place of a key", signedAs(honest(), { alg: "HS256", key: new TextEncoder().encode("holon".repeat(10)) }), "HOLON_PROVIDER_REFUSED", /not signed in a way that counts/],
    ["not signed", (answer) => ({ ...answer, id_token: new UnsecuredJWT(honest()).encode() }), "HOLON_PROVIDER_REFUSED", /not signed in a way that counts|no signed token/],
    ["written in two lines", async (answer) => ({ ...answer, id_token: String(answer["id_token"]).replace(/.{10}$/, "\r\n$&") }), "HOLON_PROVIDER_REFUSED", /no signed token/],
    ["no token", (answer) => ({ ...answer, id_token: "a.b.c" }), "HOLON_PROVIDER_REFUSED", /no signed token/],
    ["nothing", () => ({ token_type: "Bearer" }), "HOLON_PROVIDER_BAD", /no ID token/],
  ];
  for (const [what, tamper, code, saying] of cases) await assert.rejects(logIn({ ...(tamper === undefined ? {} : { tamper }) }), refusedAs(code, saying), what);
  await assert.rejects(logIn({ answeredBy: "https://elsewhere.test" }), refusedAs("HOLON_PROVIDER_REFUSED", /came back from another provider/));
});

test("the nonce is handed on as it was signed, for whoever began to compare", async () => {
  assert.equal((await logIn({ tamper: signedAs({ ...honest(), nonce: "another" }) })).nonce, "another");
});

test("a clock that is wrong is told as that, also one in 1970", async () => {
  for (const atMs of [0, Date.now() + 10 * 365 * 86_400_000]) await assert.rejects(logIn({ atMs }), refusedAs("HOLON_PROVIDER_TIME", /here it is/));
  assert.equal((await logIn({ atMs: Date.now() - limits.providerSkewMs / 2 })).subject, "olga");
});

test("new keys count at once, and the old ones no more", async () => {
  const old = real.key;
  await real.rotate();
  cookies.clear();
  assert.equal((await logIn()).subject, "olga");
  await assert.rejects(logIn({ tamper: signedAs(honest(), { kid: "first", key: old }) }), refusedAs("HOLON_PROVIDER_REFUSED", /a key that the provider does not show/));
});

test("a client with a secret shows it, and is refused with another", async (context) => {
  const secret = "a secret: of 30 % more + characters";
  const own = await startRealProvider({ ...realClient, token_endpoint_auth_method: "client_secret_basic", client_secret: secret });
  context.after(() => own.close());
  const withSecret = async (held: Readonly<Record<string, string>>): Promise<ProvedSubject> => {
    const provider = createProvider(configured(own.issuer, { secret: "works" }), { read: () => Promise.resolve(held) });
    const back = await browse(await provider.authorization(login), "olga");
    return provider.redeem({ code: back.searchParams.get("code") ?? "", answeredBy: own.issuer, verifier: login.verifier, redirect, atMs: Date.now() });
  };
  assert.equal((await withSecret({ works: secret })).subject, "olga");
  await assert.rejects(withSecret({ works: "another one" }), refusedAs("HOLON_PROVIDER_REFUSED", /invalid_client/));
  await assert.rejects(withSecret({}), refusedAs("HOLON_SECRET_MISSING", /works/));
});

test("a provider that is not there, or is none, is told; and it gets no more time and room than it may", async (context) => {
  let respond = (): { readonly status: number; readonly body: string } => ({ status: 200, body: "{}" });
  const server = createServer((_request, response) => {
    const { status, body } = respond();
    response.writeHead(status).end(body);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // of a TCP server that listens
  const begin = (more: object = {}): Promise<string> => createProvider(configured(issuer, more), noSecrets).authorization(login);
  const endpoints = { authorization_endpoint: `${issuer}/a`, token_endpoint: `${issuer}/t`, jwks_uri: `${issuer}/k` };
  await assert.rejects(begin(), refusedAs("HOLON_PROVIDER_BAD", /no metadata/));
  respond = () => ({ status: 200, body: JSON.stringify({ ...endpoints, issuer: "https://elsewhere.test" }) });
  await assert.rejects(begin(), refusedAs("HOLON_PROVIDER_BAD", /calls itself "https:\/\/elsewhere.test"/));
  respond = () => ({ status: 200, body: JSON.stringify({ ...endpoints, issuer, code_challenge_methods_supported: ["plain"] }) });
  await assert.rejects(begin(), refusedAs("HOLON_PROVIDER_BAD", /PKCE/));
  respond = () => ({ status: 200, body: JSON.stringify({ ...endpoints, issuer, authorization_endpoint: "javascript:alert(1)" }) });
  await assert.rejects(begin(), refusedAs("HOLON_PROVIDER_BAD", /no metadata/));
  respond = () => ({ status: 200, body: "x".repeat(limits.providerAnswerBytesMax + 1) });
  await assert.rejects(begin(), refusedAs("HOLON_PROVIDER_BAD", /more than/));
  respond = () => ({ status: 503, body: "" });
  await assert.rejects(begin(), refusedAs("HOLON_PROVIDER_UNREACHABLE", /answers 503/));
  await new Promise((closed) => (server.close(closed), server.closeAllConnections()));
  context.diagnostic("the provider is gone now");
  await assert.rejects(begin(), refusedAs("HOLON_PROVIDER_UNREACHABLE", /ECONNREFUSED|UND_ERR_SOCKET/));
});
