/** Users, sessions, tokens and approvals at the control plane of a simulated fleet, in virtual time, over restarts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { machineCaller, type Caller } from "@holon/core/api/caller.ts";
import { guardRoutes } from "@holon/core/api/guarded.ts";
import type { Route } from "@holon/core/api/route.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { compilePolicy } from "@holon/core/policy/compile.ts";
import { parsePolicy } from "@holon/core/policy/parse-policy.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { z } from "zod";
import { controlRoutes } from "../api/routes.ts";
import { app as appNamed, ControlFleet } from "../testing/control-fleet.ts";
import { Office, password } from "../testing/office.ts";

test("each role may what its text says: of all routes of control, as a table", async () => {
  const office = await Office.open();
  const { decide } = compilePolicy(parsePolicy("policy none 1\n"));
  const routes = controlRoutes(office.fleet.control).filter(({ open }) => open !== true).map(({ method, path }) => `${method}${path}`);
  const mayOf = (principal: Caller["principal"], role: Caller["role"]): readonly string[] => routes.filter((name) => decide(principal, "call", { name }, { facts: { role } }).allow);
  const person = { kind: "person", name: "p" } as const;
  const token = { kind: "token", name: "t" } as const;
  assert.deepEqual(mayOf(person, "owner"), routes);
  assert.deepEqual(mayOf(machineCaller.principal, "machine"), routes);
  assert.deepEqual(mayOf(machineCaller.principal, "bootstrap"), ["GET/v1/nodes", "GET/v1/nodes/{node}", "GET/v1/session", "GET/v1/users", "POST/v1/users", "PUT/v1/users/{user}/password"]);
  const changes = (names: readonly string[]): readonly string[] => names.filter((name) => !name.startsWith("GET"));
  const own = ["DELETE/v1/session", "PUT/v1/session/password", "POST/v1/tokens", "DELETE/v1/tokens/{token}"];
  const publishing = ["PUT/v1/apps/{app}", "PUT/v1/images", "PUT/v1/blobs/{hash}", "POST/v1/models", "POST/v1/plan/preview"];
  for (const role of ["viewer", "auditor"] as const) assert.deepEqual(changes(mayOf(person, role)), own, role);
  assert.deepEqual([...changes(mayOf(person, "publisher"))].sort(), [...own, ...publishing].sort());
  const operating = ["DELETE/v1/apps/{app}", "POST/v1/approvals/{approval}/approve", "POST/v1/approvals/{approval}/reject", "POST/v1/approvals/{approval}/sign"];
  assert.deepEqual(changes(mayOf(person, "operator")).filter((name) => !name.includes("/nodes/")).toSorted(), [...own, ...publishing, ...operating].sort());
  assert.ok(!mayOf(person, "viewer").includes("GET/v1/users") && mayOf(person, "auditor").includes("GET/v1/users"));
  for (const name of ["GET/v1/plan", "GET/v1/plan/adopted", "GET/v1/plan/explain"]) assert.ok(mayOf(person, "viewer").includes(name), name);
  assert.ok(decide(person, "call", { name: "POST/v1/plan/simulate" }, { facts: { role: "viewer" } }).allow, "it changes nothing");
  // A token has its role, and never makes people, tokens or approvals.
  assert.deepEqual(changes(mayOf(token, "viewer")), ["DELETE/v1/session"]);
  for (const name of mayOf(token, "owner")) assert.doesNotMatch(name, /^(?:POST|PUT|DELETE)\/v1\/(?:users|tokens|approvals)/);
  assert.deepEqual(mayOf({ kind: "person", name: "machine" }, "machine"), [], "a person of that name is no machine");
});

test("a policy widens a role and narrows another, and names who was denied", async () => {
  const office = await Office.open();
  const vera = await office.add("vera", "viewer");
  const pia = await office.add("pia", "publisher");
  office.policy = "policy own 1\npermit see-people\n  who person *\n  does call\n  what GET/v1/users\n  when role viewer\nforbid no-removal\n  who person pia\n  does call\n  what PUT/v1/images\n";
  assert.equal((await office.call(vera, "GET", "/v1/users")).status, 200);
  await assert.rejects(office.call(pia, "PUT", "/v1/images", { body: {} }), hasCode("HOLON_POLICY_DENIED", /no-removal.*forbids person pia call PUT\/v1\/images/));
  await assert.rejects(office.call(vera, "DELETE", "/v1/apps/{app}", { params: { app: "pump" } }), hasCode("HOLON_POLICY_DENIED", /lets person vera call DELETE\/v1\/apps\/\{app\}/));
  await assert.rejects(office.call(vera, "DELETE", "/v1/apps/{app}", { params: { app: "pump" } }), hasCode("HOLON_POLICY_DENIED"));
  assert.deepEqual((await office.trail("holon.api.refused")).map(({ who, rule }) => [who, rule]).toSorted(), [["person pia", "no-removal"], ["person vera", "default"]], "the same is told once");
});

test("a watch shows nobody what the policy lets them not read", async () => {
  const office = await Office.open();
  const vera = await office.add("vera", "viewer");
  office.policy = "policy own 1\nforbid no-plans\n  who person vera\n  does call\n  what GET/v1/plan\n";
  await assert.rejects(office.call(vera, "GET", "/v1/watch"), hasCode("HOLON_POLICY_DENIED", /no-plans.*forbids person vera call GET\/v1\/plan/));
  assert.equal((await office.call(vera, "GET", "/v1/watch", { query: { kinds: "node,app,policy" } })).status, 200);
});

test("a session ends with its idle time, its whole time, its logout, its user's new password, and with control", async () => {
  const office = await Office.open();
  const begin = async (): Promise<string> => (await office.drive(office.people.login("olga", password, "a"))).token;
  const holds = (token: string): boolean => office.people.callerOf(token) !== undefined;
  const idle = await begin();
  await office.sleep(limits.sessionIdleMs - 1_000);
  assert.ok(holds(idle));
  await office.sleep(limits.sessionIdleMs);
  assert.ok(!holds(idle));
  const used = await begin();
  for (const _ of Array.from({ length: Math.floor(limits.sessionMs / (limits.sessionIdleMs / 2)) - 1 })) {
    await office.sleep(limits.sessionIdleMs / 2);
    assert.ok(holds(used));
  }
  await office.sleep(limits.sessionIdleMs / 2);
  assert.ok(!holds(used), "however busy it is");
  const [one, two] = [await begin(), await begin()];
  await office.drive(office.people.logout(office.people.callerOf(one) ?? machineCaller));
  assert.ok(!holds(one) && holds(two));
  await office.drive(office.people.setPassword("olga", `${password} 2`, machineCaller));
  assert.ok(!holds(two));
  await assert.rejects(begin(), hasCode("HOLON_LOGIN_REFUSED"));
  const last = (await office.drive(office.people.login("olga", `${password} 2`, "a"))).token;
  await office.fleet.restart("cloud");
  assert.ok(!holds(last));
  assert.equal((await office.login("olga", `${password} 2`)).role, "owner");
  await office.drive(office.people.setRole("olga", "owner", machineCaller));
  const many = [];
  for (const _ of Array.from({ length: limits.sessionsOfOneMax + 1 })) many.push((await office.drive(office.people.login("olga", `${password} 2`, "a"))).token);
  assert.deepEqual(many.map(holds), [false, ...many.slice(1).map(() => true)]);
});

test("wrong passwords lock a name for who guessed and not for who is at home, alike for a name that nobody has, and the lock ends", async () => {
  const office = await Office.open();
  const olga = await office.drive(office.people.login("olga", password, "home"));
  const told = async (name: string, address = name): Promise<readonly string[]> => {
    const answers: string[] = [];
    for (const _ of Array.from({ length: limits.loginFailuresOfName + 1 })) {
      const error: unknown = await office.drive(office.people.login(name, "wrong password", address)).catch((reason: unknown) => reason);
      assert.ok(error instanceof HolonError);
      answers.push(`${error.code} ${error.message.replace(/\d+/g, "N")} ${error.next} ${error.retryAfterMs !== undefined}`);
    }
    return answers;
  };
  const answers = await told("olga");
  assert.deepEqual(answers.map((answer) => answer.split(" ")[0]), [...Array.from({ length: limits.loginFailuresOfName }, () => "HOLON_LOGIN_REFUSED"), "HOLON_LOGIN_LOCKED"]);
  assert.deepEqual(await told("nobody"), answers);
  await assert.rejects(office.drive(office.people.login("olga", password, "olga")), hasCode("HOLON_LOGIN_LOCKED"));
  await office.drive(office.people.login("olga", password, "home"));
  await office.drive(office.people.changePassword(office.people.callerOf(olga.token) ?? assert.fail(), password, password, "olga"));
  assert.ok(office.people.callerOf(olga.token) !== undefined);
  assert.deepEqual((await office.trail("holon.login.locked")).map(({ of, name, forMs }) => [of, name, forMs]).toSorted(), [["name", null, limits.loginLockMs], ["name", "olga", limits.loginLockMs]].toSorted());
  await office.sleep(limits.loginLockMs);
  assert.equal((await office.login("olga")).role, "owner");
  await told("olga");
  await office.drive(office.people.setPassword("olga", `${password} 2`, machineCaller));
  assert.equal((await office.login("olga", `${password} 2`)).role, "owner", "a new password does not wait");
});

test("the machine's token stands for the owner until there is one, then only for mending; the last owner stays", async () => {
  const fleet = await ControlFleet.start([{ name: "cloud", tier: "cloud" }]);
  const office = new Office(fleet);
  assert.equal(office.people.machine().role, "machine");
  await office.add("vera", "viewer");
  assert.equal(office.people.machine().role, "machine");
  const olga = await office.add("olga", "owner");
  const machine = office.people.machine();
  assert.equal(machine.role, "bootstrap");
  await assert.rejects(office.call(machine, "PUT", "/v1/policy", { body: { text: "policy a 1\n" } }), (error) => error instanceof HolonError && error.code === "HOLON_POLICY_DENIED" && /holon login/.test(error.next));
  await office.call(machine, "PUT", "/v1/users/{user}/password", { params: { user: "olga" }, body: { password: "a new one, for olga" } });
  await assert.rejects(office.drive(office.people.removeUser("olga", olga)), hasCode("HOLON_USER_LAST_OWNER", /olga/));
  await assert.rejects(office.drive(office.people.setRole("olga", "viewer", olga)), hasCode("HOLON_USER_LAST_OWNER"));
  const olga2 = await office.login("olga", "a new one, for olga");
  await office.drive(office.people.setRole("vera", "owner", olga2));
  await office.drive(office.people.removeUser("olga", olga2));
  await fleet.restart("cloud");
  assert.deepEqual(office.people.users().map(({ name, role }) => `${name} ${role}`), ["vera owner"]);
  assert.equal(office.people.machine().role, "bootstrap");
  for (const short of ["", "eleven char"]) await assert.rejects(office.drive(office.people.setPassword("vera", short, machineCaller)), hasCode("HOLON_USER_BAD", /12/));
});

test("where nobody could approve anything, the machine's token adds users and sets passwords, and nothing else waits for nobody", async () => {
  const office = await Office.open();
  office.policy = "policy careful 1\napprove four-eyes\n  who any\n  does call\n  what DELETE/v1/apps/{app} POST/v1/users PUT/v1/users/{user}/role PUT/v1/users/{user}/password\n";
  const add = (caller: Caller, name: string): Promise<unknown> => office.call(caller, "POST", "/v1/users", { body: { name, role: "owner", password } });
  const olga = await office.login("olga");
  await assert.rejects(add(olga, "otto"), hasCode("HOLON_APPROVAL_PENDING"), "one owner alone makes no second one");
  const machine = office.people.machine();
  await assert.rejects(office.call(machine, "PUT", "/v1/users/{user}/role", { params: { user: "olga" }, body: { role: "owner" } }), hasCode("HOLON_POLICY_DENIED"));
  await office.call(machine, "PUT", "/v1/users/{user}/password", { params: { user: "olga" }, body: { password: "a new one, for olga" } });
  await add(machine, "otto");
  await assert.rejects(add(machine, "oskar"), hasCode("HOLON_POLICY_DENIED"), "now there are two");
});

test("who may only have tokens is told of their own", async () => {
  const office = await Office.open();
  const [otto, vera] = [await office.add("otto", "operator"), await office.add("vera", "viewer")];
  for (const [caller, name] of [[otto, "night"], [vera, "board"]] as const) await office.drive(office.people.addToken({ name, role: "viewer", routes: undefined, forMs: 3_600_000 }, caller));
  const names = async (caller: Caller): Promise<unknown> => ((await office.call(caller, "GET", "/v1/tokens")).body as { readonly tokens: readonly { readonly name: string }[] }).tokens.map(({ name }) => name);
  assert.deepEqual([await names(otto), await names(vera)], [["board", "night"], ["board"]]);
});

test("a token holds until its day, its revocation, or the end of its maker's right to it; nothing of it is in the log", async () => {
  const office = await Office.open();
  const otto = await office.add("otto", "operator");
  const hour = 3_600_000;
  const make = (name: string, role: "operator" | "viewer" | "owner" = "operator") => office.drive(office.people.addToken({ name, role, routes: ["GET/v1/nodes*"], forMs: hour }, otto));
  const { token } = await make("ci");
  assert.deepEqual(office.people.callerOf(token), { principal: { kind: "token", name: "ci" }, role: "operator", routes: ["GET/v1/nodes*"], maker: { name: "otto", role: "operator" } });
  await assert.rejects(make("ci"), hasCode("HOLON_TOKEN_BAD"));
  await assert.rejects(make("more", "owner"), hasCode("HOLON_POLICY_DENIED", /person otto is operator/));
  await office.fleet.restart("cloud");
  const caller = office.people.callerOf(token);
  assert.ok(caller !== undefined, "it outlives control");
  assert.equal((await office.call(caller, "GET", "/v1/nodes")).status, 200);
  await assert.rejects(office.call(caller, "GET", "/v1/apps"), hasCode("HOLON_POLICY_DENIED", /token ci is for GET\/v1\/nodes\*/));
  await office.drive(office.people.setRole("otto", "auditor", machineCaller));
  assert.equal(office.people.callerOf(token), undefined, "its maker has no such role any more");
  await office.drive(office.people.setRole("otto", "operator", machineCaller));
  assert.ok(office.people.callerOf(token) !== undefined);
  await office.sleep(hour);
  assert.equal(office.people.callerOf(token), undefined);
  const { token: other } = await make("night");
  const vera = await office.add("vera", "viewer");
  await assert.rejects(office.drive(office.people.revokeToken("night", vera)), hasCode("HOLON_POLICY_DENIED", /made by person otto/));
  await office.drive(office.people.revokeToken("night", otto));
  assert.equal(office.people.callerOf(other), undefined);
  const { token: last } = await make("last");
  await office.drive(office.people.removeUser("otto", machineCaller));
  await office.drive(office.people.addUser({ name: "otto", role: "operator", password }, machineCaller));
  assert.equal(office.people.callerOf(last), undefined, "another otto is another person");
  for (const type of ["holon.token.added", "holon.user.added", "holon.user.password"]) {
    const told = JSON.stringify(await office.trail(type));
    assert.ok(told.length > 2 || type === "holon.user.password");
    for (const secret of [token, other, last, password, "sim$"]) assert.ok(!told.includes(secret), type);
  }
});

