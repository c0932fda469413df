import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { Lane } from "@holon/core/log/log.ts";
import { desiredSchema } from "@holon/core/schema/desired.ts";
import { isBlobHash, type BlobHash } from "@holon/core/units.ts";
import { appendCounts, childName, parentName, running, SimFamily, textsOf } from "../testing/sim-family.ts";
import type { HolonNode } from "../node.ts";

const childData: Lane = { origin: childName, stream: "data" };
const encoder = new TextEncoder();

/** What control would issue: a document for the child, as a cell of the parent. */
async function issue(parent: HolonNode, version: number, code?: BlobHash): Promise<void> {
  const functions = code === undefined ? [] : [{ name: "none", code, on: { type: "in.came" }, emits: {}, models: [] }];
  const apps = code === undefined ? [] : [{ name: "big", functions, models: [] }];
  const document = desiredSchema.parse({ apiVersion: "holon/v1", kind: "Desired", node: childName, version, plan: "plan", apps });
  await parent.log.append({ cells: [{ key: `desired/${childName}`, value: encoder.encode(JSON.stringify(document)) }] });
}

const heldVersion = (node: HolonNode): number => {
  const cell = node.log.cell(`desired/${childName}`);
  return cell === undefined ? 0 : desiredSchema.parse(JSON.parse(new TextDecoder().decode(cell))).version;
};

test("what a child writes is at its parent, byte for byte, once, whatever happens to the link on the way", async () => {
  const family = new SimFamily();
  await family.start();
  for (let round = 0; round < 12; round++) {
    await family.world.drive(appendCounts(family.childNode, 20));
    if (round % 3 === 0) family.net.cut(childName, parentName, { reset: round % 2 === 0 });
    if (round % 3 === 1) family.net.heal(childName, parentName);
    if (round % 4 === 3) family.parent.crash("process", 300);
    if (round % 5 === 4) family.child.crash("power", 300);
    await family.until("both run", () => family.parent.subject !== undefined && family.child.subject !== undefined);
  }
  family.net.healAll();
  await family.until("all of it is at the parent", () => family.parentNode.log.head(childData)?.hash === family.childNode.log.head(childData)?.hash);
  const [own, theirs] = await family.world.drive(Promise.all([textsOf(family.childNode, childData), textsOf(family.parentNode, childData)]));
  assert.ok(own.length > 200);
  assert.deepEqual(theirs, own);
});

test("the newest document wins: a child that was away gets only that one, and never goes back", async () => {
  const family = new SimFamily();
  await family.start();
  await family.world.drive(issue(family.parentNode, 3));
  await family.until("version 3 is at the child", () => heldVersion(family.childNode) === 3);
  family.childNode.cutUplink();
  for (const version of [4, 5, 6, 7]) await family.world.drive(issue(family.parentNode, version));
  const before = family.sent(parentName, "desired", "document").length;
  family.childNode.healUplink();
  await family.until("version 7 is at the child", () => heldVersion(family.childNode) === 7);
  assert.equal(family.sent(parentName, "desired", "document").length, before + 1);
  await family.until("the child says so", () => family.sent(childName, "desired", "have").some(({ frame }) => frame.kind === "desired" && frame.header.version === 7));
  await family.world.drive(issue(family.parentNode, 5));
  await family.pass(5_000);
  assert.equal(heldVersion(family.childNode), 7);
});

test("a document is kept over a restart and runs with no link at all", async () => {
  const family = new SimFamily();
  await family.start();
  await family.world.drive(issue(family.parentNode, 9));
  await family.until("it has settled", () => family.childNode.status().agent.state === "settled");
  family.parent.crash("power");
  family.child.crash("power", 100);
  await family.until("the child is up alone", () => family.child.subject?.status().agent.state === "settled");
  assert.equal(family.childNode.status().agent.version, 9);
  assert.notEqual(family.childNode.status().uplink?.state, "open");
});

test("a blob goes on where it stopped when the connection broke, and after a restart of the child", async () => {
  const family = new SimFamily();
  await family.start();
  const content = encoder.encode(`export default 1; /* ${"0123456789abcdef".repeat(400_000)} */`);
  const hash = createHash("sha256").update(content).digest("hex");
  assert.ok(isBlobHash(hash));
  await family.world.drive(family.parentNode.blobs.put(content));
  await family.world.drive(issue(family.parentNode, 1, hash));
  const chunks = (): number => family.sent(parentName, "blob", "chunk").length;
  const whole = Math.ceil(content.length / limits.blobChunkBytes);
  await family.until("a part has come", () => chunks() >= 5);
  family.net.cut(childName, parentName, { reset: true });
  await family.pass(2_000);
  family.net.healAll();
  await family.until("more has come", () => chunks() >= 12);
  family.child.crash("process", 200);
  await family.until("the child is up again", () => family.child.subject !== undefined);
  let isThere = false;
  await family.until("it is whole", () => {
    void family.child.subject?.blobs.has(hash).then((has) => (isThere = has));
    return isThere;
  });
  assert.ok(whole > 20);
  assert.ok(chunks() <= whole + 6, `${chunks()} chunks for ${whole}`);
  assert.deepEqual(Buffer.from(await family.world.drive(family.childNode.blobs.read(hash))), Buffer.from(content));
});

