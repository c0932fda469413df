import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { readToken } from "@holon/platform/identity/token.ts";
import { NodeIdentity } from "@holon/platform/identity.ts";
import { enrolled, Office } from "../testing/office.ts";

const hour = 3_600_000;

test("an invitation is for one key: the same key is answered again, another is a replay, also in control's next life", async (context) => {
  const office = new Office(context);
  let registrar = await office.open();
  const { token } = await registrar.invite({ node: "gateway-1", site: "plant" });
  const [own, thief] = [await office.node(), await office.node()];
  const request = await own.enrolment(readToken(token));
  const lost = await registrar.enroll(request); // its answer is lost on the way
  const theft = await thief.enrolment(readToken(token));
  await assert.rejects(registrar.enroll(theft), hasCode("HOLON_INVITATION_USED"));
  registrar = await office.again();
  await assert.rejects(registrar.enroll(theft), hasCode("HOLON_INVITATION_USED"));
  await enrolled(registrar, own, token);
  assert.notEqual(own.credentials().chainPem, lost.chain.join("\n"));
  assert.equal(own.self()?.node, "gateway-1");
  assert.equal((await office.trail("holon.node.refused")).length, 2, "one in each life");
});

test("a token that is over, of nobody, or not signed for is refused, and a flood of it is told once", async (context) => {
  const office = new Office(context);
  const registrar = await office.open();
  const { token } = await registrar.invite({ node: "gateway-1", site: "plant", forMs: hour });
  const { token: other } = await registrar.invite({ node: "gateway-2", site: "plant", forMs: hour });
  const identity = await office.node();
  const stolen = { ...(await identity.enrolment(readToken(other))), invitation: readToken(token).invitation };
  await assert.rejects(registrar.enroll(stolen), hasCode("HOLON_IDENTITY_UNTRUSTED"));
  const request = await identity.enrolment(readToken(token));
  for (let time = 0; time < 50; time++) await assert.rejects(registrar.enroll({ ...request, invitation: `${time}`.padStart(16, "0") }), hasCode("HOLON_INVITATION_BAD"));
  office.wallMs += hour + 1;
  await assert.rejects(registrar.enroll(request), hasCode("HOLON_INVITATION_BAD"));
  assert.equal((await office.trail("holon.node.refused")).length, 3);
  await assert.rejects(registrar.enroll({ ...request, more: 1 }), hasCode("HOLON_IDENTITY_UNTRUSTED"));
});

test("nothing of a token is in control's log", async (context) => {
  const office = new Office(context);
  const registrar = await office.open();
  const { token } = await registrar.invite({ node: "gateway-1", site: "plant" });
  const { secret } = readToken(token);
  await office.again();
  const { globSync, readFileSync } = await import("node:fs");
  const files = globSync("log/*", { cwd: office.folder }).map((name) => readFileSync(join(office.folder, name)));
  assert.ok(files.some((bytes) => bytes.includes("authority/invitations")), "what is looked for would be found");
  for (const bytes of files) assert.ok(!bytes.includes(secret) && !bytes.includes(Buffer.from(secret, "base64url")) && !bytes.includes(token.slice(-40)));
});

test("a certificate of years ago is good for the next one, and one that was revoked for none; whoever comes back has a higher number", async (context) => {
  const office = new Office(context);
  let registrar = await office.open();
  const identity = await office.node();
  await enrolled(registrar, identity, (await registrar.invite({ node: "gateway-1", site: "plant" })).token);
  const first = identity.self()?.number ?? 0;
  office.wallMs += 3 * 365 * 24 * hour;
  office.monotonicMs += hour;
  await identity.adopt(await registrar.renew(await identity.renewal()));
  assert.ok((identity.self()?.number ?? 0) > first);
  assert.equal(identity.validity()?.expiresMs, office.wallMs + limits.certificateMs);

  await assert.rejects(registrar.revoke("gateway-9", "never seen"), hasCode("HOLON_NODE_UNKNOWN"));
  await assert.rejects(registrar.revoke("cloud-1", "by mistake"), hasCode("HOLON_ARGUMENT_BAD"));
  await assert.rejects(registrar.invite({ node: "cloud-1", site: "cloud" }), hasCode("HOLON_ARGUMENT_BAD"), "nobody is invited in the name of control");
  await assert.rejects(registrar.invite({ node: "gateway-9" }), { code: "HOLON_ARGUMENT_BAD", next: /`site` .*`holon node invite gateway-9 --site SITE`/ }, "who calls the API has a body, and no flags");
  assert.equal((await registrar.revoke("gateway-1", "it was stolen")).version, 2);
  assert.equal(office.spreads, 1);
  office.wallMs = 0; // a clock that goes back takes nothing back
  await assert.rejects(registrar.renew(await identity.renewal()), hasCode("HOLON_IDENTITY_REVOKED"));
  registrar = await office.again();
  assert.deepEqual(registrar.revocations().revoked.map(({ node }) => node), ["gateway-1"]);
  await assert.rejects(registrar.renew(await identity.renewal()), hasCode("HOLON_IDENTITY_REVOKED"));
  await enrolled(registrar, identity, (await registrar.invite({ node: "gateway-1" })).token);
  assert.ok((identity.self()?.number ?? 0) > (registrar.revocations().revoked[0]?.through ?? Number.NaN));
  office.monotonicMs += hour;
  await identity.adopt(await registrar.renew(await identity.renewal()));
});

