import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import { decodeFrame, encodeFrame, type FrameInput } from "@holon/core/link/frame.ts";
import type { Connection, Net } from "@holon/core/ports.ts";
import { desiredSchema } from "@holon/core/schema/desired.ts";
import { isBlobHash, type BlobHash } from "@holon/core/units.ts";
import { createCodec } from "@holon/sim/codec.ts";
import { nodeName, parentName, running, SimFamily } from "../testing/sim-family.ts";
import type { HolonNode } from "../node.ts";

const codec = createCodec();

const hashOf = (content: Uint8Array | string): BlobHash => {
  const hash = createHash("sha256").update(content).digest("hex");
  assert.ok(isBlobHash(hash));
  return hash;
};

/** A document for the child that needs a blob. */
async function issue(parent: HolonNode, child: string, code: BlobHash): Promise<void> {
  const functions = [{ name: "none", code, on: { type: "in.came" }, emits: {}, models: [] }];
  const document = desiredSchema.parse({ apiVersion: "holon/v1", kind: "Desired", node: child, version: 1, plan: "plan", apps: [{ name: "big", functions, models: [] }] });
  await parent.log.append({ cells: [{ key: `desired/${child}`, value: new TextEncoder().encode(JSON.stringify(document)) }] });
}

/** A net whose connections hear only the frames that `passes` lets through. */
const deaf = (net: Net, passes: (frame: Uint8Array) => boolean): Net => ({
  listen: (address, accepted) => net.listen(address, accepted),
  async connect(address, expected) {
    const connection = await net.connect(address, expected);
    return { ...bare(connection), receive: (handlers) => connection.receive({ closed: handlers.closed, frame: (bytes) => (passes(bytes) ? handlers.frame(bytes) : undefined) }) };
  },
});

const bare = (connection: Connection): Connection => ({
  peer: connection.peer,
  send: (frame) => connection.send(frame),
  queuedBytes: () => connection.queuedBytes(),
  traffic: () => connection.traffic(),
  receive: (handlers) => connection.receive(handlers),
  close: (reason) => connection.close(reason),
});

async function hasBlob(family: SimFamily, node: () => HolonNode | undefined, hash: BlobHash, boundMs: number): Promise<void> {
  let isThere = false;
  const look = (): boolean => {
    void node()?.blobs.has(hash).then((has) => (isThere = has));
    return isThere;
  };
  await family.until("the blob is here", look, boundMs);
}

const isChunk = (bytes: Uint8Array): boolean => {
  const frame = decodeFrame(bytes, codec);
  return frame.kind === "blob" && frame.header.op === "chunk";
};

test("a blob whose answer is lost on a link that stays open is asked for again, and after that the link is made anew", async () => {
  const family = new SimFamily();
  let connections = 0;
  const child = family.machine(nodeName("gateway-2"), { parent: `wss://${parentName}:7401` }, (net) => ({
    ...net,
    async connect(address, expected) {
      connections += 1;
      const isFirst = connections === 1;
      return deaf(net, (bytes) => !isFirst || !isChunk(bytes)).connect(address, expected);
    },
  }));
  family.parent.start();
  child.start();
  await family.until("they are linked", () => child.subject?.status().uplink?.state === "open");
  const hash = await family.world.drive(family.parentNode.blobs.put(new TextEncoder().encode("export default 1;")));
  await family.world.drive(issue(family.parentNode, "gateway-2", hash));
  await hasBlob(family, () => child.subject, hash, 30 * 60_000);
  assert.equal(connections, 2);
  assert.ok(family.sent("gateway-2", "blob", "want").length >= limits.blobAsksMax);
});

test("a parent that waits for a blob itself says so: the link to it stays", async () => {
  const family = new SimFamily();
  const grandparent = family.machine(nodeName("cloud-1"), { listen: "cloud-1:7401" });
  const parent = family.machine(nodeName("edge-2"), { listen: "edge-2:7401", parent: "wss://cloud-1:7401" });
  const child = family.machine(nodeName("gateway-2"), { parent: "wss://edge-2:7401" });
  grandparent.start();
  parent.start();
  child.start();
  await family.until("all are linked", () => child.subject?.status().uplink?.state === "open" && parent.subject?.status().uplink?.state === "open");
  const hash = await family.world.drive(running(grandparent).blobs.put(new TextEncoder().encode("export default 2;")));
  running(parent).cutUplink();
  await family.world.drive(issue(running(parent), "gateway-2", hash));
  const offers = (): number => family.sent("gateway-2", "stream", "offer").length;
  const before = offers();
  await family.pass(3_600_000);
  assert.equal(offers(), before, "the link was made anew though its parent is not to blame");
  const asked = family.sent("gateway-2", "blob", "want").length;
  assert.ok(asked <= 3_600_000 / limits.blobAnswerMs, `asked ${asked} times in an hour`);
  running(parent).healUplink();
  await hasBlob(family, () => child.subject, hash, 120_000);
});