test("a blob that nobody above has is said to be missing, and the document is refused, not forgotten", async () => {
  const family = new SimFamily();
  await family.start();
  const hash = "0".repeat(64);
  assert.ok(isBlobHash(hash));
  await family.world.drive(issue(family.parentNode, 2, hash));
  await family.until("it is refused", () => family.childNode.status().agent.state === "refused");
  assert.equal(family.childNode.status().agent.problem?.code, "HOLON_BLOB_MISSING");
  assert.equal(heldVersion(family.childNode), 2);
});

test("a call is answered, by whoever it is for; a method or a node that there is not is said", async () => {
  const family = new SimFamily();
  await family.start();
  const { world, childNode, parentNode } = family;
  childNode.handlers.set("double", (value, from) => Promise.resolve({ twice: 2 * Number(value), from }));
  parentNode.handlers.set("fail", () => Promise.reject(new Error("no")));
  assert.deepEqual(await world.drive(parentNode.calls.call(childName, "double", 21, 5_000)), { twice: 42, from: parentName });
  await assert.rejects(world.drive(parentNode.calls.call(childName, "triple", 1, 5_000)), { code: "HOLON_CALL_UNKNOWN", message: /gateway-1.*triple/ });
  await assert.rejects(world.drive(childNode.calls.call(parentName, "fail", 1, 5_000)), { code: "HOLON_INTERNAL", message: "no" });
  for (const node of [parentNode, childNode]) {
    const nobody = running(family.child).calls === node.calls ? "gateway-9" : "edge-9";
    await assert.rejects(world.drive(node.calls.call(nobody as typeof childName, "double", 1, 5_000)), { code: "HOLON_NODE_UNKNOWN", message: new RegExp(nobody) });
  }
});

test("a call that nobody answers ends at its deadline, one over a link that breaks at once, one over a cut link before it is sent", async () => {
  const family = new SimFamily();
  await family.start();
  const { world, childNode, parentNode } = family;
  parentNode.handlers.set("think", () => new Promise(() => undefined));
  const startMs = world.nowMs;
  await assert.rejects(world.drive(childNode.calls.call(parentName, "think", null, 3_000)), { code: "HOLON_CALL_TIMEOUT", message: /edge-1.*think.*3000 ms/ });
  assert.equal(Math.round(world.nowMs - startMs), 3_000);
  const broken = assert.rejects(childNode.calls.call(parentName, "think", null, 60_000), { code: "HOLON_LINK_UNREACHABLE" });
  await family.pass(100);
  childNode.cutUplink();
  await world.drive(broken);
  assert.ok(world.nowMs - startMs < 10_000);
  await assert.rejects(world.drive(childNode.calls.call(parentName, "think", null, 1_000)), { code: "HOLON_NODE_UNKNOWN" });
});

test("a peer that vanished without a word is found out by its silence, and found again when it is back", async () => {
  const family = new SimFamily();
  await family.start();
  await family.pass(20_000);
  assert.ok(family.isLinked(), "silence that is answered is none");
  family.parent.crash("power");
  const cutMs = family.world.nowMs;
  await family.until("the child has noticed", () => !family.isLinked());
  const noticedMs = family.world.nowMs - cutMs;
  assert.ok(noticedMs <= limits.linkSilenceMs + limits.linkPingMs, `${noticedMs} ms`);
  family.parent.start();
  await family.until("they are linked again", () => family.isLinked());
});

test("a way that is open in one direction only does not pass for a link", async () => {
  const family = new SimFamily();
  await family.start();
  family.net.cutOneWay(parentName, childName);
  await family.until("the child has noticed", () => !family.isLinked());
  family.net.healAll();
  await family.until("they are linked again", () => family.isLinked());
});

