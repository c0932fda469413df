import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { identityMethods, enrolmentSchema, renewalSchema, type Issued } from "@holon/core/identity/messages.ts";
import { isDue } from "@holon/core/identity/validity.ts";
import { limits } from "@holon/core/limits.ts";
import type { Connection, Listener, Lobby, TurnedAway } from "@holon/core/ports.ts";
import { identityContract } from "@holon/sim/contracts/identity.ts";
import { authorityStatus, openAuthority, renewIntermediate, takeRootKey } from "./identity/authority.ts";
import { enroll, renewAt } from "./identity/ask.ts";
import { certifyHere } from "./identity/here.ts";
import { readToken } from "./identity/token.ts";
import { NodeIdentity } from "./identity.ts";
import { parseAddress } from "./net/address.ts";
import { connectSecurely } from "./net/secure.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { scratchFolder } from "./testing/scratch-folder.ts";
import { need } from "../../scripts/testing/need.ts";
import { softwareTpm } from "./testing/software-tpm.ts";
import { testClock, testFleet, type TestFleet, type TestMember } from "./testing/test-fleet.ts";

const fleet = await testFleet();

identityContract("platform", async () => {
  const [own, foreign] = [await testFleet(), await testFleet()];
  const [one, other] = [await own.member("gateway-1"), await own.member("gateway-2")];
  return { port: { one: one.identity, other: other.identity, authority: await own.thief(), foreign: foreign.authority, stolen: own.stolen }, drive: (work) => work, dispose: () => Promise.resolve() };
});

const day = 86_400_000;

interface Door {
  readonly listener: Listener;
  readonly turned: TurnedAway[];
  readonly accepted: Connection[];
  readonly reasons: string[];
  /** Resolves once anything is sent to it over a link. */
  readonly heard: Promise<string>;
}

/** A listener whose lobby passes requests to the fleet's authority, as control does, with everything allowed. */
async function open(t: TestContext, member: TestMember, { reaches = true, invitationKey = "", of = fleet, knowsChips = true }: { readonly reaches?: boolean; readonly invitationKey?: string; readonly of?: TestFleet; readonly knowsChips?: boolean } = {}): Promise<Door> {
  const turned: TurnedAway[] = [];
  const accepted: Connection[] = [];
  const reasons: string[] = [];
  const { promise: heard, resolve: hear } = Promise.withResolvers<string>();
  const lobby: Lobby = {
    turnedAway: (who) => turned.push(who),
    reachesAuthority: () => reaches,
    async ask(method, request): Promise<Issued> {
      const nowMs = Date.now();
      const validity = { issuedMs: nowMs, expiresMs: nowMs + 30 * day };
      if (method === identityMethods.renew) {
        const renewal = renewalSchema.parse(request);
        const who = await of.authority.checkRenewal(renewal);
        return of.authority.issue(renewal.csr, { ...who, number: nowMs, validity });
      }
      const enrolment = enrolmentSchema.parse(request);
      if (enrolment.chip !== undefined && !knowsChips) throw new HolonError("HOLON_IDENTITY_UNTRUSTED", "the request for a certificate does not parse");
      await of.authority.checkEnrolment(enrolment, invitationKey);
      return of.authority.issue(enrolment.csr, { node: "gateway-7", site: "plant", tier: "gateway", number: nowMs, validity });
    },
  };
  const listener = await member.net.listen("127.0.0.1:0", (connection) => {
    accepted.push(connection);
    connection.receive({ frame: () => hear("a frame came in"), closed: (reason) => reasons.push(reason) });
  }, lobby);
  t.after(() => {
    for (const connection of accepted) connection.close("the test is over"); // also where it failed: an open link keeps the process
    return listener.close();
  });
  return { listener, turned, accepted, reasons, heard };
}

