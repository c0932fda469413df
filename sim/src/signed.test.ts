/** What a node runs is what its publisher signed and its control plane chose for it: each attack ends in a refusal in the trail. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HolonError } from "@holon/core/errors.ts";
import { desiredSchema, type Desired } from "@holon/core/schema/desired.ts";
import type { SignatureFiles } from "@holon/core/schema/signatures.ts";
import { directorTarget, policyTarget } from "@holon/core/trust/targets.ts";
import type { BlobHash } from "@holon/core/units.ts";
import type { SignedTarget } from "@holon/core/ports.ts";
import { worldBeginsMs } from "./clock.ts";
import { appOf, hashOf, SignedFleet, targetsOf } from "./testing/signed-fleet.ts";
import { createDirector, SimRepository } from "./trust.ts";

const dayMs = 86_400_000;
const runs = (signed: SignedFleet, word: string, name = "gateway-1") => () => signed.ran.includes(`${name} ${word}`) && signed.machine(name).subject !== undefined && signed.status(name).agent.units.length > 0;
const refuses = (signed: SignedFleet, name = "gateway-1") => () => signed.status(name).agent.state === "refused";
const isSettled = (signed: SignedFleet, name = "gateway-1") => () => signed.status(name).agent.state === "settled";

async function startWithOne(): Promise<SignedFleet> {
  const signed = await SignedFleet.start();
  await signed.release(appOf("one", "1"), "one");
  for (const name of ["gateway-1", "gateway-2"]) await signed.until(`${name} runs what was signed`, runs(signed, "one", name));
  return signed;
}

/** The newest document was refused, for that reason; what ran runs on, after a power cut too, and nothing else ever ran. */
async function isRefused(signed: SignedFleet, code: string): Promise<void> {
  await signed.until("it is refused", refuses(signed));
  assert.deepEqual(await signed.refusals(), [code]);
  assert.equal(signed.status().agent.problem?.code, code);
  assert.equal(signed.status().agent.units[0]?.state, "running");
  const own = (): readonly string[] => signed.ran.filter((started) => started.startsWith("gateway-1 ")); // another may be about to run what is good for it
  const starts = own().length;
  signed.machine("gateway-1").crash("power", 100);
  await signed.until("it runs again", () => signed.machine("gateway-1").subject !== undefined && own().length > starts && refuses(signed)());
  assert.ok(own().slice(starts).every((started) => started.endsWith(" one")), own().slice(starts).join(", "));
  assert.ok(!signed.ran.some((started) => started.endsWith("evil") || started.endsWith("unknown")));
}

test("what the publisher signed and the control plane chose runs; a second release takes its place", async () => {
  const signed = await startWithOne();
  assert.deepEqual(signed.status().signatures, { required: true, images: 1, director: 1, freshness: "fresh" });
  await signed.release(appOf("two", "2"), "two");
  await signed.until("two runs", runs(signed, "two"));
  assert.equal(signed.status().signatures?.images, 2);
});

test("disk full (OTel #8115): what control could not issue is said, and issued when there is room, without anybody asking again", async () => {
  const director = createDirector("director");
  let hasRoom = true;
  const signed = await SignedFleet.start({ director: { ...director, sign: (wanted) => (hasRoom ? director.sign(wanted) : Promise.reject(new HolonError("HOLON_DISK_FULL", "no space is left"))) } });
  hasRoom = false;
  await assert.rejects(signed.release(appOf("one", "1"), "one"), { code: "HOLON_DISK_FULL" });
  assert.equal(signed.control.problem()?.code, "HOLON_DISK_FULL");
  await signed.fleet.world.run({ timeMs: signed.world.nowMs + 60_000 });
  assert.deepEqual(signed.ran, []);
  hasRoom = true;
  await signed.until("the gateway runs it", runs(signed, "one"));
  assert.equal(signed.control.problem(), undefined);
});

test("stolen control plane: an app that no publisher signed does not run", async () => {
  const signed = await startWithOne();
  await signed.drive(signed.control.deploy(appOf("evil", "2")));
  await isRefused(signed, "HOLON_SIGNATURE_MISSING");
});

