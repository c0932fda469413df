import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeStoredEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { appDocumentSchema, type AppDocument } from "@holon/core/schema/app.ts";
import type { Desired } from "@holon/core/schema/desired.ts";
import { counterValue } from "@holon/core/shared/counter.ts";
import type { SharedOperation } from "@holon/core/shared/operation.ts";
import { printShared } from "@holon/core/shared/state.ts";
import { keepDesired } from "../desired/documents.ts";
import type { HolonNode } from "../node.ts";
import { childName, nodeName, running, SimFamily } from "../testing/sim-family.ts";

const app: AppDocument = appDocumentSchema.parse({
  name: "line",
  functions: [],
  models: [],
  egress: [{ class: "derived", to: "*" }],
  shared: [
    { name: "made", kind: "counter", class: "derived" },
    { name: "mode", kind: "register", class: "derived" },
    { name: "open", kind: "set", class: "derived" },
    { name: "secret", kind: "register", class: "personal" },
    { name: "held", kind: "register", class: "aggregate" },
  ],
});
const at = { key: "" };
const add = (amount: number, key = ""): SharedOperation => ({ op: "count", name: "made", key, amount });
const write = (name: string, value: unknown): SharedOperation => ({ op: "write", name, ...at, text: JSON.stringify(value) });

async function deploy(node: HolonNode, version = 1, document = app): Promise<void> {
  const desired: Desired = { apiVersion: "holon/v1", kind: "Desired", node: node.config.name, version, plan: "plan", apps: [document] };
  await keepDesired(node.log, nodeName(node.config.name), new TextEncoder().encode(JSON.stringify(desired)));
}

const textsOf = (node: HolonNode): Record<string, string> => Object.fromEntries(node.shared.entries().map(({ id, text }) => [id, text]).sort());
const made = (node: HolonNode, key = ""): number => {
  const state = node.shared.entry(`line/counter/made/${key}`)?.state;
  return state?.kind === "counter" ? counterValue(state) : 0;
};

async function family(seed: number): Promise<SimFamily> {
  const all = new SimFamily(seed);
  await all.start();
  await all.world.drive(deploy(all.childNode));
  return all;
}

test("what a child changes is at its parent soon, and what the parent changes is at the child within a minute or so", async () => {
  const all = await family(1);
  await all.world.drive(all.childNode.shared.apply(app, [add(3), write("mode", "day")]));
  await all.until("the parent has it", () => made(all.parentNode) === 3, 5_000);
  await all.world.drive(all.parentNode.shared.apply(app, [add(4)]));
  await all.until("the child has it", () => made(all.childNode) === 7, 90_000);
  assert.deepEqual(textsOf(all.childNode), textsOf(all.parentNode));
});

test("once both are equal, nothing of it crosses but a question a minute", async () => {
  const all = await family(2);
  await all.world.drive(all.childNode.shared.apply(app, [add(3), write("mode", "x".repeat(5_000))]));
  await all.until("the parent has it", () => made(all.parentNode) === 3, 5_000);
  await all.pass(120_000);
  const from = all.frames.length;
  await all.pass(3_600_000);
  const calls = all.frames.slice(from).filter(({ frame }) => frame.kind === "call" && frame.header.op === "request");
  assert.ok(calls.length >= 40 && calls.length <= 90, `${calls.length} questions in an hour`);
  for (const { frame } of calls) assert.ok(frame.payload.length < 200, `a question of ${frame.payload.length} bytes`);
});

test("a power cut loses nothing that was acknowledged, and a change that was not acknowledged counts once", async () => {
  const all = await family(3);
  all.parent.crash("power", 100_000);
  for (let index = 0; index < 5; index++) {
    await all.world.drive(all.childNode.shared.apply(app, [add(1)]));
    all.child.crash("power", 10);
    await all.until("the child is up", () => all.child.subject !== undefined);
  }
  assert.equal(made(all.childNode), 5);
  await all.until("the parent has it", () => all.parent.subject !== undefined && made(all.parentNode) === 5, 300_000);
});

