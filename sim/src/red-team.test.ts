/** An enrolled node that turns against its fleet: each attempt ends in a denial, and the denial stands in the trail of who denied it. What else is shown where: docs/internals/red-team.md. */
import assert from "node:assert/strict";
import { HolonError } from "@holon/core/errors.ts";
import { takesTurns } from "../../scripts/testing/turns.ts";
import { Passport } from "./identity.ts";
import type { SimSubject } from "./subject.ts";
import { mallory, Raid } from "./testing/raid.ts";

/** Each is run with every other run of the tests; all of them with HOLON_TURNS=all. */
const attempt = takesTurns(2);
const edge = "wss://edge-1:7401";

attempt("malicious sibling: another name than its certificate's is refused", async () => {
  const raid = await Raid.start();
  const door = await raid.dial(edge, { node: "gateway-1" });
  await raid.until("she is cut off", () => door.closed() !== undefined);
  assert.equal(door.closed(), "HOLON_IDENTITY_FALSE");
  assert.equal((await raid.denial("edge-1", "HOLON_IDENTITY_FALSE"))["claimed"], "gateway-1");
});

attempt("malicious sibling: who proves to be the parent of a node, or the node itself, is no child of it", async () => {
  const raid = await Raid.start();
  const identity: { proves?: string } = raid.machine(mallory).identity;
  for (const name of ["cloud", "edge-1"]) {
    identity.proves = name;
    const door = await raid.dial(edge, { node: name });
    await raid.until("she is cut off", () => door.closed() !== undefined);
    assert.equal(door.closed(), "HOLON_LINK_UPSIDE_DOWN");
    const told = (await raid.told("edge-1", "holon.link.refused")).filter((data) => data["code"] === "HOLON_LINK_UPSIDE_DOWN" && data["proved"] === name);
    assert.equal(told.length, 1, name);
  }
  delete identity.proves;
  assert.equal(raid.status("edge-1").uplink?.state, "open");
});

attempt("malicious sibling: records in the name of who receives them, of a stream that never leaves, or altered on the way are refused, and nothing of them is kept", async () => {
  const raid = await Raid.start();
  const event = { type: "holon.app.deployed", data: { name: "evil" } };
  const altered = await raid.forge("far-1", "data", event);
  altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
  const before = [...raid.subject("edge-1").log.heads()].length;
  for (const payload of [await raid.forge("edge-1", "audit", event), await raid.forge(mallory, "local", event), altered]) {
    const door = await raid.dial(edge);
    door.send({ kind: "stream", header: { op: "records" }, payload });
    await raid.until("she is cut off", () => door.closed() !== undefined);
    assert.equal(door.closed(), "HOLON_FRAME_BAD");
  }
  assert.match(String((await raid.denial("edge-1", "HOLON_FRAME_BAD"))["message"]), /edge-1\/audit.*may not come from below/);
  assert.equal([...raid.subject("edge-1").log.heads()].length, before);
});

attempt("malicious sibling: a forged history of a neighbour takes nothing from the true one, and both sides tell of it", async () => {
  const raid = await Raid.start();
  raid.fleet.net.cut("far-1", "edge-2", { reset: true });
  const payload = await raid.forge("far-1", "alarm", { type: "far.alarm", data: "a lie" });
  const door = await raid.dial("wss://edge-2:7401", { lanes: ["far-1/alarm"] });
  door.send({ kind: "stream", header: { op: "records", alarmBytes: payload.length }, payload });
  const headAt = (name: string): string[] => [...raid.subject(name).log.heads().keys()].filter((lane) => /^far-1(?:~\w+)?\/alarm$/.test(lane));
  await raid.until("it is taken", () => headAt("edge-2").length > 0);
  raid.fleet.net.healAll();
  await raid.say("far-1", "alarm", { type: "far.alarm", data: "the truth" });
  await raid.until("the true one is beside it", () => headAt("edge-2").length > 1 && headAt("cloud").length > 1);
  for (const name of ["far-1", "edge-2"]) assert.equal((await raid.told(name, "holon.link.fork")).length, 1, name);
});