test("stolen control plane: other code under a signed name does not run", async () => {
  const signed = await startWithOne();
  await signed.drive(signed.control.deploy(appOf("evil", "1")));
  await isRefused(signed, "HOLON_SIGNATURE_MIXED");
});

test("stolen control plane: signed code with other rights does not run", async () => {
  const signed = await startWithOne();
  await signed.forge("gateway-1", ({ apps }) => ({ apps: apps.map((app) => ({ ...app, functions: app.functions.map((fn) => ({ ...fn, runtime: "worker" as const })) })) }));
  await isRefused(signed, "HOLON_SIGNATURE_MIXED");
});

test("stolen control plane: a publisher of its own is not this node's publisher", async () => {
  const signed = await startWithOne();
  const own = new SimRepository("thief");
  const app = appOf("evil", "2");
  own.publish({}, { version: 7 });
  own.publish(targetsOf(app, "evil"), { version: 8 });
  await signed.drive(signed.control.publish(await signed.upload(own.files()), app));
  await isRefused(signed, "HOLON_SIGNATURE_UNMET");
});

test("stolen control plane: without signatures, or without a name for it, nothing runs", async () => {
  const signed = await startWithOne();
  await signed.forge("gateway-1", () => ({ signatures: undefined }));
  await isRefused(signed, "HOLON_SIGNATURE_MISSING");
  const unnamed = await startWithOne();
  const honest = createDirector("director");
  unnamed.steal({ ...honest, sign: (choice) => honest.sign({ ...choice, targets: new Map([...choice.targets].filter(([target]) => target.endsWith(`/${policyTarget}`))) }) });
  await unnamed.release(appOf("one", "1", { description: "for nobody" }), "one");
  await isRefused(unnamed, "HOLON_SIGNATURE_MISSING");
});

test("rollback: metadata from before the newest release are refused", async () => {
  const signed = await SignedFleet.start();
  await signed.release(appOf("two", "2"), "two");
  const old = await signed.upload(signed.publisher.files());
  await signed.release(appOf("one", "3"), "one");
  await signed.until("the newest runs", runs(signed, "one"));
  await signed.until("it is settled", isSettled(signed));
  await signed.drive(signed.control.publish(old, appOf("two", "2")));
  await isRefused(signed, "HOLON_SIGNATURE_ROLLED_BACK");
});

test("freeze: with a clock that is synced what has expired is not adopted, and what runs runs on", async () => {
  const signed = await startWithOne();
  signed.machine("gateway-1").clock.stepWall(20 * dayMs);
  await signed.release(appOf("two", "2"), "two", { expiresMs: worldBeginsMs + 10 * dayMs });
  await isRefused(signed, "HOLON_SIGNATURE_EXPIRED");
  await signed.until("the other, whose clock says that it is time, runs it", runs(signed, "two", "gateway-2"));
});

test("freeze: without a clock that is synced it is adopted, shown as of unknown freshness, and versions still do not go back", async () => {
  const signed = await startWithOne();
  const { clock } = signed.machine("gateway-1");
  clock.stepWall(20 * dayMs);
  clock.state = "unknown";
  const old = await signed.upload(signed.publisher.files());
  await signed.release(appOf("two", "2"), "two", { expiresMs: worldBeginsMs + 10 * dayMs });
  await signed.until("it runs", runs(signed, "two"));
  await signed.until("it is settled", isSettled(signed));
  assert.equal(signed.status().signatures?.freshness, "unknown");
  clock.state = "synced";
  assert.equal(signed.status().signatures?.freshness, "stale");
  clock.state = "coasting";
  await signed.drive(signed.control.publish(old, appOf("one", "1")));
  await signed.until("it is refused", refuses(signed));
  assert.deepEqual(await signed.refusals(), ["HOLON_SIGNATURE_ROLLED_BACK"]);
});

test("a clock back in 1970 locks nobody out", async () => {
  const signed = await startWithOne();
  signed.machine("gateway-1").crash("power");
  signed.machine("gateway-1").clock.resetTo1970();
  signed.machine("gateway-1").start();
  await signed.until("it is up", () => signed.machine("gateway-1").subject !== undefined);
  await signed.release(appOf("two", "2"), "two");
  await signed.until("the next release runs", runs(signed, "two"));
});

