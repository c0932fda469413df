/** A thief has the key of the intermediate; the root has signed the next one. Who has heard of that, and who has not, and what is left to the thief. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { identityMethods, renewalSchema } from "@holon/core/identity/messages.ts";
import type { Authority, Connection, Listener, Lobby, TurnedAway } from "@holon/core/ports.ts";
import { authorityStatus, openAuthority, renewIntermediate, takeRootKey } from "./authority.ts";
import { enroll } from "./ask.ts";
import { certifyHere } from "./here.ts";
import { NodeIdentity } from "../identity.ts";
import { createNet } from "../net.ts";
import { makeSiteKey, requestSiteKey, shareSiteKey, stateSiteKey, takeSiteKey } from "../site-key.ts";
import { hasCode } from "@holon/core/testing/has-code.ts";
import { scratchFolder } from "../testing/scratch-folder.ts";
import { testClock, testFleet, type TestFleet, type TestMember } from "../testing/test-fleet.ts";

const day = 86_400_000;

interface Door {
  readonly listener: Listener;
  readonly turned: TurnedAway[];
  readonly reasons: string[];
}

/** A listener whose lobby asks this authority, as control does with everything allowed. */
async function open(t: TestContext, member: TestMember, authority: Authority): Promise<Door> {
  const turned: TurnedAway[] = [];
  const reasons: string[] = [];
  const lobby: Lobby = {
    turnedAway: (who) => turned.push(who),
    reachesAuthority: () => true,
    async ask(method, request) {
      if (method !== identityMethods.renew) throw new HolonError("HOLON_CALL_UNKNOWN", "this door renews");
      const renewal = renewalSchema.parse(request);
      const { node, site, tier } = await authority.checkRenewal(renewal);
      const issuedMs = Date.now();
      return authority.issue(renewal.csr, { node, site, tier, number: issuedMs, validity: { issuedMs, expiresMs: issuedMs + 30 * day } });
    },
  };
  const listener = await member.net.listen("127.0.0.1:0", (connection) => connection.receive({ frame: () => undefined, closed: (reason) => reasons.push(reason) }), lobby);
  t.after(() => listener.close());
  return { listener, turned, reasons };
}

interface Link {
  readonly connection: Connection;
  readonly closed: Promise<string>;
}

async function linked({ net }: TestMember, { listener }: Door): Promise<Link> {
  const connection = await net.connect(listener.address);
  return { connection, closed: new Promise((resolve) => connection.receive({ frame: () => undefined, closed: resolve })) };
}

/** A machine of the thief's with a certificate for any name. */
async function minted(fleet: TestFleet, thief: Authority, name: string): Promise<TestMember> {
  const member = await fleet.unenrolled(name);
  await certifyHere(member.identity, thief, { node: name, site: "plant", tier: "gateway" }, testClock());
  return member;
}

/** The certificate of a node, made anew by the authority as it is now. */
async function certifiedBy({ identity }: TestMember, authority: Authority, node: string): Promise<void> {
  await certifyHere(identity, authority, { node, site: "plant", tier: "gateway" }, testClock());
}

test("a node that has not heard of the new series talks to control, hears of it there, gets its next certificate and keeps what it heard", async (t) => {
  const fleet = await testFleet();
  const [cloud, gateway, edge] = [await fleet.member("cloud-1"), await fleet.member("gateway-1"), await fleet.member("edge-1")];
  const below = await open(t, edge, fleet.authority);
  const link = await linked(gateway, below);
  const after = await fleet.stolen();
  await certifiedBy(cloud, after, "cloud-1");
  const door = await open(t, cloud, after);
  const before = gateway.identity.self()?.number;
  const up = await linked(gateway, door);
  assert.equal(up.connection.peer, "cloud-1");
  t.after(() => up.connection.close("seen"));
  assert.deepEqual([gateway.identity.self()?.series, gateway.identity.seriesHeld.newest], [2, 2]);
  assert.notEqual(gateway.identity.self()?.number, before);
  assert.equal(await link.closed, "HOLON_IDENTITY_SERIES", "a link to one of the old series ends when the new one is heard of");
  assert.deepEqual(door.turned.map(({ code, proved, claimed }) => ({ code, proved, claimed })), [{ code: "HOLON_IDENTITY_SERIES", proved: undefined, claimed: "gateway-1" }], "what looks the same as a thief is told once");
  await assert.rejects(gateway.net.connect(below.listener.address), hasCode("HOLON_IDENTITY_SERIES", /certificate of edge-1 is of series 1/));
  const again = await NodeIdentity.open(gateway.folder, testClock());
  assert.deepEqual([again.self()?.series, again.seriesHeld.newest], [2, 2]);
});