/** Somebody who connects to a node under a name of its own, says what it likes, and what it is told. */
async function stranger(family: SimFamily, to: string): Promise<{ readonly connection: Connection; readonly heard: ReturnType<typeof decodeFrame>[] }> {
  const heard: ReturnType<typeof decodeFrame>[] = [];
  const { promise, resolve } = Promise.withResolvers<Connection>();
  const machine = family.machine(nodeName("stranger"), { parent: `wss://${to}:7401` }, (net) => ({
    ...net,
    async connect(address, expected) {
      const connection = await net.connect(address, expected);
      connection.receive({ frame: (bytes) => void heard.push(decodeFrame(bytes, codec)), closed: () => undefined });
      resolve(connection);
      return { ...bare(connection), send: () => undefined, receive: () => undefined };
    },
  }));
  machine.start();
  return { connection: await family.world.drive(promise), heard };
}

/** A node that takes children and whose own parent is not there, so that what is wanted of it stays wanted. */
async function orphan(family: SimFamily): Promise<HolonNode> {
  const machine = family.machine(nodeName("edge-2"), { listen: "edge-2:7401", parent: "wss://nowhere:7401" });
  machine.start();
  await family.until("it is up", () => machine.subject !== undefined);
  return running(machine);
}

test("a child that wants what nobody has cannot make its parent's table grow: beyond the bound it is told to come back, with a code", async () => {
  const family = new SimFamily();
  const middle = await orphan(family);
  const { connection, heard } = await stranger(family, "edge-2");
  for (let index = 0; index < 300; index++) {
    const want: FrameInput = { kind: "blob", header: { op: "want", hash: hashOf(`nobody has ${index}`), offset: 0 } };
    connection.send(encodeFrame(want, codec));
  }
  await family.pass(10_000);
  assert.equal(middle.status().blobsWanted, limits.blobWantsOfPeerMax);
  const told = heard.filter((frame) => frame.kind === "blob" && frame.header.op === "later" && frame.header.code === "HOLON_BLOB_BUSY");
  assert.equal(told.length, 300 - limits.blobWantsOfPeerMax);
  connection.close("enough");
  await family.pass(1_000);
  assert.equal(middle.status().blobsWanted, 0, "who is gone wants nothing");
});

test("only who was asked can say that a blob is missing, or what is in it", async () => {
  const family = new SimFamily();
  const middle = await orphan(family);
  const { connection } = await stranger(family, "edge-2");
  const hash = hashOf("wanted from above");
  await family.world.drive(issue(middle, "edge-2", hash));
  await family.until("it wants it", () => middle.status().agent.state === "fetching");
  const answers: readonly FrameInput[] = [
    { kind: "blob", header: { op: "chunk", hash, offset: 0, sizeBytes: 6 }, payload: new Uint8Array(3) },
    { kind: "blob", header: { op: "chunk", hash, offset: 0, sizeBytes: 3 }, payload: new Uint8Array(3) },
    { kind: "blob", header: { op: "later", hash, code: "HOLON_BLOB_BUSY", retryAfterMs: 0 } },
    { kind: "blob", header: { op: "missing", hash } },
  ];
  for (const answer of answers) {
    connection.send(encodeFrame(answer, codec));
    await family.pass(100); // before it would be asked for anew
    assert.deepEqual([middle.status().agent.state, middle.status().agent.problem, middle.status().blobsWanted, await family.world.drive(middle.blobs.partBytes(hash))], ["fetching", undefined, 1, 0], JSON.stringify(answer.header));
  }
});

test("what a parent sends that nobody asked it for is not kept", async () => {
  const family = new SimFamily();
  const accepted: Connection[] = [];
  const parent = family.machine(nodeName("cloud-1"), { listen: "cloud-1:7401" }, (net) => ({ ...net, connect: (address, expected) => net.connect(address, expected), listen: (address, take) => net.listen(address, (connection) => (accepted.push(connection), take(connection))) }));
  const child = family.machine(nodeName("edge-2"), { parent: "wss://cloud-1:7401" });
  for (const machine of [parent, child]) machine.start();
  await family.until("they are linked", () => child.subject?.status().uplink?.state === "open");
  const content = new TextEncoder().encode("nobody asked for it");
  const hash = hashOf(content);
  accepted.at(-1)?.send(encodeFrame({ kind: "blob", header: { op: "chunk", hash, offset: 0, sizeBytes: content.length }, payload: content }, codec));
  await family.pass(1_000);
  assert.deepEqual([await family.world.drive(running(child).blobs.has(hash)), child.subject?.status().uplink?.state], [false, "open"]);
});