async function linked({ net }: TestMember, { listener }: Door): Promise<string> {
  const connection = await net.connect(listener.address);
  const reason = new Promise<string>((resolve) => connection.receive({ frame: () => undefined, closed: resolve }));
  connection.close("seen");
  return reason;
}

const over = { validMs: 1_000, clock: testClock() } as const;
/** A clock that knows that certificates of a second are over. */
const later = (): ReturnType<typeof testClock> => testClock("synced", Date.now() + day);

test("a certificate names its node and site, is for both ends of a link, and holds for thirty days from its issue", async () => {
  const { identity, folder } = await fleet.member("gateway-1");
  const { chainPem, rootPem } = identity.credentials();
  const leaf = new X509Certificate(chainPem);
  const [, intermediatePem = ""] = chainPem.split(/(?<=-----END CERTIFICATE-----\n?)\n*(?=-----BEGIN)/);
  const [intermediate, root] = [new X509Certificate(intermediatePem), new X509Certificate(rootPem)];
  assert.match(leaf.subjectAltName ?? "", /^URI:spiffe:\/\/holon-[0-9a-f]{16}\/site\/plant\/node\/gateway-1$/);
  assert.deepEqual(leaf.keyUsage, ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"]);
  assert.ok(!leaf.ca && intermediate.ca && root.ca);
  assert.ok(leaf.checkIssued(intermediate) && leaf.verify(intermediate.publicKey) && intermediate.checkIssued(root) && intermediate.verify(root.publicKey));
  assert.equal(leaf.validToDate.getTime() - leaf.validFromDate.getTime(), limits.certificateMs);
  assert.deepEqual(readdirSync(join(folder, "identity")), ["enrolled.json", "identity.json"], "the request is answered, nothing temporary stays");
  if (process.platform !== "win32") assert.equal(statSync(join(folder, "identity/identity.json")).mode & 0o777, 0o600);
});

test("what is on disk is the same identity after a restart; a damaged file is refused by name, without its key", async () => {
  const { identity, folder } = await fleet.member("gateway-1");
  const again = await NodeIdentity.open(folder, testClock());
  assert.deepEqual(again.credentials(), identity.credentials());
  const path = join(folder, "identity/identity.json");
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.slice(0, -40));
  await assert.rejects(NodeIdentity.open(folder, testClock()), hasCode("HOLON_CONFIG_BAD", /identity\.json is damaged/));
  const { keyPem } = identity.credentials();
  writeFileSync(path, text.replace(JSON.stringify(keyPem), '"secret words"'));
  await assert.rejects(NodeIdentity.open(folder, testClock()), (error) => hasCode("HOLON_CONFIG_BAD", /keyPem/)(error) && !String(error).includes("secret words"));
});

test("the key of a node is in no request, and a request is the same until it is answered, also after a restart", async () => {
  const { identity, folder } = await fleet.member("gateway-1");
  const first = await identity.renewal();
  const second = await (await NodeIdentity.open(folder, testClock())).renewal();
  assert.equal(second.csr, first.csr);
  const next: unknown = JSON.parse(readFileSync(join(folder, "identity/next.json"), "utf8"));
  assert.ok(typeof next === "object" && next !== null && "keyPem" in next && typeof next.keyPem === "string");
  const body = next.keyPem.split("\n").slice(1, -2).join("");
  assert.ok(!JSON.stringify(first).replaceAll("\\n", "").includes(body.slice(20)), "the key stays");
});

test("a peer that says another name than its certificate is refused, with a code, and told", async (t) => {
  const door = await open(t, await fleet.member("edge-1"));
  const impostor = await fleet.member("gateway-2");
  const { createNet } = await import("./net.ts");
  const net = createNet({ name: fleet.name("gateway-1"), identity: impostor.identity });
  await assert.rejects(net.connect(door.listener.address), hasCode("HOLON_IDENTITY_FALSE", /otherwise than its certificate/));
  assert.equal(door.accepted.length, 0);
  assert.deepEqual(door.turned.map(({ code, proved, claimed }) => ({ code, proved, claimed })), [{ code: "HOLON_IDENTITY_FALSE", proved: "gateway-2", claimed: "gateway-1" }]);
});

