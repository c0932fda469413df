/** What others lose when a node comes back, each by the name under which their users report it: the real node and control plane in virtual time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "@holon/core/limits.ts";
import type { Lane } from "@holon/core/log/log.ts";
import { appendCounts, childName, parentName, running, SimFamily, textsOf } from "@holon/node/testing/sim-family.ts";
import { DiskNames } from "./disk/names.ts";
import { appOf, SignedFleet } from "./testing/signed-fleet.ts";

const hourMs = 3_600_000;
const data: Lane = { origin: childName, stream: "data" };
const starts = (signed: SignedFleet, word: string) => signed.ran.filter((line) => line === `gateway-1 ${word}`).length;
const isLinked = (signed: SignedFleet) => () => signed.machine("gateway-1").subject !== undefined && signed.status().uplink?.state === "open";

async function withOne(): Promise<SignedFleet> {
  const signed = await SignedFleet.start();
  await signed.release(appOf("one", "1"), "one");
  await signed.until("it runs what was signed", () => starts(signed, "one") > 0 && signed.status().agent.state === "settled");
  return signed;
}

test("KubeEdge #4048 #3941, Nomad #12680 #15483: reconnecting restarts no function, whoever restarted meanwhile", async () => {
  const signed = await withOne();
  /** A function that is built anew counts from the beginning. */
  const seen: { readonly handled: number; readonly state: string; readonly restarts: number }[] = [];
  const look = (): void => {
    seen.push(...signed.status().agent.units.map(({ handled, state, restarts }) => ({ handled, state, restarts })));
    signed.world.after(1_000, look);
  };
  look();
  for (const reset of [true, false]) {
    signed.fleet.net.cut("gateway-1", "cloud", { reset });
    await signed.pass(120_000);
    if (reset) signed.machine("cloud").crash("power", 1_000);
    signed.fleet.net.heal("gateway-1", "cloud");
    await signed.until("it is linked again", isLinked(signed), hourMs);
    await signed.pass(20_000);
  }
  assert.ok(seen.length > 200 && (seen.at(-1)?.handled ?? 0) > 100, `${seen.length} looks`);
  assert.deepEqual(seen.filter(({ state, restarts }) => state !== "running" || restarts > 0), []);
  assert.deepEqual(seen.filter(({ handled }, index) => handled < (seen[index - 1]?.handled ?? 0)), [], "it began anew");
});

test("ThingsBoard Edge #57, ThingsBoard #8165: a document that is issued while the parent takes a dead link for an open one still arrives", async () => {
  const signed = await withOne();
  signed.fleet.net.cut("gateway-1", "cloud"); // nobody is told
  const children = signed.subject("cloud").status?.().children ?? [];
  assert.ok(children.some(({ node }) => node === "gateway-1"), "the cloud holds it for connected");
  await signed.release(appOf("two", "2"), "two");
  await signed.pass(2_000);
  assert.equal(starts(signed, "two"), 0);
  signed.fleet.net.heal("gateway-1", "cloud");
  await signed.until("it runs what was issued meanwhile", () => starts(signed, "two") > 0 && signed.status().agent.state === "settled", hourMs);
  assert.equal(starts(signed, "two"), 1);
});

test("OpenYurt #260: when a node is back its log says whether it had crashed or was only cut off", async () => {
  const family = new SimFamily();
  await family.start();
  const epochAtParent = () => family.parentNode.log.head(data)?.epoch;
  const write = async (): Promise<void> => {
    await family.world.drive(appendCounts(family.childNode, 3));
    await family.until("it arrives", () => family.parentNode.log.head(data)?.hash === family.childNode.log.head(data)?.hash);
  };
  await write();
  const epoch = epochAtParent();
  family.net.cut(childName, parentName);
  await family.pass(600_000);
  family.net.heal(childName, parentName);
  await write();
  assert.equal(epochAtParent(), epoch, "cut off: the same epoch goes on");
  family.child.crash("power", 600_000);
  await family.pass(700_000);
  await write();
  assert.notEqual(epochAtParent(), epoch, "crashed: a new epoch");
  const texts = await family.world.drive(textsOf(family.parentNode, data));
  assert.equal(texts.filter((text) => text.includes("holon.log.opened")).length, 2, texts.slice(0, 2).join("\n"));
});

test("NATS #6206: a parent whose log was made anew is sent everything again, and nothing stalls", async () => {
  const family = new SimFamily();
  await family.start();
  await family.world.drive(appendCounts(family.childNode, 30));
  const isWhole = () => family.parent.subject?.log.head(data)?.hash === family.childNode.log.head(data)?.hash;
  await family.until("all is at the parent", isWhole);
  const before = await family.world.drive(textsOf(family.parentNode, data));
  family.parent.crash("power");
  family.parent.medium.restore(new DiskNames());
  family.parent.start();
  await family.until("all of it is there again", isWhole);
  await family.world.drive(appendCounts(family.childNode, 3));
  await family.until("and what is new", isWhole);
  assert.deepEqual((await family.world.drive(textsOf(family.parentNode, data))).slice(0, before.length), before);
});

test("NanoMQ #1980: a backlog of as many records as three months make drains at the line's rate, and an alarm raised then passes all of it", async () => {
  const family = new SimFamily(3);
  await family.start();
  family.net.cut(childName, parentName, { reset: true });
  const days = 90;
  const perDay = 300;
  for (let day = 0; day < days; day++) {
    const records = Array.from({ length: perDay }, (_, index) => family.childNode.events.record({ stream: "data", type: "test.count", class: "public", producer: "test", data: { day, index, text: "x".repeat(200) } }));
    await family.world.drive(family.childNode.log.append({ records }));
    await family.pass(60_000);
  }
  const backlog = family.childNode.log.head(data)?.sequence ?? 0;
  assert.ok(backlog >= days * perDay);
  family.net.heal(childName, parentName);
  await family.until("it is linked", () => family.isLinked(), hourMs);
  const linkedMs = family.world.nowMs;
  const alarms: Lane = { origin: childName, stream: "alarm" };
  await family.world.drive(family.childNode.log.append({ records: [family.childNode.events.record({ stream: "alarm", type: "test.alarm", class: "public", producer: "test", data: {} })] }));
  await family.until("the alarm is at the parent", () => family.parentNode.log.head(alarms)?.hash === running(family.child).log.head(alarms)?.hash, hourMs);
  const waiting = backlog - (family.parentNode.log.head(data)?.sequence ?? 0);
  assert.ok(waiting > backlog / 2, `the alarm passed only ${waiting} of ${backlog} records`);
  assert.ok(family.world.nowMs - linkedMs < 2_000, `the alarm took ${family.world.nowMs - linkedMs} ms`);
  await family.until("all is at the parent", () => family.parentNode.log.head(data)?.hash === family.childNode.log.head(data)?.hash, hourMs);
  const drainedMs = family.world.nowMs - linkedMs;
  assert.ok(drainedMs < 60_000, `${backlog} records took ${drainedMs} ms`);
  assert.ok(limits.reconnectMaxMs < 15 * 60_000, "after months a node tries as often as after a minute");
});