attempt("malicious sibling: a forged list of the revoked is refused, an older one changes nothing", async () => {
  const raid = await Raid.start();
  const { authority } = raid.fleet;
  assert.ok(authority !== undefined);
  const passport = (name: string) => raid.machine(name).identity.passport;
  const first = await authority.sign({ version: 7, revoked: [] });
  const second = await authority.sign({ version: 8, revoked: [{ node: "far-1", through: Number.MAX_SAFE_INTEGER }] });
  const door = await raid.dial(edge);
  const forged = { list: JSON.stringify({ version: 99, revoked: [{ node: "gateway-1", through: Number.MAX_SAFE_INTEGER }] }), proof: "AAAA", chain: first.chain };
  assert.equal(await raid.call(door, "edge-1", "identity.revoked", forged), "HOLON_IDENTITY_UNTRUSTED");
  await raid.denial("edge-1", "HOLON_IDENTITY_UNTRUSTED");
  assert.equal(passport("edge-1")?.revocationsVersion(), 0);
  for (const list of [second, first]) assert.equal(await raid.call(door, "edge-1", "identity.revoked", list), "answered");
  assert.equal(passport("edge-1")?.revocationsVersion(), 8);
  await raid.until("all have the newer", () => ["cloud", "gateway-1"].every((name) => passport(name)?.revocationsVersion() === 8));
});

attempt("a node below: calls that only members of a site may make are refused, at the node and through its neighbour, and the election does not move", async () => {
  const raid = await Raid.start();
  const site = ["gateway-1", "gateway-2", "gateway-3"];
  await raid.until("one leads", () => site.some((name) => raid.subject(name).leads?.() !== undefined));
  const terms = () => site.map((name) => raid.status(name).election?.term);
  const before = terms();
  const direct = await raid.dial("wss://gateway-1:7401", { sibling: "quiet" });
  const around = await raid.dial("wss://gateway-2:7401", { sibling: "quiet" });
  for (const [method, parameters] of [["site.vote", { term: 1_000_000, pre: false }], ["site.renew", { term: 1_000_000 }], ["site.relay", null], ["site.lease", { epoch: "e", number: 1, serial: 1, isConnected: false, units: {} }], ["site.keep", { unit: "a/f", id: [9, 9, 9], state: null, because: null }], ["site.spare", { unit: "a/f" }]] as const) {
    assert.equal(await raid.call(direct, "gateway-1", method, parameters), "HOLON_SIBLING_UNKNOWN");
    assert.equal(await raid.call(around, "gateway-1", method, parameters), "HOLON_CALL_DENIED");
  }
  await raid.denial("gateway-1", "HOLON_SIBLING_UNKNOWN");
  assert.match(String((await raid.denial("gateway-2", "HOLON_CALL_DENIED"))["message"]), /mallory asks gateway-2 to ask gateway-1 for site\./);
  await raid.pass(10_000);
  assert.deepEqual(terms(), before);
});

attempt("a node below: a certificate for another, or with another's, is not to be had", async () => {
  const raid = await Raid.start();
  const victim = raid.machine("gateway-1").identity.passport;
  assert.ok(victim !== undefined);
  const door = await raid.dial(edge);
  const { csr } = await raid.machine(mallory).identity.passport?.renewal() ?? assert.fail();
  const { chain } = await victim.renewal();
  assert.equal(await raid.call(door, "edge-1", "identity.renew", { csr, chain, proof: "AAAA" }), "HOLON_IDENTITY_UNTRUSTED");
  await raid.denial("edge-1", "HOLON_IDENTITY_UNTRUSTED");
  assert.ok((await raid.told("cloud", "holon.node.refused")).some((data) => data["code"] === "HOLON_IDENTITY_UNTRUSTED"));
  assert.equal(await raid.call(door, "edge-1", "identity.enroll", { invitation: "0".repeat(16), csr, proof: "AAAA" }), "HOLON_INVITATION_BAD");
  assert.ok((await raid.told("cloud", "holon.node.refused")).some((data) => data["code"] === "HOLON_INVITATION_BAD"));
});

