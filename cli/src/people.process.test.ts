/** One real control plane and its people, with the commands that they use. What needs time is tried in virtual time, in control. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { machineCaller } from "@holon/core/api/caller.ts";
import { limits } from "@holon/core/limits.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { z } from "zod";
import { onItsTurn } from "../../scripts/testing/turns.ts";
import { startNode, type MachineNode } from "./machine/compose.ts";
import { makeToken } from "./machine/token.ts";
import { assertRefused } from "./testing/assert-refused.ts";
import { runHolon, type Ended } from "./testing/holon-process.ts";
import { until } from "./testing/wait.ts";

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string(), next: z.string() }) });
const loggedInSchema = z.object({ token: z.string(), role: z.string() });
const madeSchema = z.object({ token: z.string() });

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfter: string | null;
}

class Office {
  /** Of the machine, and of everybody's own. */
  readonly data: string;
  readonly #context: TestContext;
  readonly #machine: MachineNode;

  static async open(context: TestContext): Promise<Office> {
    const data = tempFolder(context);
    const machine = await startNode({
      config: { apiVersion: "holon/v1", name: "cloud-1", site: "cloud", tier: "cloud", jurisdiction: "EU/DE", control: true, siblings: [] },
      data, api: "127.0.0.1:0", token: await makeToken(data), trace: { level: "error", output: process.stderr },
    });
    context.after(() => machine.close());
    return new Office(context, data, machine);
  }

  private constructor(context: TestContext, data: string, machine: MachineNode) {
    this.data = data;
    this.#context = context;
    this.#machine = machine;
  }

  /** A folder of somebody's own, without the machine's token, with their password in a file. */
  home(name: string, password: string): { readonly data: string; readonly passwordFile: string } {
    const data = join(this.data, `home-${name}`);
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, "password"), `${password}\n`);
    return { data, passwordFile: join(data, "password") };
  }

  holon(data: string, ...words: readonly string[]): Promise<Ended> {
    return runHolon(this.#context, [...words, "--api", this.#machine.api, "--data", data]);
  }

  /** With a token in the environment, and nothing in the folder. */
  async holonWith(token: string, ...words: readonly string[]): Promise<Ended> {
    process.env["HOLON_TOKEN"] = token;
    try {
      return await this.holon(join(this.data, "nobody"), ...words);
    } finally {
      delete process.env["HOLON_TOKEN"];
    }
  }

  /** The command's stdout. */
  async done(data: string, ...words: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.holon(data, ...words);
    assert.equal(exitCode, 0, stderr);
    return stdout;
  }

  async call(token: string | undefined, method: string, path: string, body?: unknown): Promise<Answer> {
    const headers = { "content-type": "application/json", ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    const response = await fetch(new URL(path, this.#machine.api), { method, headers, body: body === undefined ? null : JSON.stringify(body) });
    return { status: response.status, body: await response.json(), retryAfter: response.headers.get("retry-after") };
  }

  async login(name: string, password: string): Promise<string> {
    return loggedInSchema.parse((await this.call(undefined, "POST", "/v1/login", { name, password })).body).token;
  }

  /** As who may read all of it does. */
  async trail(type: string): Promise<readonly Record<string, unknown>[]> {
    const { node, control } = this.#machine;
    const found = await node.log.find({ accepts: ({ stream }) => stream === "audit", type, limit: 1_000 });
    return found.map(({ event }) => z.record(z.string(), z.unknown()).parse(control?.people?.show(event, machineCaller).data));
  }

  /** What the guard decided: as it stands in the trail, and as who may read all of it is shown it. */
  async decided(): Promise<{ readonly stored: string; readonly shown: string }> {
    const type = "holon.policy.decided";
    const found = await this.#machine.node.log.find({ accepts: ({ stream }) => stream === "audit", type, limit: 1_000 });
    return { stored: JSON.stringify(found.map(({ event }) => event)), shown: JSON.stringify(await this.trail(type)) };
  }

  async inForce(name: string): Promise<void> {
    await until(`policy ${name} is in force`, () => this.#machine.node.guard.inForce().own.policy.name === name);
  }
}

const refused = ({ status, body }: Answer): readonly [status: number, code: string, message: string] => {
  const { code, message } = errorSchema.parse(body).error;
  return [status, code, message];
};
const app = { name: "pump", version: "1", sources: [], functions: [], models: [], egress: [] };
const passwords = { olga: "a password of olga", otto: "a password of otto", vera: "a password of vera" } as const;

test("the first owner is made on the machine; people log in, and are allowed and denied by name", { timeout: 60_000 }, async (context) => {
  const office = await Office.open(context);
  const { data } = office;
  const machine = readFileSync(join(data, "api-token"), "utf8").trim();
  const olga = office.home("olga", passwords.olga);
  assert.equal((await office.call(machine, "PUT", "/v1/apps/pump", app)).status, 200, "as long as nobody owns the fleet");
  assert.match(await office.done(data, "user", "add", "olga", "--role", "owner", "--password-file", olga.passwordFile), /^olga is owner/);
  const denied = await office.call(machine, "DELETE", "/v1/apps/pump");
  assert.deepEqual(refused(denied).slice(0, 2), [403, "HOLON_POLICY_DENIED"]);
  assert.match(errorSchema.parse(denied.body).error.next, /holon login/);

  assert.match(await office.done(olga.data, "login", "olga", "--password-file", olga.passwordFile), /^olga is logged in as owner/);
  if (process.platform !== "win32") assert.equal(statSync(join(olga.data, "sessions.json")).mode & 0o777, 0o600);
  const session = await office.login("olga", passwords.olga);
  assert.equal((await office.call(session, "POST", "/v1/users", { name: "vera", role: "viewer", password: passwords.vera })).status, 200);
  const vera = await office.login("vera", passwords.vera);
  assert.equal((await office.call(vera, "GET", "/v1/apps")).status, 200);
  assert.deepEqual(refused(await office.call(vera, "PUT", "/v1/apps/pump", { ...app, version: "2" })).slice(0, 2), [403, "HOLON_POLICY_DENIED"]);
  assertRefused(await office.holonWith(vera, "app", "remove", "pump"), "HOLON_POLICY_DENIED", /no rule of policy .* lets person vera call DELETE\/v1\/apps\/\{app\}/);

  await office.done(olga.data, "app", "remove", "pump");
  assert.deepEqual((await office.trail("holon.app.deployed")).map(({ by }) => by), ["token machine"]);
  assert.deepEqual((await office.trail("holon.app.removed")).map(({ by }) => by), ["person olga"]);
  assert.deepEqual((await office.trail("holon.user.added")).map(({ name, by }) => [name, by]), [["olga", "token machine"], ["vera", "person olga"]]);
  assert.ok((await office.trail("holon.api.refused")).some(({ who, resource }) => who === "person vera" && resource === "PUT/v1/apps/{app}"));

  await office.done(olga.data, "logout");
  assert.equal(existsSync(join(olga.data, "sessions.json")), false);
  assert.equal((await office.call(session, "DELETE", "/v1/users/vera")).status, 200);
  assert.deepEqual(refused(await office.call(vera, "GET", "/v1/apps")).slice(0, 2), [401, "HOLON_API_UNAUTHORISED"]);
});

test("tokens end and are revoked, a dangerous call waits for another person, wrong passwords lock, and the machine lets in again", { timeout: 60_000, ...onItsTurn(0, 2) }, async (context) => {
  const office = await Office.open(context);
  const { data } = office;
  const machine = readFileSync(join(data, "api-token"), "utf8").trim();
  for (const [name, role] of [["otto", "operator"], ["olga", "owner"]] as const) assert.equal((await office.call(machine, "POST", "/v1/users", { name, role, password: passwords[name] })).status, 200);
  const [olga, otto] = [await office.login("olga", passwords.olga), await office.login("otto", passwords.otto)];

  const added = await office.holonWith(olga, "token", "add", "ci", "--role", "viewer", "--for", "1h", "--routes", "GET/v1/nodes*", "GET/v1/status");
  assert.equal(added.exitCode, 0, added.stderr);
  const token = added.stdout.trim();
  assert.equal((await office.call(token, "GET", "/v1/nodes")).status, 200);
  assert.deepEqual(refused(await office.call(token, "GET", "/v1/apps")).slice(0, 2), [403, "HOLON_POLICY_DENIED"]);
  assert.equal((await office.call(olga, "DELETE", "/v1/tokens/ci")).status, 200);
  assert.deepEqual(refused(await office.call(token, "GET", "/v1/nodes")).slice(0, 2), [401, "HOLON_API_UNAUTHORISED"]);
  const { token: brief } = madeSchema.parse((await office.call(olga, "POST", "/v1/tokens", { name: "brief", role: "viewer", forMs: 1_000 })).body);
  assert.equal((await office.call(brief, "GET", "/v1/nodes")).status, 200);
  await until("it has ended", async () => (await office.call(brief, "GET", "/v1/nodes")).status === 401);
  const held = await until("both are in the trail", async () => {
    const told = await office.trail("holon.token.refused");
    return told.length === 2 ? told : undefined;
  });
  assert.deepEqual(held.map(({ name, because, count }) => [name, because, count]), [["ci", "it was revoked", 1], ["brief", "its time was over", 1]]);
  assert.deepEqual((await office.trail("holon.token.revoked")).map(({ name, by }) => [name, by]), [["ci", "person olga"]]);

  const text = "policy careful 1\npermit runs\n  who any\n  does run open use\napprove four-eyes\n  who any\n  does call\n  what DELETE/v1/apps/{app}\n";
  assert.equal((await office.call(olga, "PUT", "/v1/apps/pump", app)).status, 200);
  assert.equal((await office.call(olga, "PUT", "/v1/policy", { text })).status, 200);
  await office.inForce("careful");
  const [status, code, message] = refused(await office.call(otto, "DELETE", "/v1/apps/pump"));
  assert.deepEqual([status, code], [403, "HOLON_APPROVAL_PENDING"]);
  const id = /waits as (\w+)/.exec(message)?.[1] ?? "";
  assert.deepEqual(refused(await office.call(otto, "POST", `/v1/approvals/${id}/approve`)).slice(0, 2), [400, "HOLON_APPROVAL_BAD"]);
  assert.ok((await office.trail("holon.api.refused")).some(({ who, rule }) => who === "person otto" && rule === "other-person"));
  assert.match((await office.holonWith(olga, "approval", "list")).stdout, new RegExp(`${id} +person otto +DELETE/v1/apps/pump`));
  assert.equal((await office.call(olga, "POST", `/v1/approvals/${id}/approve`)).status, 200);
  assert.equal((await office.call(otto, "DELETE", "/v1/apps/pump")).status, 200);
  assert.equal(refused(await office.call(otto, "DELETE", "/v1/apps/pump"))[1], "HOLON_APPROVAL_PENDING");
  // Who called what is told to who may read users, and stands in the trail for nobody else.
  const decided = await office.decided();
  assert.ok(decided.shown.includes('"person otto"'), decided.shown);
  for (const name of ["otto", "olga"]) assert.ok(!decided.stored.includes(`person ${name}`), `${name} stands in the trail`);
  assert.deepEqual((await office.trail("holon.approval.used")).map(({ who, by }) => [who, by]), [["person otto", "person olga"]]);

  const guess = (): Promise<Answer> => office.call(undefined, "POST", "/v1/login", { name: "otto", password: "a wrong password" });
  for (const _ of Array.from({ length: limits.loginFailuresOfName })) assert.deepEqual(refused(await guess()).slice(0, 2), [401, "HOLON_LOGIN_REFUSED"]);
  await until("the first of them is in the trail", async () => (await office.trail("holon.login.refused")).some(({ name, count }) => name === "otto" && count === 1));
  const locked = await office.call(undefined, "POST", "/v1/login", { name: "otto", password: passwords.otto });
  assert.deepEqual(refused(locked).slice(0, 2), [429, "HOLON_LOGIN_LOCKED"]);
  const waitS = Number(locked.retryAfter);
  assert.ok(waitS > 0 && waitS <= limits.loginLockMs / 1000, String(locked.retryAfter));
  assert.equal((await office.call(otto, "GET", "/v1/nodes")).status, 200, "a session is not locked");
  assert.equal((await office.call(machine, "PUT", "/v1/users/otto/password", { password: "another one of otto" })).status, 200);
  assert.ok((await office.login("otto", "another one of otto")).length > 0);
  assert.deepEqual(refused(await office.call(otto, "GET", "/v1/nodes")).slice(0, 2), [401, "HOLON_API_UNAUTHORISED"], "the sessions of before ended");
});
