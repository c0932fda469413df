/** A control plane that relies on an identity provider which is not ours, and the command by which people log in. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { machineCaller } from "@holon/core/api/caller.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { browse, startRealProvider } from "@holon/platform/testing/real-provider.ts";
import { SignJWT } from "jose";
import { z } from "zod";
import { need } from "../../scripts/testing/need.ts";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import { startNode } from "./machine/compose.ts";
import { makeToken } from "./machine/token.ts";
import { assertRefused } from "./testing/assert-refused.ts";
import { openBrowser } from "./testing/browser.ts";
import { startHolon } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const begunSchema = z.object({ url: z.string(), handle: z.string() });
const loggedInSchema = z.object({ token: z.string(), name: z.string(), role: z.string() });
const redirect = "http://127.0.0.1:8400/holon";
const password = "a password of otto";

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function openOffice(context: TestContext) {
  const real = await startRealProvider();
  context.after(() => real.close());
  const data = tempFolder(context);
  const machine = await startNode({
    config: {
      apiVersion: "holon/v1", name: "cloud-1", site: "cloud", tier: "cloud", jurisdiction: "EU/DE", control: true, siblings: [],
      provider: { name: "works", issuer: real.issuer, client: "holon", scopes: ["openid"], redirects: [], roles: [{ claim: "email", value: "nobody@example.org", role: "owner" }, { claim: "groups", value: "plant-owners", role: "owner" }, { claim: "groups", value: "staff", role: "viewer" }] },
    },
    data, api: "127.0.0.1:0", token: await makeToken(data), trace: { level: "error", output: process.stderr },
  });
  context.after(() => machine.close());
  const call = async (token: string | undefined, method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(new URL(path, machine.api), { method, headers: { "content-type": "application/json", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }, body: body === undefined ? null : JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };
  const begin = async () => begunSchema.parse((await call(undefined, "POST", "/v1/login/provider", { redirect })).body);
  const finish = (handle: string, back: URL, more: object = {}): Promise<Answer> =>
    call(undefined, "POST", "/v1/login/provider/answer", { handle, ...Object.fromEntries(["state", "code", "iss"].map((key) => [key, back.searchParams.get(key)])), ...more });
  const trail = async (type: string): Promise<readonly Record<string, unknown>[]> => (await machine.node.log.find({ accepts: ({ stream }) => stream === "audit", type, limit: 100 })).map(({ event }) => z.record(z.string(), z.unknown()).parse(machine.control?.people?.show(event, machineCaller).data));
  return { real, data, api: machine.api, call, begin, finish, trail };
}

const refused = ({ status, body }: Answer): readonly [status: number, code: string] => [status, errorSchema.parse(body).error.code];

test("people log in with the identity provider, by the command and over the API; what they change names them, and a role is nobody's by accident", { timeout: 90_000, ...onItsTurn(0, 2) }, async (context) => {
  const { data, api, call, begin, finish, trail, real } = await openOffice(context);
  const home = join(data, "home");
  const command = startHolon(context, ["login", "--api", api, "--data", home, "--json"]);
  await until("it says where to go", () => /^http.*state=.*$/m.test(command.stderr()));
  const [url = ""] = /^http.*$/m.exec(command.stderr()) ?? [];
  const back = await browse(url, "olga");
  assert.equal(back.hostname, "127.0.0.1");
  assert.equal((await fetch(new URL("/elsewhere", back))).status, 404);
  assert.match(await (await fetch(back)).text(), /Go back to the command/);
  const { exitCode, stdout, stderr } = await command.ended;
  assert.equal(exitCode, 0, stderr);
  assert.deepEqual(loggedInSchema.omit({ token: true }).parse(JSON.parse(stdout)), { name: "works/olga", role: "owner" });
  assert.ok(!stderr.includes("holon_session_") && !stdout.includes("holon_session_"));

  const own = (...words: readonly string[]) => startHolon(context, [...words, "--api", api, "--data", home]).ended;
  const passwordFile = join(data, "password");
  writeFileSync(passwordFile, password);
  assert.equal((await own("user", "add", "otto", "--role", "operator", "--password-file", passwordFile)).exitCode, 0);
  assert.deepEqual((await trail("holon.user.added")).map(({ name, by }) => [name, by]), [["otto", "person works/olga"]]);
  assertRefused(await own("token", "add", "ci", "--role", "viewer", "--for", "1h"), "HOLON_TOKEN_BAD", /works\/olga has no account here/);
  assert.equal((await own("logout")).exitCode, 0);
  assert.deepEqual((await trail("holon.session.ended")).map(({ name }) => name), ["works/olga"]);

  const { handle, url: address } = await begin();
  const vera = loggedInSchema.parse((await finish(handle, await browse(address, "vera"))).body);
  assert.deepEqual([vera.name, vera.role], ["works/vera", "viewer"]);
  assert.equal((await call(vera.token, "GET", "/v1/nodes")).status, 200);
  assert.deepEqual(refused(await call(vera.token, "DELETE", "/v1/users/otto")), [403, "HOLON_POLICY_DENIED"]);
  assert.ok((await trail("holon.api.refused")).some(({ who }) => who === "person works/vera"));

  const unmapped = await begin();
  assert.deepEqual(refused(await finish(unmapped.handle, await browse(unmapped.url, "nobody"))), [403, "HOLON_PROVIDER_UNMAPPED"], "an address that the provider did not verify is no proof of anything");
  const replayed = await begin();
  const answer = await browse(replayed.url, "vera");
  const other = await begin();
  assert.deepEqual(refused(await finish(other.handle, answer)), [401, "HOLON_PROVIDER_REFUSED"], "the answer to another login");
  assert.equal((await finish(replayed.handle, answer)).status, 200);
  assert.deepEqual(refused(await finish(replayed.handle, answer)), [401, "HOLON_LOGIN_ENDED"], "the same answer again");
  assert.deepEqual(refused(await finish("made-up", answer)), [401, "HOLON_LOGIN_ENDED"]);
  const stolen = await begin();
  assert.deepEqual(refused(await finish(stolen.handle, new URL(`${redirect}?state=${new URL(stolen.url).searchParams.get("state") ?? ""}&code=${answer.searchParams.get("code") ?? ""}&iss=${real.issuer}`))), [401, "HOLON_PROVIDER_REFUSED"], "a code that was given to somebody else");
  const nonce = await begin();
  const came = await browse(nonce.url, "vera");
  real.tamper = async (given) => ({ ...given, id_token: await new SignJWT({ nonce: "of another login", groups: ["plant-owners"] }).setProtectedHeader({ alg: "ES256" }).setIssuer(real.issuer).setSubject("vera").setAudience("holon").setIssuedAt().setExpirationTime("5m").sign(real.key) });
  assert.deepEqual(refused(await finish(nonce.handle, came)), [401, "HOLON_PROVIDER_REFUSED"]);
  assert.deepEqual(new Set((await trail("holon.login.refused")).map(({ code }) => code)), new Set(["HOLON_PROVIDER_UNMAPPED", "HOLON_PROVIDER_REFUSED", "HOLON_LOGIN_ENDED"]));
  for (const place of ["https://elsewhere.test/", "http://127.0.0.1@elsewhere.test/", "http://127.0.0.1.elsewhere.test/", "javascript:alert(1)"]) assert.deepEqual(refused(await call(undefined, "POST", "/v1/login/provider", { redirect: place })), [400, "HOLON_ARGUMENT_BAD"], place);
});

test("a provider that is away, or a clock that is wrong, is told by its code, and accounts here go on", { timeout: 60_000, ...onItsTurn(1, 2) }, async (context) => {
  const { data, api, call, begin, finish, real } = await openOffice(context);
  assert.equal((await call(await makeToken(data), "POST", "/v1/users", { name: "otto", role: "owner", password })).status, 200);
  const { handle, url } = await begin();
  const back = await browse(url, "olga");
  real.tamper = async (given) => ({ ...given, id_token: await new SignJWT({ nonce: new URL(url).searchParams.get("nonce") }).setProtectedHeader({ alg: "ES256" }).setIssuer(real.issuer).setSubject("olga").setAudience("holon").setIssuedAt(1).setExpirationTime(301).sign(real.key) });
  assert.deepEqual(refused(await finish(handle, back)), [401, "HOLON_PROVIDER_TIME"], "the provider lives in 1970");
  const late = await begin();
  const cameBack = await browse(late.url, "olga");
  await real.close();
  assert.deepEqual(refused(await finish(late.handle, cameBack)), [503, "HOLON_PROVIDER_UNREACHABLE"]);
  assertRefused(await startHolon(context, ["login", "--api", api, "--data", join(data, "home")]).ended, "HOLON_PROVIDER_UNREACHABLE", /works does not answer/);
  assert.equal((await call(undefined, "POST", "/v1/login", { name: "otto", password })).status, 200);
  assert.deepEqual((await call(undefined, "GET", "/v1/login")).body, { accounts: true, provider: "works" });
});

test("the console logs in with the identity provider, and keeps nothing of it in its address", { timeout: 90_000, ...need("chromium"), ...onItsTurn(0, 2, need("chromium").skip) }, async (context) => {
  const { api, trail } = await openOffice(context);
  const browser = await openBrowser(context);
  const page = await browser.open();
  await page.goto(`${api}/`);
  await page.getByRole("button", { name: "Log in with works" }).click();
  await page.locator('input[name="login"]').fill("olga");
  await page.locator('input[name="password"]').fill("any");
  await page.locator('button[type="submit"]').click();
  await page.locator('form[action*="/interaction/"] button[type="submit"]').click();
  await page.locator('[data-node="cloud-1"]').waitFor();
  assert.deepEqual([new URL(page.url()).origin, new URL(page.url()).search, new URL(page.url()).hash], [api, "", "#/"]);
  assert.deepEqual((await trail("holon.session.began")).map(({ name, role }) => [name, role]), [["works/olga", "owner"]]);
});