test("a token that was used is no way back for who was revoked, nor is one that nobody used; one that is made then is", async (context) => {
  const office = new Office(context);
  let registrar = await office.open();
  const [own, other] = [await office.node(), await office.node()];
  const { token } = await registrar.invite({ node: "gateway-1", site: "plant" });
  const { token: unused } = await registrar.invite({ node: "gateway-1", site: "plant" });
  const request = await own.enrolment(readToken(token));
  await registrar.enroll(request);
  await registrar.revoke("gateway-1", "it was stolen");
  for (const life of [1, 2]) {
    await assert.rejects(registrar.enroll(request), hasCode("HOLON_IDENTITY_REVOKED"), `life ${life}`);
    await assert.rejects(registrar.enroll(await other.enrolment(readToken(unused))), hasCode("HOLON_INVITATION_BAD"));
    await assert.rejects(registrar.enroll(await other.enrolment(readToken(token))), hasCode("HOLON_INVITATION_USED"));
    registrar = await office.again();
  }
  const { token: back } = await registrar.invite({ node: "gateway-1" });
  const again = await own.enrolment(readToken(back));
  await registrar.enroll(again); // its answer is lost on the way
  await own.adoptFirst(await registrar.enroll(again), readToken(back));
  await registrar.revoke("gateway-1", "it was stolen again");
  await assert.rejects(registrar.enroll(again), hasCode("HOLON_IDENTITY_REVOKED"));
});

test("an invitation that has ended stays so where control starts with its clock in the past, and one that was made far ahead is none", async (context) => {
  const office = new Office(context);
  let registrar = await office.open();
  const identity = await office.node();
  const { token } = await registrar.invite({ node: "gateway-1", site: "plant", forMs: hour });
  office.wallMs += hour + 1;
  office.monotonicMs += hour + 1;
  const { token: good } = await registrar.invite({ node: "gateway-2", site: "plant", forMs: hour });
  office.wallMs -= 24 * hour;
  registrar = await office.again();
  await assert.rejects(registrar.enroll(await identity.enrolment(readToken(token))), hasCode("HOLON_INVITATION_BAD"));
  await enrolled(registrar, await office.node(), good);
  office.wallMs += 10 * 365 * 24 * hour;
  const { token: ahead } = await registrar.invite({ node: "gateway-3", site: "plant", forMs: 1 });
  office.wallMs -= 10 * 365 * 24 * hour;
  await assert.rejects(registrar.enroll(await identity.enrolment(readToken(ahead))), hasCode("HOLON_INVITATION_BAD"));
});

test("the list that peers are held to is made again where a power cut kept it from them", async (context) => {
  const office = new Office(context);
  const registrar = await office.open();
  const identity = await office.node();
  await enrolled(registrar, identity, (await registrar.invite({ node: "gateway-1", site: "plant" })).token);
  await registrar.revoke("gateway-1", "it was stolen");
  const { rmSync } = await import("node:fs");
  rmSync(join(office.folder, "identity/revocations.json"));
  await office.again();
  assert.equal((await NodeIdentity.open(office.folder, office.clock)).revocationsVersion(), 2);
});

test("what is asked for must fit: a site that nobody knows, a time that is too long", async (context) => {
  const registrar = await new Office(context).open();
  await assert.rejects(registrar.invite({ node: "gateway-1" }), hasCode("HOLON_ARGUMENT_BAD"));
  await assert.rejects(registrar.invite({ node: "gateway-1", site: "plant", forMs: limits.invitationMsMax + 1 }), hasCode("HOLON_INVITATION_BAD"));
});