test("what is signed with the key or the name of who asked spends no approval, be it a shell or an adoption", async () => {
  const office = await Office.open();
  office.policy = "policy careful 1\napprove four-eyes\n  who any\n  does call\n  what POST/v1/nodes/{node}/shell POST/v1/nodes/{node}/adopt\n  because \"two people\"\n";
  const { decide } = compilePolicy(parsePolicy(office.policy));
  const [olga, otto] = [await office.login("olga"), await office.add("otto", "operator")];
  const own = { signer: "otto", signature: `${"A".repeat(86)}==` };
  const until = "2026-01-01T00:15:00.000Z";
  const key = `${"A".repeat(43)}=`;
  const bodies = { shell: { grant: { node: "gateway-1", id: "0".repeat(16), because: "it stands still", sessionKey: key, boxKey: key, until }, signature: own }, adopt: { because: "upgraded", found: "0".repeat(64), signed: { id: "0".repeat(16), until, signature: own } } };
  for (const [path, body] of Object.entries(bodies)) {
    const routes: readonly Route[] = [{ method: "POST", path: `/v1/nodes/{node}/${path}`, summary: "Signed.", answer: z.unknown(), handle: () => Promise.resolve({ status: 200, body: path }) }];
    const [route] = guardRoutes(routes, { decide: (principal, name, context) => Promise.resolve(decide(principal, "call", { name }, context)), approved: office.people.approved, refused: office.people.refused });
    const ask = () => office.drive(route?.handle({ params: { node: "gateway-1" }, query: {}, body, caller: otto }) ?? assert.fail());
    await assert.rejects(ask(), hasCode("HOLON_APPROVAL_PENDING"));
    const { id } = office.people.approvals().find(({ by }) => by === undefined) ?? assert.fail();
    const sign = (signer: string, letter: string) => office.drive(office.people.approve(id, olga, { signer, signature: `${letter.repeat(86)}==` }));
    await assert.rejects(sign("olga", "A"), hasCode("HOLON_APPROVAL_BAD", /key of otto/), path);
    await assert.rejects(sign("otto", "Q"), hasCode("HOLON_APPROVAL_BAD", /name of otto/), path);
    await sign("olga", "Q");
    assert.equal((await ask()).body, path);
  }
});