attempt("a node below: the document of a neighbour, or of its parent, is not sent to it, and is not kept from whom it is for", async () => {
  const raid = await Raid.start();
  const versionOf = (name: string): number => raid.status(name).agent.version;
  await raid.until("the neighbours have theirs", () => versionOf("gateway-1") > 0 && versionOf("far-1") > 0);
  const near = await raid.dial(edge, { desired: ["gateway-1", "edge-1", "gateway-2"] });
  const far = await raid.dial("wss://cloud:7401", { desired: ["far-1", "edge-2", "cloud"] });
  const before = versionOf("far-1");
  const { control } = raid.subject("cloud") as SimSubject & { control: { remove(app: string): Promise<void> } };
  await raid.drive(control.remove("counter"));
  await raid.until("they get the next, whoever says that they are below", () => versionOf("far-1") > before && versionOf("gateway-1") > before);
  await raid.pass(5_000);
  const documents = (door: typeof near) => door.heard.flatMap(({ kind, header }) => (kind === "desired" && "node" in header ? [header.node] : []));
  assert.deepEqual(documents(near), []);
  assert.ok(!documents(far).includes("edge-2") && !documents(far).includes("cloud"), documents(far).join());
});

attempt("a lead that exceeds its authority: of another site, of another member, or in no form, is nobody's lead, and control goes on", async () => {
  const raid = await Raid.start();
  const door = await raid.dial(edge, { lanes: [`${mallory}/audit`] });
  const claims = [
    ["holon.site.lead", { site: "cloud", term: 1_000_000, lead: mallory }],
    ["holon.site.lead", { site: "site", term: 1_000_000, lead: "gateway-1" }],
    ["holon.site.lead", "nonsense"],
    ["holon.site.overlay", { site: "site", lead: mallory, term: 1_000_000, sequence: 1, serial: 1, isolatedMs: 0, units: [{ unit: "counter/count", home: "gateway-1", node: mallory, because: "she says so" }], back: [] }],
    ["holon.node.started", { site: "site", tier: "cloud", jurisdiction: "US", parent: null, api: "http://203.0.113.1:80" }],
  ] as const;
  const cloud = raid.subject("cloud");
  const enrolled = { node: mallory, site: "site", tier: "gateway", number: 1, expiresMs: 1 };
  await raid.drive(cloud.log.append({ cells: [{ key: `enrolled/${mallory}`, value: new TextEncoder().encode(JSON.stringify(enrolled)) }] }));
  const payload = await raid.forge(mallory, "audit", ...claims.map(([type, data]) => ({ type, data })));
  door.send({ kind: "stream", header: { op: "records" }, payload });
  await raid.until("control has heard it", () => (cloud.log.head({ origin: raid.machine(mallory).name, stream: "audit" })?.sequence ?? 0) >= claims.length);
  const { control } = cloud as SimSubject & { control: { nodes(): readonly { name: string; leads: boolean }[]; remove(app: string): Promise<void> } };
  await raid.drive(control.remove("counter"));
  assert.ok(!control.nodes().some(({ name }) => name === mallory));
  await raid.until("those who lead are shown to lead", () => control.nodes().some(({ leads }) => leads));
  const told = await raid.told("cloud", "holon.claim.refused");
  assert.deepEqual([told.length > 0, String(told.at(-1)?.["record"]).split("/").at(-1)], [true, `${claims.length + 1}`]);
  assert.ok(told.reduce((sum, { count }) => sum + Number(count), 0) >= claims.length, `each of them: ${JSON.stringify(told)}`);
  const restarted = raid.machine("cloud");
  restarted.crash("process", 100);
  await raid.until("control starts over what she wrote", () => restarted.subject !== undefined);
  assert.equal((await raid.told("cloud", "holon.claim.refused")).length, told.length);
});

attempt("a liar on the local network: who announces a sibling at another place ends no link to it", async () => {
  const raid = await Raid.start();
  await raid.until("the siblings are linked", () => raid.status("gateway-1").election?.reachable.length === 3);
  raid.notes.length = 0;
  for (const name of ["gateway-1", "gateway-2", "gateway-3"]) await raid.drive(raid.ports.discovery.open({ name: raid.machine(name).name, site: "site", address: "wss://mallory:9" }, () => undefined));
  await raid.pass(25_000);
  assert.deepEqual(raid.notes.filter(({ text }) => /link to sibling .* lost/.test(text)), []);
});

attempt("a stolen gateway: who answers in a sibling's place is not taken for it, and who dialled tells of it", async () => {
  const raid = await Raid.start();
  await raid.drive(raid.ports.net.listen("wss://mallory:7401", (connection) => connection.close("caught")));
  raid.machine("gateway-2").crash("process", 600_000);
  await raid.until("the sibling is gone", () => raid.status("gateway-1").election?.reachable.includes(raid.machine("gateway-2").name) === false);
  await raid.drive(raid.ports.discovery.open({ name: raid.machine("gateway-2").name, site: "site", address: "wss://mallory:7401" }, () => undefined));
  const told = await raid.denial("gateway-1", "HOLON_LINK_REFUSED", 300);
  assert.match(String(told["message"]), /proves to be mallory, not gateway-2/);
});