test("a listener that proves to be one node and says that it is another is refused", async (t) => {
  const edge = await fleet.member("edge-2");
  const { createNet } = await import("./net.ts");
  const door = await open(t, { ...edge, net: createNet({ name: fleet.name("edge-1"), identity: edge.identity }) });
  await assert.rejects((await fleet.member("gateway-1")).net.connect(door.listener.address), hasCode("HOLON_IDENTITY_FALSE", /its certificate says edge-2/));
});

test("a man in the middle with an authority of his own gets nothing, from a node and from one that is to join", async (t) => {
  const foreign = await testFleet();
  const middle = await open(t, await foreign.member("cloud-1"), { of: foreign });
  await assert.rejects((await fleet.member("gateway-1")).net.connect(middle.listener.address), hasCode("HOLON_IDENTITY_UNTRUSTED", /authority/));
  const { token } = await fleet.authority.invitation({ node: "gateway-7", site: "plant", tier: "gateway", address: middle.listener.address });
  const joining = await fleet.unenrolled("gateway-7");
  await assert.rejects(enroll(joining.identity, token), hasCode("HOLON_IDENTITY_UNTRUSTED", /does not show the authority/));
  assert.equal(joining.identity.self(), undefined);
});

test("a certificate that a node signed itself, or had signed by another node, proves nothing", async () => {
  const { identity } = await fleet.member("gateway-1");
  const { keyPem, chainPem, rootPem } = identity.credentials();
  const { issueLeaf, makeRoot } = await import("./identity/x509.ts");
  const { csr } = await identity.renewal();
  const subject = { node: "cloud-1", site: "cloud", tier: "cloud", number: 1, validity: { issuedMs: Date.now(), expiresMs: Date.now() + day } } as const;
  const domain = identity.self()?.domain ?? "";
  const certificatePem = chainPem.slice(0, chainPem.indexOf("-----END") + "-----END CERTIFICATE-----".length);
  const { provenBy, readCertificate } = await import("./identity/certificate.ts");
  const root = readCertificate(rootPem);
  const byNode = [await issueLeaf(csr, { keyPem, certificatePem }, domain, subject), certificatePem].map(readCertificate);
  assert.throws(() => provenBy(byNode, root), hasCode("HOLON_IDENTITY_UNTRUSTED"));
  const other = await makeRoot(domain, subject.validity);
  const bySameName = [await issueLeaf(csr, other, domain, subject), other.certificatePem].map(readCertificate);
  assert.throws(() => provenBy(bySameName, root), hasCode("HOLON_IDENTITY_UNTRUSTED"), "another root of the same name");
  assert.throws(() => provenBy([root], root), hasCode("HOLON_IDENTITY_UNTRUSTED"), "the root is no node");
});

test("a node joins with a token over the wire: its own key, the certificate that it was invited for", async (t) => {
  const { invitation: _, key, token } = await fleet.authority.invitation({ node: "gateway-7", site: "plant", tier: "gateway", address: "wss://127.0.0.1:1" });
  const door = await open(t, await fleet.member("cloud-1"), { invitationKey: key });
  const joining = await fleet.unenrolled("gateway-7");
  await enroll(joining.identity, token, door.listener.address);
  assert.equal(joining.identity.self()?.node, "gateway-7");
  assert.equal(await linked(joining, door), "seen");
});