test("what the policy calls dangerous waits for another person, word by word, once, and not for ever", async () => {
  const office = await Office.open();
  office.policy = "policy careful 1\napprove four-eyes\n  who any\n  does call\n  what DELETE/v1/apps/{app} POST/v1/users\n  because \"two people remove an app\"\nexpect approve four-eyes\n  who person olga\n  does call\n  what DELETE/v1/apps/{app}\n  when role owner\n";
  const [olga, otto] = [await office.login("olga"), await office.add("otto", "operator")];
  const remove = (caller: Caller, app = "pump") => office.call(caller, "DELETE", "/v1/apps/{app}", { params: { app } });
  const pending = async (work: Promise<unknown>): Promise<string> => {
    const error: unknown = await work.then(() => undefined, (reason: unknown) => reason);
    assert.ok(error instanceof HolonError && error.code === "HOLON_APPROVAL_PENDING", String(error));
    return /waits as (\w+)/.exec(error.message)?.[1] ?? "";
  };
  const id = await pending(remove(otto));
  assert.equal(await pending(remove(otto)), id, "asked again it is the same");
  await assert.rejects(office.drive(office.people.approve(id, otto)), hasCode("HOLON_APPROVAL_BAD", /otto asked/));
  const { token } = await office.drive(office.people.addToken({ name: "ci", role: "operator", forMs: 1e9 }, otto));
  const ci = office.people.callerOf(token) ?? machineCaller;
  const ofToken = await pending(remove(ci));
  assert.notEqual(ofToken, id);
  await assert.rejects(office.drive(office.people.approve(ofToken, otto)), hasCode("HOLON_APPROVAL_BAD", /otto asked/), "a token's calls are its maker's");
  await assert.rejects(office.drive(office.people.approve(id, ci)), hasCode("HOLON_APPROVAL_BAD", /no person/));
  await assert.rejects(office.drive(office.people.approve(id, machineCaller)), hasCode("HOLON_APPROVAL_BAD", /no person/));
  await office.call(olga, "POST", "/v1/approvals/{approval}/approve", { params: { approval: id } });
  await office.fleet.restart("cloud");
  assert.notEqual(await pending(remove(otto, "fan")), id, "another app is another call");
  assert.notEqual(await pending(remove(olga)), id, "another person's is another call");
  await office.drive(office.fleet.control.deploy(appNamed("pump")));
  assert.equal((await remove(otto)).status, 200);
  assert.notEqual(await pending(remove(otto)), id, "once");
  assert.deepEqual((await office.trail("holon.approval.used")).map(({ who, by }) => [who, by]), [["person otto", "person olga"]]);

  // Rejected, and over.
  const rejected = await pending(remove(otto, "mill"));
  const olga2 = await office.login("olga");
  await office.call(olga2, "POST", "/v1/approvals/{approval}/reject", { params: { approval: rejected }, body: { because: "not today" } });
  assert.notEqual(await pending(remove(otto, "mill")), rejected);
  const late = await pending(remove(otto, "late"));
  await office.sleep(limits.approvalMs);
  await assert.rejects(office.drive(office.people.approve(late, olga2)), hasCode("HOLON_APPROVAL_BAD", /no call/));
  assert.deepEqual(office.people.approvals(), []);

  // A password is neither shown nor hashed.
  const adding = await pending(office.call(await office.login("olga"), "POST", "/v1/users", { body: { name: "nora", role: "viewer", password: "secret words here" } }));
  assert.deepEqual(office.people.approvals().find((one) => one.id === adding)?.body, { name: "nora", role: "viewer" });
  // The machine's token is no second person, and no first one.
  await assert.rejects(remove(machineCaller), hasCode("HOLON_POLICY_DENIED", /two people remove an app/));
});