attempt("a stolen gateway: who answers where the parent of an edge is to be is given nothing of it, and its trail tells", async () => {
  const raid = await Raid.start();
  raid.machine("cloud").crash("process", 600_000);
  await raid.until("the cloud is gone", () => raid.status("edge-1").uplink?.state !== "open");
  const heard: Uint8Array[] = [];
  await raid.drive(raid.ports.net.listen("wss://cloud:7401", (connection) => connection.receive({ frame: (bytes) => void heard.push(bytes), closed: () => undefined })));
  const told = await raid.denial("edge-1", "HOLON_LINK_UPSIDE_DOWN", 600);
  assert.match(String(told["message"]), /wss:\/\/cloud:7401 is no parent of edge-1: mallory is of tier gateway, which stands below edge/);
  assert.equal(heard.length, 0);
});

attempt("a stolen gateway: who answers where the parent of a gateway is to be, of the gateway's own tier, is given nothing of it, and its trail tells", async () => {
  const raid = await Raid.start();
  raid.machine("edge-2").crash("process", 600_000);
  await raid.until("the edge is gone", () => raid.status("far-1").uplink?.state !== "open");
  const heard: Uint8Array[] = [];
  await raid.drive(raid.ports.net.listen("wss://edge-2:7401", (connection) => connection.receive({ frame: (bytes) => void heard.push(bytes), closed: () => undefined })));
  const told = await raid.denial("far-1", "HOLON_LINK_UPSIDE_DOWN", 600);
  assert.match(String(told["message"]), /wss:\/\/edge-2:7401 is no parent of far-1: mallory is of tier gateway as far-1 is/);
  assert.equal(heard.length, 0);
});

attempt("a node below: who asks for its certificate again and again does not fill the trail", async () => {
  const raid = await Raid.start();
  const door = await raid.dial(edge);
  const request = await raid.machine(mallory).identity.passport?.renewal();
  const answers: string[] = [];
  for (let asked = 0; asked < 30; asked++) answers.push(await raid.call(door, "edge-1", "identity.renew", request));
  assert.deepEqual([...new Set(answers)], ["answered", "HOLON_CALL_BUSY"]);
  assert.ok((await raid.told("cloud", "holon.node.renewed")).length < 10);
});

attempt("a node below: questions to control in another's name are refused on the way, and by control where she says that the other is below her", async () => {
  const raid = await Raid.start();
  const { control } = raid.subject("cloud") as SimSubject & { control: { nodes(): readonly { name: string }[] } };
  await raid.pass(5_000); // all have asked for leases by now
  for (const name of ["cloud", "edge-1", "edge-2", "gateway-1"]) assert.deepEqual(await raid.told(name, "holon.link.refused"), [], `the honest are refused nothing at ${name}`);
  const ask = { unit: "counter/count", id: "counter/count@edge-2#7" };
  const hash = "ab".repeat(32);
  const questions = (node: string) => [
    ["plan.take", { node, ...ask }],
    ["plan.moved", { node, ...ask }],
    ["plan.state", { node, ...ask, hash, offset: 0 }],
    ["plan.renew", { node, version: 1_000_000 }],
  ] as const;
  const honest = await raid.dial(edge);
  for (const [method, question] of questions("gateway-1")) assert.equal(await raid.call(honest, "edge-1", method, question), "HOLON_CALL_DENIED", method);
  assert.match(String((await raid.denial("edge-1", "HOLON_CALL_DENIED"))["message"]), /mallory asks plan\.\w+ in the name of gateway-1, which is not below it/);
  // Who joins may ask before anybody has told who it is, or where: that is answered, and is no attempt.
  const atControl = await raid.dial("wss://cloud:7401");
  assert.deepEqual([await raid.call(atControl, "cloud", "plan.renew", { node: "joins-9", version: 0 }), await raid.call(atControl, "cloud", "plan.renew", { node: "far-1", version: 0 })], ["HOLON_NODE_UNKNOWN", "HOLON_CALL_DENIED"]);
  // Far-1 is below another edge: nobody here can say that it is not below her, but what it did not sign it did not ask.
  const lying = await raid.dial(edge, { desired: ["far-1"] });
  for (const [method, question] of questions("far-1").slice(0, 3)) assert.equal(await raid.call(lying, "edge-1", method, question), "HOLON_CALL_DENIED", method);
  const told = await raid.told("cloud", "holon.link.refused");
  assert.ok(told.some(({ message }) => /in the name of far-1, by way of edge-1, is signed by nobody/.test(String(message))), JSON.stringify(told));
  const own = raid.machine(mallory).identity.passport;
  const vouched = own?.vouch(new TextEncoder().encode("holon ask\nplan.take\n{}")) ?? assert.fail();
  assert.equal(await raid.call(lying, "edge-1", "plan.take", { node: "far-1", ...ask, vouched }), "HOLON_IDENTITY_UNTRUSTED");
  assert.ok(control.nodes().length > 0);
});

