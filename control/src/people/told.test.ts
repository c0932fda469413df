/** What the trail says of people: to whom it concerns, and to nobody else, here or wherever the trail goes. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Caller } from "@holon/core/api/caller.ts";
import { HolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { z } from "zod";
import { Office, password } from "../testing/office.ts";

const listed = z.object({ events: z.array(z.looseObject({ type: z.string(), subject: z.string().optional(), data: z.record(z.string(), z.unknown()) })) });

async function told(office: Office, caller: Caller, type = "holon."): Promise<z.infer<typeof listed>["events"]> {
  return listed.parse((await office.call(caller, "GET", "/v1/events", { query: { stream: "audit", type, limit: "1000" } })).body).events;
}

/** All that another node, or whoever has a copy of the lane, would have. */
async function leaves(office: Office): Promise<string> {
  const { log } = office.fleet;
  const records = await office.drive(log.read({ origin: log.origin, stream: "audit" }, 1, { maxRecords: 10_000, maxBytes: 8 << 20 }));
  return records.map(({ bytes }) => new TextDecoder().decode(bytes)).join("\n");
}

const careful = "policy careful 1\napprove four-eyes\n  who any\n  does call\n  what POST/v1/models DELETE/v1/apps/{app}\n";
const body = { apiVersion: "holon/v1", kind: "Model", name: "markermodel" };

async function ask(office: Office, caller: Caller, wanted: unknown = body): Promise<string> {
  const error: unknown = await office.call(caller, "POST", "/v1/models", { body: wanted }).then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof HolonError && error.code === "HOLON_APPROVAL_PENDING", String(error));
  return /waits as (\w+)/.exec(error.message)?.[1] ?? "";
}

test("what is told of people, tokens and approvals is read by who may read those, and by nobody to whom the trail goes", async () => {
  const office = await Office.open();
  office.policy = careful;
  const [olga, vera, aude, pia] = [await office.login("olga"), await office.add("vera", "viewer"), await office.add("aude", "auditor"), await office.add("pia", "publisher")];
  await office.drive(office.people.login("pia", password, "192.0.2.77"));
  const { token } = await office.drive(office.people.addToken({ name: "markertoken", role: "publisher", routes: ["PUT/v1/apps/markerroute"], forMs: 1e9 }, olga));
  const id = await ask(office, pia);
  await assert.rejects(office.call(vera, "GET", "/v1/users"), hasCode("HOLON_POLICY_DENIED"));
  await office.call(olga, "POST", "/v1/approvals/{approval}/approve", { params: { approval: id } });

  const markers = ["markermodel", "markertoken", "markerroute", "192.0.2.77", "\"pia\"", "person pia", "\"aude\""];
  const whole = await leaves(office);
  for (const marker of [...markers, token, "sim$"]) assert.ok(!whole.includes(marker), `the trail has ${marker}`);
  for (const caller of [vera, pia]) {
    const seen = JSON.stringify(await told(office, caller));
    for (const marker of markers) assert.ok(!seen.includes(marker), `${caller.principal.name} reads ${marker}`);
    assert.ok(!seen.includes("sealed"));
    assert.match(seen, /holon\.token\.added.*GET\/v1\/tokens/);
  }
  for (const caller of [olga, aude]) {
    const types = new Map((await told(office, caller)).map((event) => [event.type, event]));
    assert.deepEqual(types.get("holon.token.added")?.data["routes"], ["PUT/v1/apps/markerroute"]);
    assert.equal(types.get("holon.token.added")?.subject, "markertoken");
    assert.ok(!("hash" in (types.get("holon.token.added")?.data ?? {})));
    assert.equal(types.get("holon.approval.asked")?.data["who"], "person pia");
    assert.equal(types.get("holon.approval.approved")?.data["by"], "person olga");
    assert.equal(types.get("holon.session.began")?.data["address"], "192.0.2.77");
    assert.ok(!JSON.stringify([...types.values()]).includes("markermodel"), "what is asked for stands with the call that waits, and goes with it");
  }
  // What anybody may know: that something waits, on which route, and what it is known again by.
  const [asked] = await told(office, vera, "holon.approval.asked");
  assert.deepEqual([asked?.data["id"], asked?.data["resource"], typeof asked?.data["hash"]], [id, "POST/v1/models", "string"]);
  // A token for less than its maker's role reads what it is for.
  const { token: narrow } = await office.drive(office.people.addToken({ name: "reader", role: "owner", routes: ["GET/v1/events"], forMs: 1e9 }, olga));
  assert.ok(!JSON.stringify(await told(office, office.people.callerOf(narrow) ?? assert.fail())).includes("markertoken"));
});