test("a node that is put back from a backup writes in another slot, and gets back what had left it", async () => {
  const all = await family(4);
  await all.world.drive(all.childNode.shared.apply(app, [add(10)]));
  const backup = all.child.medium.names.copy();
  await all.world.drive(all.childNode.shared.apply(app, [add(5)]));
  await all.until("the parent has it", () => made(all.parentNode) === 15);
  all.child.crash("power");
  all.child.medium.restore(backup);
  all.child.start();
  await all.until("the child is up", () => all.child.subject !== undefined);
  await all.world.drive(all.childNode.shared.apply(app, [add(2)]));
  await all.until("both are equal", () => made(all.parentNode) === 17 && made(all.childNode) === 17);
});

test("two machines from one disk count beside each other", async () => {
  const all = await family(5);
  await all.world.drive(all.childNode.shared.apply(app, [add(10)]));
  const twin = all.machine(childName, { parent: "wss://edge-1:7401" });
  twin.medium.restore(all.child.medium.names.copy());
  twin.start();
  await all.until("the twin is up", () => twin.subject !== undefined);
  twin.crash("process", 10); // in this world the first openings of two machines of one name draw the same epoch
  await all.until("the twin is up again", () => twin.subject !== undefined);
  await all.world.drive(all.childNode.shared.apply(app, [add(1)]));
  await all.world.drive(running(twin).shared.apply(app, [add(2)]));
  await all.until("the parent has both", () => made(all.parentNode) === 13);
  await all.until("all are equal", () => made(all.childNode) === 13 && made(running(twin)) === 13, 300_000);
});

test("a parent that is put back from a backup is told again what it had confirmed", async () => {
  const all = await family(6);
  await all.world.drive(all.childNode.shared.apply(app, [add(10)]));
  await all.until("the parent has it", () => made(all.parentNode) === 10);
  const backup = all.parent.medium.names.copy();
  await all.world.drive(all.childNode.shared.apply(app, [add(5), write("mode", "night")]));
  await all.until("the parent has it", () => made(all.parentNode) === 15);
  all.parent.crash("power");
  all.parent.medium.restore(backup);
  all.parent.start();
  await all.until("the parent has it again", () => all.parent.subject !== undefined && made(all.parentNode) === 15, 300_000);
  await all.until("both are equal", () => JSON.stringify(textsOf(all.childNode)) === JSON.stringify(textsOf(all.parentNode)), 300_000);
});

test("what no rule lets leave stays, what is personal stays whatever the rules say, and each decision is on record", async () => {
  const all = await family(7);
  await all.world.drive(all.childNode.shared.apply(app, [add(1), write("secret", "planted secret"), write("held", "planted aggregate")]));
  await all.until("the parent has what may leave", () => made(all.parentNode) === 1);
  await all.pass(200_000);
  assert.deepEqual(Object.keys(textsOf(all.parentNode)), ["line/counter/made/"]);
  for (const { frame } of all.frames) assert.ok(!new TextDecoder().decode(frame.payload).includes("planted"));
  const records = await all.world.drive(all.childNode.log.read({ origin: childName, stream: "audit" }, 1, { maxRecords: 1_000, maxBytes: 1 << 20 }));
  const decisions = records.map((record) => decodeStoredEvent(record.bytes)).filter(({ type }) => type === "holon.policy.decision.opened");
  const said = decisions.map(({ data }) => JSON.stringify(data)).filter((text) => text.includes("shared/"));
  assert.equal(said.filter((text) => text.includes('"allow":false') && text.includes("shared/line/secret") && text.includes("base/raw-stays")).length, 1);
  assert.equal(said.filter((text) => text.includes('"allow":false') && text.includes("shared/line/held") && text.includes("lets node gateway-1 share")).length, 1);
  assert.equal(said.filter((text) => text.includes('"allow":true') && text.includes("shared/line/made")).length, 1);
  // A new document with a rule for it.
  await all.world.drive(deploy(all.childNode, 2, { ...app, egress: [...app.egress, { class: "aggregate", to: "*" }] }));
  await all.until("the aggregate leaves", () => all.parentNode.shared.entry("line/register/held/") !== undefined, 10_000);
});