test("what was heard outlives a start, also where no certificate was to be had; of another fleet it counts for nothing", async () => {
  const fleet = await testFleet();
  const { identity, folder } = await fleet.member("gateway-1");
  const after = await fleet.stolen();
  const cloud = await fleet.unenrolled("cloud-1");
  await certifiedBy(cloud, after, "cloud-1");
  const signer = cloud.identity.self()?.signer ?? assert.fail();
  identity.seriesHeld.learn({ signer, series: 2 });
  await identity.seriesHeld.keep({ signer, series: 2 });
  assert.ok(existsSync(join(folder, "identity/series.json")));
  const again = await NodeIdentity.open(folder, testClock());
  assert.deepEqual([again.self()?.series, again.seriesHeld.newest], [1, 2]);
  const foreign = await testFleet();
  const kept = readFileSync(join(folder, "identity/series.json"), "utf8");
  await certifyHere(again, foreign.authority, { node: "gateway-1", site: "elsewhere", tier: "gateway" }, testClock());
  assert.deepEqual(readdirSync(join(folder, "identity")), ["enrolled.json", "identity.json"]);
  writeFileSync(join(folder, "identity/series.json"), kept); // as where the power went before it was removed
  assert.equal((await NodeIdentity.open(folder, testClock())).seriesHeld.newest, 1);
});

test("stolen intermediate: a certificate for control, an edge or a gateway is refused at both ends, and told", async (t) => {
  const fleet = await testFleet();
  const thief = await fleet.thief();
  const after = await fleet.stolen();
  const edge = await fleet.member("edge-1");
  await certifiedBy(edge, after, "edge-1");
  const refusing: Authority = { ...after, checkRenewal: () => Promise.reject(new HolonError("HOLON_IDENTITY_UNTRUSTED", "control gave it none for that key")) };
  const door = await open(t, edge, refusing);
  for (const name of ["cloud-1", "edge-2", "gateway-1"]) {
    const impostor = await minted(fleet, thief, name);
    await assert.rejects(impostor.net.connect(door.listener.address), hasCode("HOLON_IDENTITY_UNTRUSTED", /gave it none/), name);
    const trap = await open(t, await minted(fleet, thief, name), thief);
    const turned: TurnedAway[] = [];
    await assert.rejects(edge.net.connect(trap.listener.address, undefined, (who) => turned.push(who)), hasCode("HOLON_IDENTITY_SERIES", new RegExp(`certificate of ${name} is of series 1`)), name);
    assert.deepEqual(turned.map(({ code, proved, claimed }) => [code, proved, claimed]), [["HOLON_IDENTITY_SERIES", undefined, name]], "who dials tells it too");
    assert.match(turned[0]?.message ?? "", new RegExp(`^${trap.listener.address}: the certificate of ${name} is of series 1`));
  }
  assert.deepEqual(door.turned.map(({ code, proved, claimed }) => [code, proved, claimed]), ["cloud-1", "edge-2", "gateway-1"].map((name) => ["HOLON_IDENTITY_SERIES", undefined, name]));
});