test("a node that reaches nobody to join with is told what to do, and joins with the same token later", async (t) => {
  const { key, token } = await fleet.authority.invitation({ node: "gateway-7", site: "plant", tier: "gateway", address: "wss://127.0.0.1:1" });
  const joining = await fleet.unenrolled("gateway-7");
  const nobody = hasCode("HOLON_LINK_UNREACHABLE", /cannot reach wss:\/\/127\.0\.0\.1:1/);
  await assert.rejects(enroll(joining.identity, token), (error: unknown) => nobody(error) && error instanceof HolonError && /run this again with the same token; `--at` names/.test(error.next) && !error.next.includes("tries again"));
  const door = await open(t, await fleet.member("cloud-1"), { invitationKey: key });
  await enroll(joining.identity, token, door.listener.address);
  assert.equal(joining.identity.self()?.node, "gateway-7");
});

test("a control of before, which takes no TPM, enrols a node that has one as it did; a TPM that was named has to be taken", { skip: need("swtpm").skip === false ? need("tpm2").skip : need("swtpm").skip }, async (t) => {
  const { key, token } = await fleet.authority.invitation({ node: "gateway-7", site: "plant", tier: "gateway", address: "wss://127.0.0.1:1" });
  const door = await open(t, await fleet.member("cloud-1"), { invitationKey: key, knowsChips: false });
  const [folder, tcti] = [scratchFolder(t), await softwareTpm(t)];
  const named = await NodeIdentity.open(folder, testClock(), { tcti, isRequired: true });
  await assert.rejects(enroll(named, token, door.listener.address), hasCode("HOLON_IDENTITY_UNTRUSTED", /does not parse/));
  const identity = await NodeIdentity.open(folder, testClock(), { tcti });
  await enroll(identity, token, door.listener.address);
  assert.equal(identity.self()?.node, "gateway-7");
  assert.equal(identity.binding().isBound, false);
  assert.match(identity.binding().problem?.message ?? "", /does not parse/);
});

test("a chip that somebody was asked to bind is kept with the certificate, whatever else was asked or begun before the answer came", { skip: need("swtpm").skip === false ? need("tpm2").skip : need("swtpm").skip }, async (t) => {
  const { token, key } = await fleet.authority.invitation({ node: "gateway-7", site: "plant", tier: "gateway", address: "wss://127.0.0.1:1" });
  const door = await open(t, await fleet.member("cloud-1"), { invitationKey: key, knowsChips: false });
  const [folder, tcti] = [scratchFolder(t), await softwareTpm(t)];
  await enroll(await NodeIdentity.open(folder, testClock()), token, door.listener.address);
  const identity = await NodeIdentity.open(folder, testClock(), { tcti });
  const first = await identity.renewal(() => Promise.resolve("1.1.a"));
  assert.ok(first.chip !== undefined);
  let goOn = (_nonce: string): void => undefined;
  const second = identity.renewal(() => new Promise((resolve) => (goOn = resolve))); // of another neighbour: it waits for its question
  await new Promise((resolve) => setImmediate(resolve));
  const nowMs = Date.now();
  await identity.adopt(await fleet.authority.issue(first.csr, { node: "gateway-7", site: "plant", tier: "gateway", number: nowMs, validity: { issuedMs: nowMs, expiresMs: nowMs + 3 * day } }));
  assert.equal(identity.binding().isBound, true);
  goOn("2.1.b");
  await assert.rejects(second, hasCode("HOLON_IDENTITY_UNTRUSTED", /answered meanwhile/), "nor is there a request that is not signed by it");
  assert.equal((await NodeIdentity.open(folder, testClock(), { tcti })).binding().isBound, true, "after a start too");
});

test("a certificate is taken only for what the token says", async (t) => {
  const { key, token } = await fleet.authority.invitation({ node: "gateway-8", site: "plant", tier: "gateway", address: "wss://127.0.0.1:1" });
  const door = await open(t, await fleet.member("cloud-1"), { invitationKey: key });
  const joining = await fleet.unenrolled("gateway-8");
  await assert.rejects(enroll(joining.identity, token, door.listener.address), hasCode("HOLON_IDENTITY_UNTRUSTED", /is for gateway-7/));
  assert.throws(() => readToken(token.slice(0, -9)), hasCode("HOLON_INVITATION_BAD"));
  assert.throws(() => readToken("holon-"), hasCode("HOLON_INVITATION_BAD"));
});