test("mix-and-match: targets of one release with the timestamp of another are refused", async () => {
  const signed = await startWithOne();
  const before = new Map(signed.publisher.files());
  signed.publisher.publish(targetsOf(appOf("two", "2"), "two"));
  const mixed = new Map([...signed.publisher.files(), ["2.targets.json", before.get("1.targets.json") ?? new Uint8Array()] as const]);
  await signed.drive(signed.control.publish(await signed.upload(mixed), appOf("one", "1")));
  await isRefused(signed, "HOLON_SIGNATURE_MIXED");
});

test("wrong target: what the control plane signed for another node is not for this one", async () => {
  const signed = await startWithOne();
  await signed.release(appOf("two", "2"), "two");
  await signed.until("both run it", () => runs(signed, "two")() && runs(signed, "two", "gateway-2")());
  await signed.forge("gateway-2", () => ({})); // one version ahead of the other's
  const other = signed.subject("cloud").log.cell("desired/gateway-2");
  const { signatures } = JSON.parse(new TextDecoder().decode(other)) as { signatures: never };
  await signed.forge("gateway-1", () => ({ signatures }));
  await signed.until("it is refused", refuses(signed));
  assert.deepEqual(await signed.refusals(), ["HOLON_SIGNATURE_MISSING"]);
});

test("wrong target: another hash or length by the control plane than by the publisher is refused", async () => {
  for (const change of [{ hash: hashOf(new TextEncoder().encode("other")) }, { lengthBytes: 1 }]) {
    const signed = await startWithOne();
    const honest = createDirector("director");
    signed.steal({ ...honest, sign: (choice) => honest.sign({ ...choice, targets: new Map([...choice.targets].map(([target, own]) => [target, { ...own, ...change }])) }) });
    await signed.release(appOf("one", "1", { description: "again" }), "one");
    await isRefused(signed, "HOLON_SIGNATURE_MIXED");
  }
});

test("wrong target: a file that both signed with another hash than the signed document names is refused", async () => {
  const signed = await startWithOne();
  const app = appOf("one", "2");
  const other = hashOf(new TextEncoder().encode("other"));
  const change = (target: string, own: SignedTarget): SignedTarget => (target.includes("/function/") ? { ...own, hash: other } : own);
  const honest = createDirector("director");
  signed.steal({ ...honest, sign: (choice) => honest.sign({ ...choice, targets: new Map([...choice.targets].map(([target, own]) => [target, change(target, own)])) }) });
  signed.publisher.publish(Object.fromEntries(Object.entries(targetsOf(app, "one")).map(([target, own]) => [target, change(target, own)])));
  await signed.drive(signed.control.publish(await signed.upload(signed.publisher.files()), app));
  await isRefused(signed, "HOLON_SIGNATURE_MIXED");
});

test("wrong target: a length that both signed and the content does not have is refused", async () => {
  const signed = await startWithOne();
  const app = appOf("one", "2");
  const longer = Object.fromEntries(Object.entries(targetsOf(app, "one")).map(([target, { hash, lengthBytes }]) => [target, { hash, lengthBytes: lengthBytes + 1 }]));
  const honest = createDirector("director");
  signed.steal({ ...honest, sign: (choice) => honest.sign({ ...choice, targets: new Map([...choice.targets].map(([target, own]) => [target, { ...own, lengthBytes: own.lengthBytes + 1 }])) }) });
  signed.publisher.publish(longer);
  await signed.drive(signed.control.publish(await signed.upload(signed.publisher.files()), app));
  await isRefused(signed, "HOLON_SIGNATURE_MIXED");
});

test("director root: a stolen control plane that comes with a root of its own is refused by a node that pinned one when it enrolled, from the very first document", async () => {
  const thief = await SignedFleet.start({ director: createDirector("thief"), isDirectorPinned: true });
  await thief.release(appOf("one", "1"), "one");
  await thief.until("it is refused", refuses(thief));
  assert.deepEqual([await thief.refusals(), thief.ran], [["HOLON_SIGNATURE_UNMET"], []]);
  const honest = await SignedFleet.start({ isDirectorPinned: true });
  await honest.release(appOf("one", "1"), "one");
  await honest.until("it runs", runs(honest, "one"));
});