test("stolen intermediate: a link that was open when the new series is heard of ends at the listener too", async (t) => {
  const fleet = await testFleet();
  const edge = await fleet.member("edge-1");
  const door = await open(t, edge, fleet.authority);
  const mallory = await minted(fleet, await fleet.thief(), "gateway-1");
  const link = await linked(mallory, door);
  await certifiedBy(edge, await fleet.stolen(), "edge-1");
  assert.equal(await link.closed, "HOLON_IDENTITY_SERIES");
  assert.deepEqual(door.reasons, ["HOLON_IDENTITY_SERIES"]);
});

test("stolen intermediate: who joins is not led astray, since the token names the series", async (t) => {
  const fleet = await testFleet();
  const thief = await fleet.thief();
  const after = await fleet.stolen();
  const trap = await open(t, await minted(fleet, thief, "cloud-1"), thief);
  const { token } = await after.invitation({ node: "gateway-7", site: "plant", tier: "gateway", address: trap.listener.address });
  const joining = await fleet.unenrolled("gateway-7");
  await assert.rejects(enroll(joining.identity, token), hasCode("HOLON_IDENTITY_SERIES", /cloud-1 is of series 1/));
  assert.equal(joining.identity.self(), undefined);
});

test("stolen intermediate: a request for a site's key in a member's name gets none", async () => {
  const fleet = await testFleet();
  const thief = await fleet.thief();
  const [first, second] = [await fleet.member("gateway-1"), await fleet.member("gateway-2")];
  await makeSiteKey(first.folder, first.identity);
  const mallory = await minted(fleet, thief, "gateway-2");
  const after = await fleet.stolen();
  await certifiedBy(first, after, "gateway-1");
  await assert.rejects(shareSiteKey(first.folder, first.identity, await requestSiteKey(mallory.folder, mallory.identity)), hasCode("HOLON_IDENTITY_SERIES", /gateway-2/));
  await certifiedBy(second, after, "gateway-2");
  const share = await shareSiteKey(first.folder, first.identity, await requestSiteKey(second.folder, second.identity));
  await takeSiteKey(second.folder, second.identity, share);
  assert.deepEqual((await stateSiteKey(second.folder, second.identity)).key, (await stateSiteKey(first.folder, first.identity)).key);
});

test("the root raises the series from where its key was taken to; plain renewal keeps it; an authority that was put back is found", async (t) => {
  const folder = scratchFolder(t);
  await openAuthority(folder, testClock());
  const identity = await NodeIdentity.open(folder, testClock());
  const here = async (): Promise<void> => certifyHere(identity, await openAuthority(folder, testClock()), { node: "cloud-1", site: "cloud", tier: "cloud" }, testClock());
  await here();
  const old = readFileSync(join(folder, "authority/intermediate.json"), "utf8");
  const file = join(scratchFolder(t), "root.json");
  await takeRootKey(folder, file);
  await assert.rejects(renewIntermediate(folder, testClock(), { isStolen: true }), hasCode("HOLON_ROOT_KEY_AWAY"));
  await renewIntermediate(folder, testClock(), { from: file });
  assert.equal((await authorityStatus(folder)).series, 1);
  await renewIntermediate(folder, testClock(), { from: file, isStolen: true });
  assert.equal((await authorityStatus(folder)).series, 2);
  await here();
  assert.equal(identity.self()?.series, 2);
  writeFileSync(join(folder, "authority/intermediate.json"), old);
  await assert.rejects(here(), hasCode("HOLON_IDENTITY_SERIES", /authority on this machine is of series 1/));
  await renewIntermediate(folder, testClock(), { from: file, isStolen: true });
  assert.equal((await authorityStatus(folder)).series, 3, "above what was heard of");
  await here();
});

test("an island that has not heard goes on as it is", async (t) => {
  const fleet = await testFleet();
  const [one, other] = [await fleet.member("gateway-1"), await fleet.member("gateway-2")];
  await fleet.stolen();
  const door = await open(t, one, fleet.authority);
  const net = createNet({ name: fleet.name("gateway-2"), identity: other.identity });
  const connection = await net.connect(door.listener.address);
  assert.equal(connection.peer, "gateway-1");
  connection.close("seen");
});