test("what control changes names who did it, and a policy that leaves nobody to replace it is refused", async () => {
  const office = await Office.open();
  const olga = await office.login("olga");
  const app = { name: "pump", version: "1", sources: [], functions: [], models: [], egress: [] };
  await office.call(olga, "PUT", "/v1/apps/{app}", { params: { app: "pump" }, body: app });
  await office.call(olga, "DELETE", "/v1/apps/{app}", { params: { app: "pump" } });
  await office.fleet.restart("cloud");
  assert.deepEqual(office.fleet.control.apps(), []);
  const text = "policy plant 1\npermit runs\n  who any\n  does run open use\n";
  await office.call(olga, "PUT", "/v1/policy", { body: { text } });
  for (const type of ["holon.app.deployed", "holon.app.removed", "holon.policy.adopted"]) assert.deepEqual((await office.trail(type)).map(({ by }) => by), ["person olga"], type);
  assert.deepEqual((await office.trail("holon.user.added")).map(({ by }) => by), ["token machine"]);
  const shut = "policy plant 2\nforbid shut\n  who person *\n  does call\n  what PUT/v1/policy\n";
  await assert.rejects(office.call(olga, "PUT", "/v1/policy", { body: { text: shut } }), hasCode("HOLON_POLICY_DENIED", /nobody could adopt another/));
  const alone = "policy plant 2\napprove two\n  who any\n  does call\n  what PUT/v1/policy\n";
  await assert.rejects(office.call(olga, "PUT", "/v1/policy", { body: { text: alone } }), hasCode("HOLON_POLICY_DENIED", /nobody could adopt another/));
  await office.add("otto", "operator");
  assert.equal((await office.call(olga, "PUT", "/v1/policy", { body: { text: alone } })).status, 200);
});