test("threshold: a release that too few of the publisher's keys signed does not run", async () => {
  const signed = await startWithOne();
  await signed.release(appOf("two", "2"), "two", { signers: 1 });
  await isRefused(signed, "HOLON_SIGNATURE_UNMET");
});

test("rotation: a node that was away for weeks follows the chain of roots, and no key of before signs for it again", async () => {
  const signed = await startWithOne();
  signed.fleet.net.cut("gateway-1", "cloud");
  for (const word of ["two", "one", "two"] as const) {
    signed.publisher.rotate();
    await signed.release(appOf(word, `${word} again`), word);
    for (const { machine } of signed.fleet.members.values()) machine.clock.stepWall(7 * dayMs); // a week, of which nothing happens but the end
    await signed.pass(60_000);
  }
  signed.fleet.net.healAll();
  await signed.until("it runs what the newest keys signed", runs(signed, "two"), 600_000);
  const former = new SimRepository("publisher");
  former.publish(targetsOf(appOf("evil", "9"), "evil"), { version: 90 });
  await signed.until("it is settled", isSettled(signed));
  await signed.drive(signed.control.publish(await signed.upload(new Map([...signed.publisher.files(), ...[...former.files()].filter(([file]) => !file.includes("root"))])), appOf("evil", "9")));
  await signed.until("it is refused", refuses(signed));
  assert.deepEqual(await signed.refusals(), ["HOLON_SIGNATURE_UNMET"]);
  assert.ok(!signed.ran.includes("gateway-1 evil"));
});

test("`signatures: required` without a pinned root runs nothing", async () => {
  const signed = await SignedFleet.start({ isPinned: false, isRequired: true });
  await signed.drive(signed.control.deploy(appOf("one", "1")));
  await signed.until("it is refused", refuses(signed));
  assert.deepEqual([await signed.refusals(), signed.ran], [["HOLON_SIGNATURE_MISSING"], []]);
});

test("without a pinned root a node runs what it is given, as before", async () => {
  const signed = await SignedFleet.start({ isPinned: false });
  await signed.drive(signed.control.deploy(appOf("one", "1")));
  await signed.until("it runs", runs(signed, "one"));
  assert.equal(signed.status().signatures?.required, false);
});

/** Each run cuts elsewhere. */
const rotation = Number(process.env["HOLON_SIM_ROTATION"] ?? "0");

test("power cut while metadata are adopted: before and after each call, a verified release runs, and the new one in the end", async () => {
  const probe = await startWithOne();
  const before = probe.machine("gateway-1").identity.calls;
  await probe.release(appOf("two", "2"), "two");
  await probe.until("two runs", runs(probe, "two"));
  const calls = probe.machine("gateway-1").identity.calls - before;
  assert.ok(calls > 20, `${calls} calls`);
  for (let strike = 1 + 9 * (rotation % 3); strike <= calls; strike += 27) {
    for (const place of ["before", "after"] as const) {
      const signed = await startWithOne();
      const gateway = signed.machine("gateway-1");
      gateway.crashAtCall(gateway.identity.calls + strike, place, "power");
      await signed.release(appOf("two", "2"), "two");
      await signed.until("the power is cut, or it is done", () => !gateway.isOn || (runs(signed, "two")() && isSettled(signed)()));
      gateway.identity.hooks = {};
      signed.fleet.net.cut("gateway-1", "cloud");
      const starts = signed.ran.length;
      if (gateway.isOn) gateway.crash("power");
      gateway.start();
      await signed.until("alone, it runs what it had verified", () => signed.ran.slice(starts).some((started) => started.startsWith("gateway-1 ")));
      signed.fleet.net.healAll();
      await signed.until("it runs the new release", () => runs(signed, "two")() && isSettled(signed)());
    }
  }
});