test("cut and healed in quick turns, a link ends open and stays", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const family = new SimFamily(seed);
    await family.start();
    for (let turn = 0; turn < 8; turn++) {
      family.childNode.cutUplink();
      await family.pass(family.world.random.between(0, 3)); // shorter than a connection takes to be made
      family.childNode.healUplink();
      await family.pass(family.world.random.between(0, 40));
    }
    await family.until("it is open", () => family.isLinked());
    await family.pass(10_000);
    const offers = family.sent(childName, "stream", "offer").length;
    await family.pass(60_000);
    assert.ok(family.isLinked());
    assert.equal(family.sent(childName, "stream", "offer").length, offers, `seed ${seed}: it is made again and again`);
    assert.equal(family.parentNode.status().children.length, 1);
  }
});

test("a connection that comes after its try was cut is let go: the one made since stays", async () => {
  const family = new SimFamily();
  family.parent.start();
  await family.until("the parent is up", () => family.parent.subject !== undefined);
  const ready: (() => void)[] = [];
  const late = family.machine(childName, { parent: `wss://${parentName}:7401` }, (net) => ({
    ...net,
    async connect(address) {
      const connection = await net.connect(address);
      await new Promise<void>((resolve) => ready.push(resolve));
      return connection;
    },
  }));
  late.start();
  await family.until("the first connection is made, and not yet handed over", () => ready.length === 1);
  running(late).cutUplink();
  running(late).healUplink();
  await family.until("the second too", () => ready.length === 2);
  for (const handOver of ready.reverse()) handOver();
  await family.until("it is linked", () => running(late).status().uplink?.state === "open");
  await family.pass(60_000);
  assert.deepEqual([ready.length, family.sent(childName, "stream", "offer").length], [2, 1]);
  assert.equal(running(late).status().uplink?.state, "open");
});

test("a node of another history is kept beside the first, told on both sides, and nothing of it is merged", async () => {
  const family = new SimFamily();
  await family.start();
  await family.world.drive(appendCounts(family.childNode, 10));
  await family.until("all is at the parent", () => family.childNode.status().uplink?.backlog === 0);
  await family.world.drive(family.child.close());
  const before = await family.world.drive(textsOf(family.parentNode, childData));

  const clone = family.machine(childName, { parent: `wss://${parentName}:7401` });
  clone.start();
  await family.until("the clone is linked", () => clone.subject?.status().uplink?.state === "open");
  await family.world.drive(appendCounts(running(clone), 30));
  const dataBranch = () => running(clone).status().uplink?.branches.find(({ lane }) => lane === `${childName}/data`)?.branch ?? "";
  const head = () => running(clone).log.head(childData)?.hash;
  await family.until("all of it is in a branch", () => family.parentNode.log.heads().get(dataBranch())?.mark.hash === head());
  assert.deepEqual(await family.world.drive(textsOf(family.parentNode, childData)), before);
  await family.pass(10_000); // what is told of a branch is written beside it
  for (const log of [{ node: running(clone), origin: childName }, { node: family.parentNode, origin: parentName }]) {
    const alarms = await family.world.drive(textsOf(log.node, { origin: log.origin, stream: "alarm" }));
    assert.ok(alarms.some((text) => text.includes("holon.link.fork") && text.includes(dataBranch())), alarms.join("\n"));
  }
  assert.deepEqual(running(clone).status().uplink?.held, []);

  const branch = dataBranch();
  clone.crash("process", 100);
  await family.until("it is linked again", () => clone.subject?.status().uplink?.state === "open");
  await family.world.drive(appendCounts(running(clone), 3));
  await family.until("it goes on in the same branch", () => family.parentNode.log.heads().get(branch)?.mark.hash === head());
  assert.equal([...family.parentNode.log.heads().keys()].filter((lane) => lane.endsWith("/data") && lane.includes("~")).length, 1);
});

/** A copy of the child's disk from when it was off; the child has gone on since, all of which is at the parent. */
async function withColdCopy() {
  const family = new SimFamily();
  await family.start();
  const isMarked = () => family.child.subject?.status().uplink?.backlog === 0 && family.parentNode.log.head(childData)?.hash === family.childNode.log.head(childData)?.hash;
  await family.world.drive(appendCounts(family.childNode, 10));
  await family.until("all is at the parent", isMarked);
  await family.world.drive(family.child.close());
  const copy = family.child.medium.names.copy();
  family.child.start();
  await family.until("it is up again", () => family.child.subject !== undefined);
  const had = family.childNode.log.head(childData)?.sequence ?? 0;
  await family.world.drive(appendCounts(family.childNode, 10));
  await family.until("the rest too", isMarked);
  return { family, copy, had, last: family.childNode.log.head(childData)?.sequence ?? 0 };
}