test("beyond its date a certificate is good for the next one alone, after which its node links", async (t) => {
  const door = await open(t, await fleet.member("edge-1", { clock: later() }));
  const gateway = await fleet.member("gateway-1", over);
  const before = gateway.identity.self()?.number;
  assert.equal(await linked(gateway, door), "seen");
  assert.notEqual(gateway.identity.self()?.number, before, "it has another certificate");
  assert.ok((gateway.identity.validity()?.expiresMs ?? 0) > Date.now() + 29 * day);
  assert.deepEqual(door.turned, [], "that is nothing for the trail");
});

test("two that ask for the next certificate at once ask for the same one, so that either answer can be taken", async () => {
  const { identity } = await fleet.member("gateway-1");
  const [request, again] = await Promise.all([identity.renewal(), identity.renewal()]);
  assert.equal(request.csr, again.csr);
  const nowMs = Date.now();
  const issued = await fleet.authority.issue(request.csr, { ...(await fleet.authority.checkRenewal(request)), number: nowMs, validity: { issuedMs: nowMs, expiresMs: nowMs + 30 * day } });
  await identity.adopt(issued);
  await assert.rejects(identity.adopt(issued), hasCode("HOLON_IDENTITY_UNTRUSTED", /not asked for/));
});

test("where no new certificate is to be had, a date is no cliff; nor where the clock does not know, whatever it says", async (t) => {
  const alone = await open(t, await fleet.member("edge-1", { clock: later() }), { reaches: false });
  const gateway = await fleet.member("gateway-1", over);
  const before = gateway.identity.self()?.number;
  await linked(gateway, alone);
  for (const ms of [0, Date.now() + 3_650 * day]) {
    for (const state of ["unknown", "coasting"] as const) await linked(gateway, await open(t, await fleet.member("edge-1", { clock: testClock(state, ms) })));
  }
  for (const ms of [0, Date.now() + 3_650 * day]) await linked(gateway, await open(t, await fleet.member("edge-1", { clock: testClock("synced", ms) })));
  assert.equal(gateway.identity.self()?.number, before, "nobody asked for another one");
});

test("whose own clock is wrong dials as ever, and never judges who answers", async (t) => {
  const door = await open(t, await fleet.member("edge-1", over));
  for (const ms of [0, Date.now() + 3_650 * day]) await linked(await fleet.member("gateway-1", { clock: testClock("synced", ms) }), door);
});

test("a certificate is due at two thirds of its time, and where a wrong clock issued it", () => {
  const issuedMs = Date.UTC(2026, 0, 1);
  const validity = { issuedMs, expiresMs: issuedMs + 30 * day };
  assert.deepEqual([0, 19.9, 20, 40].map((days) => isDue(validity, issuedMs + days * day)), [false, false, true, true]);
  assert.equal(isDue(validity, issuedMs - 3_650 * day), true, "issued ten years ahead");
  assert.equal(isDue(validity, issuedMs - day), false, "a clock that is set back a little");
});