test("a stolen node above: a policy that the control plane did not sign, or none in place of its own, decides nothing", async () => {
  const signed = await startWithOne();
  const own = "policy plant 1\npermit totals\n  who node *\n  does leave\n  class derived\n  from *\n  to *\npermit runs\n  who node * function *\n  does run open use\n  what *\n";
  await signed.drive(signed.control.adoptPolicy(own));
  const hash = (text: string): BlobHash => hashOf(new TextEncoder().encode(text));
  const inForce = (): string | undefined => signed.subject("gateway-1").policyInForce?.();
  await signed.until("it is in force", () => inForce() === hash(own));
  await signed.until("it is settled", isSettled(signed));
  const theirs = own.replace("policy plant 1", "policy plant 2").replace("  class derived\n", "  class derived aggregate\n");
  const asLong = own.replace("policy plant 1", "policy plant 2");
  for (const policy of [{ text: theirs, hash: hash(theirs) }, { text: asLong, hash: hash(asLong) }, undefined]) {
    await signed.forge("gateway-1", () => ({ policy }));
    await signed.until("it is refused", refuses(signed));
    assert.equal(signed.status().agent.problem?.code, "HOLON_SIGNATURE_MIXED");
    assert.equal(inForce(), hash(own));
  }
  // The hash is in the metadata for all to read; what stands beside it in the document is not.
  await signed.forge("gateway-1", () => ({ policy: { text: theirs, hash: hash(own) } }));
  await signed.until("a text of another hash is refused", () => /has the hash/.test(signed.status().agent.problem?.message ?? ""));
  assert.equal(inForce(), hash(own));
  await signed.forge("gateway-1", () => ({ policy: { text: own, hash: hash(own) } }));
  await signed.until("the true one is followed", isSettled(signed));
  await signed.forge("gateway-1", () => ({ apps: [], signatures: undefined, policy: { text: theirs, hash: hash(theirs) } }));
  await signed.until("it is refused without signatures", () => signed.status().agent.problem?.code === "HOLON_SIGNATURE_MISSING");
  signed.machine("gateway-1").crash("power", 100);
  await signed.until("it is up", () => signed.machine("gateway-1").subject !== undefined && refuses(signed)());
  assert.equal(inForce(), hash(own), "after a power cut too");
});

const ownPolicy = "policy plant 1\npermit totals\n  who node *\n  does leave\n  class derived\n  from *\n  to *\npermit runs\n  who node * function *\n  does run open use\n  what *\n";
const thiefsPolicy = ownPolicy.replace("policy plant 1", "policy plant 2").replace("  class derived\n", "  class derived aggregate\n");
const textHash = (text: string): BlobHash => hashOf(new TextEncoder().encode(text));
const inForce = (signed: SignedFleet, name = "gateway-1"): string | undefined => signed.subject(name).policyInForce?.();
const signaturesOf = (signed: SignedFleet, name: string): NonNullable<Desired["signatures"]> => {
  const { signatures } = desiredSchema.parse(JSON.parse(new TextDecoder().decode(signed.subject("cloud").log.cell(`desired/${name}`))));
  if (signatures === undefined) throw new Error(`${name} has no signatures`);
  return signatures;
};
/** As the control plane signs for a node that has had that many documents. */
async function signedFor(signed: SignedFleet, name: string, version: number, policy: string): Promise<SignatureFiles> {
  const targets = new Map([[directorTarget(name, policyTarget), { hash: textHash(policy), lengthBytes: policy.length }]]);
  return signed.upload(await signed.drive(createDirector("director").sign({ version, targets, nowMs: 0 })));
}