test("calls that wait are found again after a restart with what was asked for, which is gone when they are used, rejected or over", async () => {
  const office = await Office.open();
  office.policy = careful;
  const [pia, olga] = [await office.add("pia", "publisher"), await office.login("olga")];
  const [used, rejected] = [await ask(office, pia), await ask(office, pia, { ...body, name: "other" })];
  const hashes = (await told(office, olga, "holon.approval.asked")).map(({ data }) => data["hash"]);
  assert.equal(new Set(hashes).size, 2);
  await office.fleet.restart("cloud");
  const [again, owner] = [await office.login("pia"), await office.login("olga")];
  assert.deepEqual(office.people.approvals().map(({ id, body: asked, who, params }) => [id, asked, who, params]), [[used, body, "person pia", {}], [rejected, { ...body, name: "other" }, "person pia", {}]]);
  assert.equal(await ask(office, again), used, "known again");
  await office.drive(office.people.approve(used, owner));
  await assert.rejects(office.call(again, "POST", "/v1/models", { body }), (error: unknown) => !(error instanceof HolonError && error.code === "HOLON_APPROVAL_PENDING"), "it was made");
  await office.drive(office.people.reject(rejected, "no", owner));
  assert.deepEqual([...office.fleet.log.cells("approval/").keys()], []);
});

test("a trail of before is read as it was, and told to no more than one of now", async () => {
  const office = await Office.open();
  office.policy = careful;
  const [pia, vera] = [await office.add("pia", "publisher"), await office.add("vera", "viewer")];
  const atMs = office.fleet.world.nowMs;
  const claim = (type: string, data: unknown) => office.fleet.claim("cloud", type, data, atMs);
  await claim("holon.user.added", { name: "oldowner", role: "owner", by: "token machine" });
  await claim("holon.session.began", { name: "oldowner", address: "192.0.2.99" });
  await claim("holon.token.added", { name: "oldtoken", hash: "ab".repeat(32), role: "viewer", routes: ["GET/v1/oldroute"], endsMs: 1e15, by: "token machine" });
  const said = { who: "person pia", person: "pia", resource: "POST/v1/models", params: {}, query: {}, body: { name: "open as it was" } };
  const digest = createHash("sha256").update(canonicalJson(said)).digest("hex");
  const endsMs = Date.parse((await office.drive(office.people.login("pia", password, "192.0.2.1"))).endsAt);
  await claim("holon.approval.asked", { id: "0123abcd", ...said, digest, rule: "four-eyes", reason: "rule four-eyes", endsMs });
  await claim("holon.approval.asked", { id: "0ldca11e", who: "person pia", person: "pia", resource: "POST/v1/models", params: {}, query: {}, body: { name: "oldbody" }, digest: "cd".repeat(32), rule: "four-eyes", reason: "rule four-eyes", endsMs: 1e15 });
  await office.fleet.restart("cloud");
  assert.deepEqual(office.people.users().map(({ name }) => name), ["olga", "pia", "vera", "oldowner"]);
  assert.deepEqual(office.people.approvals().map(({ id, body: asked }) => [id, asked]), [["0123abcd", { name: "open as it was" }]]);
  assert.equal(await ask(office, await office.login("pia"), { name: "open as it was" }), "0123abcd", "known again");
  assert.equal(office.people.tokens().find(({ name }) => name === "oldtoken")?.role, "viewer");
  const seen = JSON.stringify([await told(office, vera), await told(office, pia)]);
  for (const marker of ["oldowner", "192.0.2.99", "oldtoken", "oldroute", "oldbody", "abab", "cdcd"]) assert.ok(!seen.includes(marker), marker);
  const toOwner = JSON.stringify(await told(office, await office.login("olga")));
  for (const marker of ["oldowner", "192.0.2.99", "oldtoken", "oldroute"]) assert.ok(toOwner.includes(marker), marker);
});

test("what a guard decided on what somebody called says of whom to who may read users, and to others what was decided", async () => {
  const office = await Office.open();
  const [olga, vera] = [await office.login("olga"), await office.add("vera", "viewer")];
  const decided = { action: "call", resource: "GET/v1/apps", allow: true, rule: "look", policy: "ab".repeat(32), policyVersion: 3 };
  const claim = (data: object) => office.fleet.claim("cloud", "holon.policy.decided", { ...decided, ...data }, office.fleet.world.nowMs);
  const said = { principal: "token markerci", reason: "rule look permits token markerci call GET/v1/apps" };
  await claim({ principal: "token", sealed: office.people.conceal("holon.policy.decided", { data: said }).sealed });
  await claim({ principal: "person markerada", reason: "rule look permits person markerada call GET/v1/apps" }); // of before
  await claim({ principal: "token machine", reason: "rule machine permits it" });
  await claim({ principal: "node edge-1", reason: "rule runs permits it" });
  const seen = (await told(office, vera, "holon.policy.decided")).map(({ data }) => data);
  const withheld = "for who may GET/v1/users";
  assert.deepEqual(seen.slice(0, 2), [{ ...decided, principal: "token", withheld }, { ...decided, principal: "person", withheld }]);
  assert.deepEqual(seen.slice(2).map(({ principal, reason }) => [principal, reason]), [["token machine", "rule machine permits it"], ["node edge-1", "rule runs permits it"]]);
  const whole = (await told(office, olga, "holon.policy.decided")).map(({ data }) => data);
  assert.deepEqual(whole.slice(0, 2).map(({ principal }) => principal), ["token markerci", "person markerada"]);
  assert.deepEqual(whole[0], { ...decided, ...said });
});