test("the revoked are refused, their connections end, and no older list takes the place of a newer one", async (t) => {
  const edge = await fleet.member("edge-1");
  const door = await open(t, edge);
  const [bad, good] = [await fleet.member("gateway-1"), await fleet.member("gateway-2")];
  const connection = await bad.net.connect(door.listener.address);
  const ended = new Promise<string>((resolve) => connection.receive({ frame: () => undefined, closed: resolve }));
  const through = bad.identity.self()?.number ?? 0;
  const list = await fleet.authority.sign({ version: 3, revoked: [{ node: "gateway-1", through }] });
  assert.equal(await edge.identity.revoke(list), true);
  connection.send(new Uint8Array(1));
  assert.equal(await Promise.race([ended, door.heard]), "HOLON_IDENTITY_REVOKED", "its open link ends, and nothing comes over it any more");
  // Its session could be taken up again, without its certificate being shown.
  for (let time = 0; time < 2; time++) await assert.rejects(bad.net.connect(door.listener.address), hasCode("HOLON_IDENTITY_REVOKED"), "a revoked peer is refused a link");
  const asked = connectSecurely(bad.identity, parseAddress(door.listener.address, "wss"), new Map());
  await assert.rejects(renewAt(bad.identity, () => asked, "edge-1"), hasCode("HOLON_IDENTITY_REVOKED"), "nor is what it asks for passed on to who certifies");
  await linked(good, door);
  assert.equal(await edge.identity.revoke(await fleet.authority.sign({ version: 2, revoked: [] })), false);
  assert.equal((await NodeIdentity.open(edge.folder, testClock())).revocationsVersion(), 3);
  assert.ok(door.turned.every(({ code, proved }) => code === "HOLON_IDENTITY_REVOKED" && proved === "gateway-1"));
});

test("who was revoked and is invited again has a higher number, and comes in", async (t) => {
  const edge = await fleet.member("edge-1");
  const door = await open(t, edge);
  const number = (await fleet.member("gateway-1")).identity.self()?.number ?? 0;
  await edge.identity.revoke(await fleet.authority.sign({ version: 1, revoked: [{ node: "gateway-1", through: number }] }));
  const back = await fleet.unenrolled("gateway-1");
  await certifyHere(back.identity, fleet.authority, { node: "gateway-1", site: "plant", tier: "gateway" }, testClock("synced", Date.now() + 5_000));
  await linked(back, door);
});

test("a list that no authority of this fleet signed, or that was changed, is none", async () => {
  const { identity } = await fleet.member("edge-1");
  const foreign = await testFleet();
  await assert.rejects(identity.revoke(await foreign.authority.sign({ version: 9, revoked: [] })), hasCode("HOLON_IDENTITY_UNTRUSTED"));
  const signed = await fleet.authority.sign({ version: 9, revoked: [] });
  await assert.rejects(identity.revoke({ ...signed, list: signed.list.replace("9", "8") }), hasCode("HOLON_IDENTITY_UNTRUSTED", /not as it was signed/));
  const { keyPem, chainPem } = identity.credentials();
  const { sign } = await import("node:crypto");
  const { revocationText } = await import("./identity/revocations.ts");
  const byNode = { list: signed.list, chain: [chainPem], proof: sign("sha256", revocationText(signed.list), keyPem).toString("base64url") };
  await assert.rejects(identity.revoke(byNode), hasCode("HOLON_IDENTITY_UNTRUSTED"), "a node is no authority");
});

test("a node that joins another fleet starts with the list of the one it left still on its disk", async () => {
  const { identity, folder } = await fleet.member("gateway-1");
  await identity.revoke(await fleet.authority.sign({ version: 4, revoked: [] }));
  const list = readFileSync(join(folder, "identity/revocations.json"), "utf8");
  const foreign = await testFleet();
  await certifyHere(identity, foreign.authority, { node: "gateway-1", site: "elsewhere", tier: "gateway" }, testClock());
  writeFileSync(join(folder, "identity/revocations.json"), list); // as where the power went before it was removed
  const again = await NodeIdentity.open(folder, testClock());
  assert.deepEqual([again.self()?.site, again.revocationsVersion()], ["elsewhere", 0]);
});

test("a session that is taken up again is the same peer, without a certificate on the wire", async (t) => {
  const door = await open(t, await fleet.member("edge-1"));
  const gateway = await fleet.member("gateway-1");
  const traffic: number[] = [];
  for (let time = 0; time < 3; time++) {
    const connection = await gateway.net.connect(door.listener.address);
    assert.equal(connection.peer, "edge-1");
    const closed = new Promise<string>((resolve) => connection.receive({ frame: () => undefined, closed: resolve }));
    traffic.push(connection.traffic().receivedBytes);
    connection.close("seen");
    await closed;
  }
  assert.deepEqual(door.accepted.map(({ peer }) => peer), ["gateway-1", "gateway-1", "gateway-1"]);
  const [full = 0, resumed = 0] = traffic;
  assert.ok(resumed < full - 1_000, `${resumed} bytes came, ${full} the first time`);
});

