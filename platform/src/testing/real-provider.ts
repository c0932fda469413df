/** An identity provider that is not ours (oidc-provider), on loopback, and a person with a browser. What it answers can be changed on its way out, to see that refused. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type CryptoKey, type JWK } from "jose";
import { Provider } from "oidc-provider";

export interface RealProvider {
  readonly issuer: string;
  /** With which it signs at present. */
  readonly key: CryptoKey;
  /** Changes the answer of the token endpoint. */
  tamper: ((answer: Record<string, unknown>) => Promise<Record<string, unknown>> | Record<string, unknown>) | undefined;
  /** The same provider with other keys; what it gave out before is forgotten. */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

export const realClient = { client_id: "holon", redirect_uris: ["http://127.0.0.1:8400/holon", "http://127.0.0.1/holon", "http://127.0.0.1/"], application_type: "native", token_endpoint_auth_method: "none", id_token_signed_response_alg: "ES256" };
/** Of each person. */
export const realGroups: Readonly<Record<string, readonly string[]>> = { olga: ["staff", "plant-owners"], vera: ["staff"], nobody: [] };

export async function startRealProvider(client: Record<string, unknown> = realClient): Promise<RealProvider> {
  let handler: ReturnType<Provider["callback"]> | undefined;
  const server = createServer((request, response) => void handler?.(request, response));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // of a TCP server that listens
  let signing = await signingKey("first");
  let rotations = 0;
  const provider: RealProvider = {
    issuer,
    get key() {
      return signing.key;
    },
    tamper: undefined,
    async rotate() {
      signing = await signingKey(`next-${(rotations += 1)}`);
      handler = open();
    },
    close: () => closeServer(server),
  };
  const open = (): ReturnType<Provider["callback"]> => {
    const oidc = quietly(() => new Provider(issuer, {
      clients: [client],
      jwks: { keys: [signing.jwk] },
      conformIdTokenClaims: false,
      claims: { openid: ["sub", "groups", "email", "email_verified"] },
      pkce: { required: () => true },
      ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
      cookies: { keys: ["a key for tests"] },
      findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id, groups: [...(realGroups[id] ?? [])], email: `${id}@example.org`, email_verified: false }) }),
    }));
    oidc.use(async (context, next) => {
      await next();
      if (typeof context.body === "string") context.body = context.body.replaceAll(/@import url\([^)]*\);/g, ""); // a font from elsewhere
      if (context.oidc?.route === "token" && provider.tamper !== undefined && context.status === 200) context.body = await provider.tamper(context.body as Record<string, unknown>); // JSON that it made itself
    });
    return oidc.callback();
  };
  handler = open();
  return provider;
}

/** Where a browser ends that goes there as this person: logs in, agrees, and is sent back. With cookies of before it has done that already. */
export async function browse(start: string, person: string, cookies = new Map<string, string>()): Promise<URL> {
  const visit = async (url: URL, form?: URLSearchParams): Promise<URL | Response> => {
    const response = await fetch(url, { method: form === undefined ? "GET" : "POST", redirect: "manual", headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") }, body: form ?? null });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get("location");
    return location === null ? response : new URL(location, url);
  };
  const { origin } = new URL(start);
  let at = new URL(start);
  for (let step = 0; step < 12; step += 1) {
    if (at.origin !== origin) return at;
    const gone = await visit(at);
    if (gone instanceof URL) {
      at = gone;
      continue;
    }
    const page = await gone.text();
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
    if (prompt === undefined) throw new Error(`the provider shows ${gone.status}: ${page.replaceAll(/<[^>]*>/g, " ").trim().slice(0, 400)}`);
    const answered = await visit(at, new URLSearchParams(prompt === "login" ? { prompt, login: person, password: "any" } : { prompt }));
    if (!(answered instanceof URL)) throw new Error("the provider goes no further");
    at = answered;
  }
  throw new Error("the provider sends the browser in a circle");
}

async function signingKey(kid: string): Promise<{ readonly key: CryptoKey; readonly jwk: JWK }> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { key: privateKey, jwk: { ...(await exportJWK(privateKey)), kid, alg: "ES256", use: "sig" } };
}

/** It warns of what only matters outside of tests. */
function quietly<T>(make: () => T): T {
  const { warn, info } = console;
  console.warn = console.info = () => undefined;
  try {
    return make();
  } finally {
    Object.assign(console, { warn, info });
  }
}

const closeServer = (server: Server): Promise<void> =>
  new Promise((closed) => {
    server.close(() => closed());
    server.closeAllConnections();
  });