test("a blob goes through a node between, to all who wait for it", async () => {
  const family = new SimFamily();
  const cloud = family.machine(nodeName("cloud-1"), { listen: "cloud-1:7401" });
  const edge = family.machine(nodeName("edge-2"), { listen: "edge-2:7401", parent: "wss://cloud-1:7401" });
  const children = ["gateway-2", "gateway-3"].map((name) => family.machine(nodeName(name), { parent: "wss://edge-2:7401" }));
  for (const machine of [cloud, edge, ...children]) machine.start();
  await family.until("all are linked", () => children.every((machine) => machine.subject?.status().uplink?.state === "open"));
  const content = new TextEncoder().encode(`export default 3; // ${"x".repeat(700_000)}`);
  const hash = await family.world.drive(running(cloud).blobs.put(content));
  for (const { name } of children) await family.world.drive(issue(running(edge), name, hash));
  for (const machine of children) {
    await hasBlob(family, () => machine.subject, hash, 120_000);
    assert.deepEqual(Buffer.from(await family.world.drive(running(machine).blobs.read(hash))), Buffer.from(content));
  }
  assert.equal(running(edge).status().blobsWanted, 0);
});

test("a node between whose disk is full says what keeps the blob from coming, asks again, and has it when there is room", async () => {
  const family = new SimFamily();
  const edge = family.machine(nodeName("edge-2"), { listen: "edge-2:7401", parent: `wss://${parentName}:7401` });
  const child = family.machine(nodeName("gateway-2"), { parent: "wss://edge-2:7401" });
  for (const machine of [family.parent, edge, child]) machine.start();
  await family.until("all are linked", () => child.subject?.status().uplink?.state === "open" && edge.subject?.status().uplink?.state === "open");
  const content = new TextEncoder().encode(`export default 4; // ${"x".repeat(700_000)}`);
  const hash = await family.world.drive(family.parentNode.blobs.put(content));
  const problems = (): readonly (string | undefined)[] => [edge, child].map((machine) => running(machine).status().agent.problem?.code);
  const { capacityBytes } = edge.medium;
  edge.medium.capacityBytes = edge.medium.usedBytes + 300_000;
  await family.world.drive(issue(running(edge), "gateway-2", hash));
  await family.until("the edge says that its disk is full", () => problems()[0] === "HOLON_DISK_FULL");
  await family.pass(60_000);
  assert.deepEqual([problems(), running(child).status().agent.state], [["HOLON_DISK_FULL", undefined], "fetching"]);
  edge.medium.capacityBytes = capacityBytes;
  await hasBlob(family, () => child.subject, hash, 120_000);
  assert.deepEqual([problems()[0], edge.subject?.status().blobsWanted], [undefined, 0]);
});

test("whoever stands above is given no blob, and nobody what a unit fitted: it is in the trail", async () => {
  const family = new SimFamily();
  const accepted: Connection[] = [];
  const parent = family.machine(nodeName("cloud-1"), { listen: "cloud-1:7401" }, (net) => ({ ...net, connect: (address, expected) => net.connect(address, expected), listen: (address, take) => net.listen(address, (connection) => (accepted.push(connection), take(connection))) }));
  const middle = family.machine(nodeName("edge-2"), { listen: "edge-2:7401", parent: "wss://cloud-1:7401" });
  for (const machine of [parent, middle]) machine.start();
  await family.until("they are linked", () => middle.subject?.status().uplink?.state === "open");
  const { blobs, log } = running(middle);
  const code = await family.world.drive(blobs.put(new TextEncoder().encode("code of somebody else's app")));
  const fitted = await family.world.drive(blobs.own.put(new TextEncoder().encode("what a unit learned")));
  const ask = (connection: Connection | undefined, hash: BlobHash): void => connection?.send(encodeFrame({ kind: "blob", header: { op: "want", hash, offset: 0 } }, codec));
  for (const hash of [code, fitted]) ask(accepted.at(-1), hash);
  await family.until("both are answered", () => family.sent("edge-2", "blob", "missing").length === 2);
  const { connection, heard } = await stranger(family, "edge-2");
  for (const hash of [code, fitted]) ask(connection, hash);
  await family.until("both are answered below", () => heard.filter(({ kind, header }) => kind === "blob" && (header.op === "chunk" || header.op === "missing")).length === 2);
  assert.deepEqual(family.sent("edge-2", "blob", "chunk").map(({ to, frame }) => [to, "hash" in frame.header ? frame.header.hash : ""]), [["stranger", code]]);
  const audit = await family.world.drive(log.find({ accepts: ({ stream }) => stream === "audit", type: "holon.link.refused", limit: 10 }));
  assert.deepEqual(audit.map(({ event }) => [Reflect.get(event.data as object, "code"), Reflect.get(event.data as object, "proved")]), [["HOLON_CALL_DENIED", "cloud-1"]]);
});
