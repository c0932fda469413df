/** Logins with an identity provider, with a clock that is moved by hand. The provider that is not ours is tried in `platform` and `cli`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { Clock } from "@holon/core/ports.ts";
import { isLoopbackRedirect, providerSchema } from "@holon/core/schema/provider.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createCrypto } from "@holon/platform/crypto.ts";
import { createCredentials } from "@holon/sim/credentials.ts";
import { createProvider } from "@holon/sim/provider.ts";
import { SeededRandom } from "@holon/sim/random.ts";
import { noPeople } from "../store/people.ts";
import { ControlFleet } from "../testing/control-fleet.ts";
import { openConcealed } from "./concealed.ts";
import { openPeople, type People } from "./people.ts";
import { providedName, roleOfClaims } from "./provided-role.ts";

const here = "127.0.0.1";
const redirect = "http://127.0.0.1:8400/holon";
const config = providerSchema.parse({ name: "works", issuer: "https://provider.test", client: "holon", roles: [{ claim: "groups", value: "owners", role: "owner" }, { claim: "groups", value: "staff", role: "viewer" }] });

async function open() {
  let nowMs = 1_767_225_600_000;
  const clock: Clock = { ...createClock(), monotonicMs: () => nowMs, elapsedMs: () => nowMs, wall: () => ({ ms: nowMs, state: "synced" }) };
  const fleet = await ControlFleet.start([{ name: "cloud", tier: "cloud" }]);
  let groups: readonly string[] = ["staff"];
  const port = createProvider(() => ({ groups }));
  const told: string[] = [];
  const [crypto, credentials] = [createCrypto(), createCredentials(new SeededRandom("provided"))];
  const people: People = openPeople({ log: fleet.log, clock, crypto, credentials, concealed: openConcealed({ log: fleet.log, crypto, credentials }), time: { nowMs: () => nowMs, cell: () => ({ key: "time/known", value: null }) }, state: noPeople(), mayCall: () => true, provider: { port, config }, record: (type) => (told.push(type), { stream: "audit", class: "public", bytes: new TextEncoder().encode(type) }), follow: () => Promise.resolve(), failed: assert.fail });
  const answerOf = (begun: { readonly url: string; readonly handle: string }) => {
    const { searchParams } = port.browse(begun.url, "ada");
    return { handle: begun.handle, state: searchParams.get("state") ?? "", code: searchParams.get("code") ?? "" };
  };
  const finish = (answer: ReturnType<typeof answerOf>) => fleet.drive(people.finishProvided(answer, "127.0.0.1"));
  return { people, port, told, answerOf, finish, pass: (ms: number) => void (nowMs += ms), belongTo: (...names: readonly string[]) => void (groups = names), logIn: async () => finish(answerOf(await people.beginProvided(redirect, here))) };
}

test("a session has the role that the claims gave, for as long as any session, and the next one what they give then", async () => {
  const { people, pass, belongTo, logIn } = await open();
  const first = await logIn();
  assert.deepEqual([first.name, people.callerOf(first.token)?.role], ["works/ada", "viewer"]);
  belongTo("staff", "owners");
  const second = await logIn();
  assert.equal(people.callerOf(second.token)?.role, "owner", "the first rule that fits");
  assert.equal(people.callerOf(first.token)?.role, "viewer");
  belongTo("visitors");
  await assert.rejects(logIn(), hasCode("HOLON_PROVIDER_UNMAPPED"));
  pass(limits.sessionIdleMs);
  assert.equal(people.callerOf(second.token), undefined);
});

test("a login is answered once, in time, by whoever began it; what is refused is told, and not again and again", async () => {
  const { people, told, pass, answerOf, finish } = await open();
  const late = await people.beginProvided(redirect, here);
  const answer = answerOf(late);
  pass(limits.providerLoginMs);
  await assert.rejects(finish(answer), hasCode("HOLON_LOGIN_ENDED"));
  const [mine, other] = [await people.beginProvided(redirect, here), await people.beginProvided(redirect, here)];
  await assert.rejects(finish({ ...answerOf(mine), handle: other.handle }), hasCode("HOLON_PROVIDER_REFUSED"));
  await assert.rejects(finish(answerOf(other)), hasCode("HOLON_LOGIN_ENDED"), "the wrong answer used it up");
  assert.equal((await finish(answerOf(mine))).role, "viewer");
  assert.deepEqual(told.filter((type) => type === "holon.login.refused").length, 2, "one for each code");
});

test("an answer counts with the state that was sent alone, and a proof with the nonce that was sent, whatever else of them is right", async () => {
  const { people, port, answerOf, finish } = await open();
  const [mine, other] = [await people.beginProvided(redirect, here), await people.beginProvided(redirect, here)];
  await assert.rejects(finish({ ...answerOf(mine), state: answerOf(other).state }), hasCode("HOLON_PROVIDER_REFUSED", /its state is not the one/));
  const { redeem } = port;
  port.redeem = async (answer) => ({ ...(await redeem(answer)), nonce: "of another login" });
  await assert.rejects(finish(answerOf(other)), hasCode("HOLON_PROVIDER_REFUSED", /its nonce is not the one/));
  port.redeem = redeem;
  assert.equal((await finish(answerOf(await people.beginProvided(redirect, here)))).role, "viewer");
});

test("who begins many logins pushes out none of another's, from one address or from many", async () => {
  const { people, answerOf, finish } = await open();
  const mine = await people.beginProvided(redirect, "192.0.2.1");
  for (let count = 0; count < 2 * limits.providerLoginsMax; count += 1) await people.beginProvided(redirect, "198.51.100.7");
  for (let count = 0; count < 2 * limits.providerLoginsMax; count += 1) await people.beginProvided(redirect, `203.0.113.${count % 64}`);
  assert.equal((await finish(answerOf(mine))).name, "works/ada");
});

test("more logins than are kept push out the oldest, and none of the newest", async () => {
  const { people, answerOf, finish } = await open();
  const first = await people.beginProvided(redirect, here);
  const rest = await Promise.all(Array.from({ length: limits.providerAsksMax }, () => people.beginProvided(redirect, here)));
  await assert.rejects(Promise.all(Array.from({ length: limits.providerAsksMax + 1 }, () => people.beginProvided(redirect, here))), hasCode("HOLON_LOGIN_BUSY"));
  for (let count = 0; count < limits.providerLoginsMax; count += 1) await people.beginProvided(redirect, here);
  await assert.rejects(finish(answerOf(first)), hasCode("HOLON_LOGIN_ENDED"));
  assert.equal(rest.length, limits.providerAsksMax);
  assert.equal((await finish(answerOf(await people.beginProvided(redirect, here)))).name, "works/ada");
});

test("a role follows from a rule that fits letter by letter, and from nothing else", () => {
  const rule = (claim: string | string[], value: string) => [{ claim, value, role: "owner" as const }];
  const cases: readonly (readonly [claims: Record<string, unknown>, claim: string | string[], value: string, fits: boolean])[] = [
    [{ groups: ["a", "owners"] }, "groups", "owners", true],
    [{ groups: "owners" }, "groups", "owners", true],
    [{ groups: ["Owners", "owners-of-nothing", "no owners"] }, "groups", "owners", false],
    [{ groups: [["owners"]] }, "groups", "owners", false],
    [{ groups: { owners: true } }, "groups", "owners", false],
    [{}, "groups", "owners", false],
    [{ realm_access: { roles: ["owners"] } }, ["realm_access", "roles"], "owners", true],
    [{ "realm_access.roles": ["owners"] }, ["realm_access", "roles"], "owners", false],
    [{ email: "o@example.org" }, "email", "o@example.org", false],
    [{ email: "o@example.org", email_verified: "true" }, "email", "o@example.org", false],
    [{ email: "o@example.org", email_verified: true }, "email", "o@example.org", true],
    [{}, "constructor", "owners", false],
    [{}, ["__proto__", "constructor", "name"], "Object", false],
  ];
  for (const [claims, claim, value, fits] of cases) assert.equal(roleOfClaims(claims, rule(claim, value)), fits ? "owner" : undefined, JSON.stringify([claims, claim]));
});

test("a name is nobody else's, and reads as one word in a policy", () => {
  assert.equal(providedName("works", "auth0|5f7c8ec7c33c6c004bbafe82"), "works/auth0%7C5f7c8ec7c33c6c004bbafe82");
  assert.equal(providedName("works", "* a/b"), "works/%2A%20a%2Fb");
});

test("a browser is sent back to this machine and nowhere else", () => {
  for (const text of ["http://127.0.0.1:7400/", "http://localhost:1/x?y=1", "http://[::1]:8/"]) assert.ok(isLoopbackRedirect(text), text);
  for (const text of ["https://127.0.0.1/", "http://127.0.0.1@elsewhere.test/", "http://127.0.0.1.test/", "http://user@127.0.0.1/", "http://127.0.0.1/#x", "javascript:1", "", "//127.0.0.1"]) assert.ok(!isLoopbackRedirect(text), text);
});