test("more than one call takes goes in many, and goes on after the link broke in the middle", async () => {
  const all = await family(8);
  all.net.cut("gateway-1", "edge-1", { reset: true });
  const text = "x".repeat(8_000);
  for (let index = 0; index < 200; index++) await all.world.drive(all.childNode.shared.apply(app, [{ op: "include", name: "open", key: `k${index}`, text: JSON.stringify(`${index}${text}`) }]));
  all.net.heal("gateway-1", "edge-1");
  await all.until("some of it is there", () => all.parentNode.shared.entries().length > 10);
  all.net.cut("gateway-1", "edge-1", { reset: true });
  await all.pass(10_000);
  all.net.heal("gateway-1", "edge-1");
  await all.until("all of it is there", () => all.parentNode.shared.entries().length === 200, 300_000);
  assert.deepEqual(textsOf(all.childNode), textsOf(all.parentNode));
  const largest = Math.max(...all.frames.map(({ frame }) => frame.payload.length));
  assert.ok(largest <= limits.sharedCallBytesMax + 4_096, `a frame of ${largest} bytes`);
  // A child with an empty disk gets it in as many.
  const fresh = all.machine(nodeName("gateway-2"), { parent: "wss://edge-1:7401" });
  fresh.start();
  await all.until("it is up", () => fresh.subject !== undefined);
  await all.world.drive(deploy(running(fresh)));
  await all.until("it has all", () => running(fresh).shared.entries().length === 200, 300_000);
});

test("a change that the disk refused has not happened", async () => {
  const all = await family(9);
  all.child.medium.faults.failing = true;
  await assert.rejects(all.world.drive(all.childNode.shared.apply(app, [add(1)])));
  assert.equal(made(all.childNode), 0);
});

test("what is not declared, and more than fits, is refused with a code", async () => {
  const all = await family(10);
  const { shared } = all.childNode;
  await assert.rejects(all.world.drive(shared.apply(app, [{ op: "count", name: "mode", key: "", amount: 1 }])), { code: "HOLON_SHARED_BAD" });
  await assert.rejects(all.world.drive(shared.apply(app, [{ op: "count", name: "other", key: "", amount: 1 }])), { code: "HOLON_SHARED_BAD" });
  const many = Array.from({ length: 10 }, (_, index): SharedOperation => ({ op: "include", name: "open", key: "", text: JSON.stringify(`${index}${"x".repeat(8_000)}`) }));
  await assert.rejects(all.world.drive(shared.apply(app, many)), { code: "HOLON_SHARED_FULL" });
  assert.equal(shared.entries().length, 0);
});

test("rubbish from another node is refused with a code and changes nothing", async () => {
  const all = await family(11);
  const send = (entries: unknown): Promise<unknown> => all.world.drive(all.childNode.calls.call(nodeName("edge-1"), "shared.exchange", { generation: null, apps: [], entries }, 10_000));
  await assert.rejects(send([["line/counter/made/", "personal", "[]"]]), { code: "HOLON_FRAME_BAD" });
  await assert.rejects(send([["line/counter/made/", "derived", `[["x",1,1]]`]]), { code: "HOLON_SHARED_BAD" });
  await assert.rejects(send([["nothing", "derived", "[]"]]), { code: "HOLON_SHARED_BAD" });
  assert.equal(all.parentNode.shared.entries().length, 0);
});

test("what stands on the disk is what was printed", async () => {
  const all = await family(12);
  await all.world.drive(all.childNode.shared.apply(app, [add(1), { op: "include", name: "open", key: "k", text: `"a"` }, { op: "exclude", name: "open", key: "k", text: `"b"`, seen: [] }]));
  for (const { state, text } of all.childNode.shared.entries()) assert.equal(printShared(state), text);
  const before = textsOf(all.childNode);
  all.child.crash("process", 10);
  await all.until("the child is up", () => all.child.subject !== undefined);
  assert.deepEqual(textsOf(all.childNode), before);
});