test("a listener whose certificate is made anew knows those who take up a session, and shows the new one to others", async (t) => {
  const edge = await fleet.member("edge-1");
  const door = await open(t, edge);
  const [before, after] = [await fleet.member("gateway-1"), await fleet.member("gateway-2")];
  await linked(before, door);
  const { csr } = await edge.identity.renewal();
  const issuedMs = Date.now();
  await edge.identity.adopt(await fleet.authority.issue(csr, { node: "edge-1", site: "plant", tier: "edge", number: issuedMs + 1, validity: { issuedMs, expiresMs: issuedMs + day } }));
  await linked(before, door);
  await linked(after, door);
  assert.deepEqual([door.accepted.map(({ peer }) => peer), door.turned], [["gateway-1", "gateway-1", "gateway-2"], []]);
  const { connect } = await import("node:tls");
  const { keyPem, chainPem } = after.identity.credentials();
  const socket = connect({ port: Number(new URL(door.listener.address).port), host: "127.0.0.1", key: keyPem, cert: chainPem, rejectUnauthorized: false });
  const shown = await new Promise<string | undefined>((resolve) => socket.once("secureConnect", () => resolve(socket.getPeerX509Certificate()?.fingerprint256)));
  socket.destroy();
  assert.equal(shown, edge.identity.self()?.certificate.fingerprint256);
});

test("the root's key goes to a file and is gone; the intermediate signs on, and is made anew with the file alone", async (t) => {
  const folder = scratchFolder(t);
  const authority = await openAuthority(folder, testClock());
  assert.equal((await authorityStatus(folder)).root, "here");
  const file = join(scratchFolder(t), "root.json");
  await takeRootKey(folder, file);
  assert.deepEqual(readdirSync(join(folder, "authority")), ["intermediate.json"]);
  assert.equal((await authorityStatus(folder)).root, "away");
  await assert.rejects(takeRootKey(folder, `${file}.2`), hasCode("HOLON_ROOT_KEY_AWAY"));
  assert.ok(!existsSync(`${file}.2`));

  const again = await openAuthority(folder, testClock());
  assert.equal(again.fingerprint, authority.fingerprint);
  const certified = async (): Promise<X509Certificate> => {
    const identity = await NodeIdentity.open(scratchFolder(t), testClock());
    await certifyHere(identity, again, { node: "gateway-1", site: "plant", tier: "gateway" }, testClock());
    return new X509Certificate(identity.credentials().chainPem.split(/(?<=-----END CERTIFICATE-----)/)[1]?.trim() ?? "");
  };
  const before = await certified();
  await assert.rejects(renewIntermediate(folder, testClock()), hasCode("HOLON_ROOT_KEY_AWAY"));
  const other = scratchFolder(t);
  await openAuthority(other, testClock());
  await assert.rejects(renewIntermediate(folder, testClock(), { from: join(other, "authority/root-key.json") }), hasCode("HOLON_IDENTITY_UNTRUSTED"));
  await renewIntermediate(folder, testClock(), { from: file });
  assert.notEqual((await certified()).serialNumber, before.serialNumber, "the running authority signs with the new one");
  const wayOver = await openAuthority(folder, testClock("synced", Date.now() + 5 * 365 * day));
  const identity = await NodeIdentity.open(scratchFolder(t), testClock());
  await certifyHere(identity, wayOver, { node: "gateway-1", site: "plant", tier: "gateway" }, testClock());
  assert.equal(identity.self()?.node, "gateway-1", "an intermediate beyond its date ends nothing");
});