/** What a node told of the lane's other history. */
async function forkTold(family: SimFamily, node: HolonNode): Promise<{ readonly kind: unknown; readonly code: unknown; readonly message: string }> {
  const told = async () => (await family.world.drive(textsOf(node, { origin: childName, stream: "alarm" }))).find((text) => text.includes("holon.link.fork") && text.includes(`"lane":"${childName}/data"`));
  for (let tries = 0; tries < 60 && (await told()) === undefined; tries++) await family.pass(1_000);
  const text = (await told()) ?? "{}";
  const { data } = JSON.parse(text.slice(text.indexOf("{")));
  return { kind: data?.kind, code: data?.code, message: String(data?.message) };
}

test("a cold backup put back, of an epoch that the parent knows the end of, is told as restored, with what is gone", async () => {
  const { family, copy, had, last } = await withColdCopy();
  family.child.crash("power");
  family.child.medium.restore(copy);
  family.child.start();
  await family.until("it is up again", () => family.child.subject !== undefined);
  await family.world.drive(appendCounts(family.childNode, 3));
  const told = await forkTold(family, family.childNode);
  assert.deepEqual([told.kind, told.code], ["restored", "HOLON_LOG_ENDS_EARLY"]);
  assert.ok(told.message.includes(`the parent has records ${had + 1} to ${last}`), told.message);
});

test("a second machine from a cold copy, beside the first, is told as cloned: nothing of its log ends early", async () => {
  const { family, copy } = await withColdCopy();
  const clone = family.machine(childName, { parent: `wss://${parentName}:7401` });
  clone.medium.restore(copy);
  clone.start();
  await family.until("the clone is up", () => clone.subject !== undefined);
  await family.world.drive(appendCounts(running(clone), 3));
  const told = await forkTold(family, running(clone));
  assert.deepEqual([told.kind, told.code], ["cloned", "HOLON_LINK_FORK"]);
});

test("a parent put back from a backup is sent the rest again, and its child tells of it", async () => {
  const family = new SimFamily();
  await family.start();
  await family.world.drive(appendCounts(family.childNode, 10));
  const arrived = () => family.parent.subject?.log.head(childData)?.hash === family.childNode.log.head(childData)?.hash;
  await family.until("all is at the parent", arrived);
  const had = family.parentNode.log.head(childData)?.sequence;
  const backup = family.parent.medium.names.copy();
  await family.world.drive(appendCounts(family.childNode, 10));
  await family.until("the rest too", () => arrived() && family.childNode.status().uplink?.backlog === 0);
  family.parent.crash("power");
  family.parent.medium.restore(backup);
  family.parent.start();
  await family.until("all of it is at the parent again", () => family.parent.subject !== undefined && arrived());
  assert.ok((had ?? 0) < (family.childNode.log.head(childData)?.sequence ?? 0));
  const alarms = await family.world.drive(textsOf(family.childNode, { origin: childName, stream: "alarm" }));
  assert.ok(alarms.some((text) => text.includes("holon.link.rewound") && text.includes(`"lane":"${childName}/data","had":21,"has":${had}`)), alarms.join("\n"));
  assert.deepEqual(family.childNode.status().uplink?.branches, []);
});

test("two of one name are connected at a time while both answer, and what is dead is not kept for it", async () => {
  const family = new SimFamily();
  await family.start();
  const clone = family.machine(childName, { parent: `wss://${parentName}:7401` });
  clone.start();
  await family.until("the clone is linked", () => clone.subject?.status().uplink?.state === "open");
  const offers = family.sent(childName, "stream", "offer").filter(({ frame }) => frame.kind === "stream" && frame.header.op === "offer" && frame.header.lanes.length > 1).length;
  await family.pass(60_000);
  assert.equal(family.parentNode.status().children.length, 2);
  assert.equal(family.sent(childName, "stream", "offer").filter(({ frame }) => frame.kind === "stream" && frame.header.op === "offer" && frame.header.lanes.length > 1).length, offers, "neither connected again");
});

test("what the stream local holds, and what is raw, is never offered and never sent", async () => {
  const family = new SimFamily();
  await family.start();
  const { childNode, world } = family;
  const record = (stream: "local" | "data", dataClass: "raw" | "derived") => childNode.events.record({ stream, type: "test.secret", class: dataClass, producer: "test", data: "hush" });
  await world.drive(childNode.log.append({ records: [record("local", "raw"), record("data", "raw")] }));
  await family.pass(10_000);
  for (const { frame } of family.frames) {
    assert.ok(!Buffer.from(frame.payload).includes("hush"));
    if (frame.kind === "stream" && frame.header.op === "offer") assert.ok(frame.header.lanes.every(([lane]) => !lane.endsWith("/local")));
  }
  const audit = await world.drive(textsOf(childNode, { origin: childName, stream: "audit" }));
  assert.ok(audit.some((text) => text.includes("holon.policy.decision.opened") && text.includes('"allow":false') && text.includes("base/raw-stays")));
});
