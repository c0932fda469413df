/** Whoever tries what is not theirs stands in the trail: whom the guard let by and a route refused, and who shows what stands for nobody. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { machineCaller, type Caller } from "@holon/core/api/caller.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { Office, password } from "../testing/office.ts";

test("whom the guard lets by and the route refuses is told as denied: a role that is not theirs, another's token, their own second person, the machine as one of two", async () => {
  const office = await Office.open();
  office.policy = "policy careful 1\napprove four-eyes\n  who any\n  does call\n  what DELETE/v1/apps/{app}\npermit people\n  who person *\n  does call\n  what POST/v1/users PUT/v1/users/{user}/role\n  when role operator\n";
  const [olga, otto, vera] = [await office.login("olga"), await office.add("otto", "operator"), await office.add("vera", "viewer")];
  const told = async (): Promise<readonly string[]> => (await office.trail("holon.api.refused")).map(({ who, resource, rule, reason }) => `${String(who)} ${String(resource)} ${String(rule)}: ${String(reason)}`);
  const denied = async (by: Caller, method: "POST" | "PUT" | "DELETE", path: string, request: Parameters<Office["call"]>[3], last: string): Promise<void> => {
    const before = await told();
    for (const _ of [1, 2]) await assert.rejects(office.call(by, method, path, request), hasCode(last.includes("other-person") ? "HOLON_APPROVAL_BAD" : "HOLON_POLICY_DENIED"), last);
    assert.deepEqual((await told()).filter((line) => !before.includes(line)), [last], "once");
  };
  await office.call(olga, "POST", "/v1/tokens", { body: { name: "hers", role: "viewer", forMs: 1e9 } });
  await denied(vera, "POST", "/v1/tokens", { body: { name: "more", role: "owner", forMs: 1e9 } }, "person vera POST/v1/tokens own-role: person vera is viewer, and makes no token that is owner");
  await denied(vera, "DELETE", "/v1/tokens/{token}", { params: { token: "hers" } }, "person vera DELETE/v1/tokens/{token} own-token: token hers was made by person olga, not by person vera");
  await denied(otto, "POST", "/v1/users", { body: { name: "nora", role: "owner", password } }, "person otto POST/v1/users own-role: person otto is operator, and does not decide on who is owner");
  await denied(otto, "PUT", "/v1/users/{user}/role", { params: { user: "otto" }, body: { role: "owner" } }, "person otto PUT/v1/users/{user}/role own-role: person otto is operator, and does not decide on who is owner");
  await assert.rejects(office.call(otto, "DELETE", "/v1/apps/{app}", { params: { app: "pump" } }), hasCode("HOLON_APPROVAL_PENDING"));
  const { id } = office.people.approvals()[0] ?? assert.fail();
  await denied(otto, "POST", "/v1/approvals/{approval}/approve", { params: { approval: id } }, `person otto POST/v1/approvals/{approval}/approve other-person: otto asked for ${id} and cannot approve it`);
  const reason = (await told()).length;
  await assert.rejects(office.call(machineCaller, "DELETE", "/v1/apps/{app}", { params: { app: "pump" } }), hasCode("HOLON_POLICY_DENIED"));
  assert.match((await told())[reason] ?? "", /^token machine DELETE\/v1\/apps\/\{app\} four-eyes: /);
  await assert.rejects(office.call(olga, "DELETE", "/v1/tokens/{token}", { params: { token: "nosuch" } }), hasCode("HOLON_TOKEN_BAD"));
  assert.equal((await told()).length, reason + 1, "what is not there is no denial");
});

test("a token that ended, a session that ended and a wrong password are told, the first at once and the rest with their number, also as control ends, and to nobody else by name", async () => {
  const office = await Office.open();
  const otto = await office.add("otto", "operator");
  const told = async (type: string): Promise<readonly unknown[][]> => (await office.trail(type)).map(({ name, because, code, address, count }) => [name, because ?? code, address, count]);
  const make = async (name: string, forMs: number): Promise<string> => (await office.drive(office.people.addToken({ name, role: "operator", forMs }, otto))).token;
  const show = async (token: string): Promise<void> => {
    assert.equal(office.people.callerOf(token), undefined);
    office.people.turnedAway(token, "192.0.2.7");
    await office.sleep(1_000);
  };
  const [revoked, brief, backed] = [await make("revoked", 1e9), await make("brief", 1), await make("backed", 1e9)];
  await office.drive(office.people.revokeToken("revoked", otto));
  await office.fleet.restart("cloud");
  for (const _ of [1, 2, 3]) await show(revoked);
  assert.deepEqual(await told("holon.token.refused"), [["revoked", "it was revoked", "192.0.2.7", 1]]);
  await office.sleep(limits.refusalTellMs);
  assert.deepEqual((await told("holon.token.refused")).slice(1), [["revoked", "it was revoked", "192.0.2.7", 2]]);
  await show(brief);
  await office.drive(office.people.setRole("otto", "viewer", machineCaller));
  await show(backed);
  for (const guess of ["a", "b", "c"]) await show(guess);
  assert.deepEqual((await told("holon.token.refused")).slice(2), [["brief", "its time was over", "192.0.2.7", 1], ["backed", "who made it has no such role any more", "192.0.2.7", 1], [null, "nothing is known of it", "192.0.2.7", 1]]);

  const [out, idle] = [(await office.drive(office.people.login("otto", password, "home"))).token, (await office.drive(office.people.login("otto", password, "home"))).token];
  await office.drive(office.people.logout(office.people.callerOf(out) ?? assert.fail()));
  await show(out);
  await office.sleep(limits.sessionIdleMs);
  await show(idle);
  assert.deepEqual(await told("holon.session.refused"), [["otto", "logged out", "192.0.2.7", 1], ["otto", "its time was over", "192.0.2.7", 1]]);

  const wrong = async (name: string): Promise<string> => {
    const error: unknown = await office.drive(office.people.login(name, "wrong password", "192.0.2.9")).catch((reason: unknown) => reason);
    return error instanceof HolonError ? error.code : String(error);
  };
  for (const name of ["otto", "olga", "otto", "my password in the wrong field", "otto", "nobody"]) assert.equal(await wrong(name), "HOLON_LOGIN_REFUSED");
  await office.sleep(1_000);
  const line = (name: string | null, count: number): readonly unknown[] => [name, "HOLON_LOGIN_REFUSED", "192.0.2.9", count];
  assert.deepEqual(await told("holon.login.refused"), [line("otto", 1), line("olga", 1), line(null, 1)], "below the lock");
  await office.fleet.restart("cloud");
  assert.deepEqual((await told("holon.login.refused")).slice(3), [line("otto", 2), line(null, 1)]);
  const { log } = office.fleet;
  const trail = (await office.drive(log.read({ origin: log.origin, stream: "audit" }, 1, { maxRecords: 10_000, maxBytes: 8 << 20 }))).map(({ bytes }) => new TextDecoder().decode(bytes)).join("\n");
  for (const marker of ["192.0.2.", "wrong field", "\"otto\"", "\"brief\"", brief]) assert.ok(!trail.includes(marker), marker);
});