test("a stolen node above: what the control plane signed for a neighbour puts no policy in force, and leaves that of this node signed", async () => {
  const signed = await SignedFleet.start({ isDirectorPinned: true });
  await signed.release(appOf("one", "1"), "one");
  await signed.drive(signed.control.adoptPolicy(ownPolicy));
  for (const name of ["gateway-1", "gateway-2"]) await signed.until(`it is in force at ${name}`, () => runs(signed, "one", name)() && isSettled(signed, name)() && inForce(signed, name) === textHash(ownPolicy));
  const policy = { text: thiefsPolicy, hash: textHash(thiefsPolicy) };
  const neighbours = signaturesOf(signed, "gateway-2");
  const later = await signedFor(signed, "gateway-2", 40, thiefsPolicy);
  for (const director of [neighbours.director, later]) {
    await signed.forge("gateway-1", () => ({ policy, signatures: { images: neighbours.images, director } }));
    await signed.until("it is refused", refuses(signed));
    await signed.pass(5_000);
    assert.deepEqual(await signed.refusals(), ["HOLON_SIGNATURE_MISSING"]);
    assert.equal(inForce(signed), textHash(ownPolicy));
    signed.machine("gateway-1").crash("power", 100);
    await signed.until("it is up", () => signed.machine("gateway-1").subject !== undefined && refuses(signed)());
    assert.equal(inForce(signed), textHash(ownPolicy), "after a power cut too");
  }
  const next = ownPolicy.replace("policy plant 1", "policy plant 3");
  await signed.drive(signed.control.adoptPolicy(next));
  await signed.until("what the control plane signs next is followed", () => isSettled(signed)() && inForce(signed) === textHash(next));
});

test("a stolen node above: from the first document on, a policy that nobody signed for this node decides nothing", async () => {
  const policy = { text: thiefsPolicy, hash: textHash(thiefsPolicy) };
  for (const isNeighbours of [false, true]) {
    const signed = await SignedFleet.start({ isDirectorPinned: true });
    signed.fleet.net.cut("gateway-1", "cloud", { reset: true });
    await signed.drive(signed.control.adoptPolicy(ownPolicy));
    await signed.until("it is in force at the neighbour", () => inForce(signed, "gateway-2") === textHash(ownPolicy));
    await signed.forge("gateway-1", () => ({ policy, signatures: isNeighbours ? signaturesOf(signed, "gateway-2") : undefined }));
    signed.fleet.net.healAll();
    await signed.until("it is refused", refuses(signed));
    assert.deepEqual(await signed.refusals(), ["HOLON_SIGNATURE_MISSING"]);
    assert.equal(inForce(signed), undefined);
    signed.machine("gateway-1").crash("power", 100);
    await signed.until("it is up", () => signed.machine("gateway-1").subject !== undefined && refuses(signed)());
    assert.equal(inForce(signed), undefined, "after a power cut too");
  }
});

test("a stolen node above: rules of an app that nobody signed let nothing leave, from the first document on", async () => {
  const signed = await SignedFleet.start({ isDirectorPinned: true });
  await signed.drive(signed.control.deploy(appOf("evil", "1")));
  await signed.until("it is refused", refuses(signed));
  assert.deepEqual(await signed.refusals(), ["HOLON_SIGNATURE_MISSING"]);
  const gateway = signed.subject("gateway-1");
  const record = gateway.events?.record({ stream: "data", type: "sim.told", class: "derived", producer: "test", data: {} });
  if (record === undefined) throw new Error("the program makes events");
  await signed.drive(gateway.log.append({ records: [record] }));
  const above = async (): Promise<number> => (await signed.drive(signed.subject("cloud").log.read({ origin: gateway.log.origin, stream: "data" }, 1, { maxRecords: 1, maxBytes: 1 << 16 }))).length;
  await signed.pass(30_000);
  assert.equal(await above(), 0);
  await signed.release(appOf("one", "2"), "one");
  await signed.until("what was signed runs", runs(signed, "one"));
  await signed.pass(30_000);
  assert.equal(await above(), 1, "by the rule of an app that is signed it leaves");
});

test("wrong target: metadata of a neighbour that are far ahead, whole or in part, keep nothing out that the control plane signs for this node", async () => {
  for (const files of [undefined, ["timestamp.json"], ["timestamp.json", "40.snapshot.json"]]) {
    const signed = await startWithOne();
    const later = await signedFor(signed, "gateway-2", 40, ownPolicy);
    const director = Object.fromEntries(Object.entries(later).filter(([name]) => files === undefined || name === "1.root.json" || files.includes(name)));
    await signed.forge("gateway-1", () => ({ signatures: { images: signaturesOf(signed, "gateway-1").images, director } }));
    await isRefused(signed, "HOLON_SIGNATURE_MISSING");
    await signed.release(appOf("two", "2"), "two");
    await signed.until("the next release runs", () => runs(signed, "two")() && isSettled(signed)());
  }
});