attempt("stolen intermediate: once the root has signed the next one, a certificate for control, an edge or a gateway and a list of the revoked are refused, and the honest come back by themselves", async () => {
  const raid = await Raid.start();
  const authority = raid.fleet.authority ?? assert.fail();
  const thief = authority.copy();
  const passport = (name: string) => raid.machine(name).identity.passport ?? assert.fail();
  const lies = await thief.sign({ version: 1_000_000, revoked: [{ node: "gateway-1", through: Number.MAX_SAFE_INTEGER }] });
  await passport("far-1").revoke(lies); // one node believed the thief before
  const honest = ["edge-1", "edge-2", "gateway-1", "gateway-2", "gateway-3", "far-1"];
  await recordEnrolled(raid, [...honest, mallory]);
  authority.series += 1;
  raid.machine("cloud").crash("process", 100);
  await raid.until("all have certificates of the new series and are linked", () => honest.every((name) => passport(name).series === 2 && raid.machine(name).subject !== undefined && raid.status(name).uplink?.state === "open"), 600_000);
  assert.equal(passport("far-1").revocationsVersion(), 0);
  const own = passport(mallory);
  for (const name of ["cloud", "edge-2", "gateway-2"]) {
    raid.machine(mallory).identity.passport = new Passport(thief, raid.machine(mallory).clock, { node: name, site: "site", tier: "gateway" });
    for (const at of [edge, "wss://cloud:7401"]) await assert.rejects(raid.dial(at), (error) => error instanceof HolonError && error.code === "HOLON_IDENTITY_UNTRUSTED", `${name} at ${at}`);
  }
  for (const name of ["edge-1", "cloud"]) assert.ok((await raid.told(name, "holon.link.refused")).some(({ code, proved, message }) => code === "HOLON_IDENTITY_SERIES" && proved === null && /is of series 1 of the authority, which is over/.test(String(message))), name);
  const refused = await raid.told("cloud", "holon.node.refused");
  for (const name of ["cloud", "edge-2", "gateway-2"]) assert.ok(refused.some(({ code, node, message }) => code === "HOLON_IDENTITY_UNTRUSTED" && (name === "cloud" || node === name) && /control gave it none for that key/.test(String(message))), name);
  raid.machine(mallory).identity.passport = own;
  const door = await raid.dial(edge); // by her own key, which control certified
  assert.equal(own.series, 2);
  assert.equal(await raid.call(door, "edge-1", "identity.revoked", lies), "HOLON_IDENTITY_SERIES");
  await raid.denial("edge-1", "HOLON_IDENTITY_SERIES");
  assert.equal(passport("edge-1").revocationsVersion(), 0);
});

/** Nodes of this world are certified before it begins: what control would have written as it enrolled them. */
async function recordEnrolled(raid: Raid, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const passport = raid.machine(name).identity.passport ?? assert.fail();
    const { node, site, tier, number, heldKey, validity } = await raid.drive(passport.renewal().then((request) => raid.fleet.authority?.checkRenewal(request) ?? assert.fail()));
    const cell = (key: string, value: unknown) => ({ key, value: new TextEncoder().encode(JSON.stringify(value)) });
    await raid.drive(raid.subject("cloud").log.append({ cells: [cell(`enrolled/${node}`, { node, site, tier, number, expiresMs: validity.expiresMs }), cell(`issued/${node}`, [{ key: heldKey, number }])] }));
  }
}
