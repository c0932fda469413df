import assert from "node:assert/strict";
import { test } from "node:test";
import type { Wanted } from "@holon/core/diagnosis/ask.ts";
import { HolonError, type ErrorCode } from "@holon/core/errors.ts";
import { createRandom } from "@holon/platform/random.ts";
import { ClockHardware, createClock } from "@holon/sim/clock.ts";
import { createCodec } from "@holon/sim/codec.ts";
import { Incarnation } from "@holon/sim/incarnation.ts";
import { childName, parentName, SimFamily } from "../testing/sim-family.ts";
import { integrity } from "../testing/temp-log.ts";
import { createDesk } from "./desk.ts";

const by = { principal: "token machine", role: "machine", at: parentName };

/** A desk over the log of a real node, whose child writes a record a second and answers every question with that error. */
async function bed(code: ErrorCode) {
  const family = new SimFamily();
  await family.start();
  const { world, parentNode, childNode } = family;
  const asked: number[] = [];
  const { log, events } = parentNode;
  const clock = createClock(new Incarnation(world, { name: childName, number: 9, calls: 0, hooks: {} }), new ClockHardware(world), 0);
  const call = (): Promise<unknown> => {
    asked.push(world.nowMs);
    return Promise.reject(new HolonError(code, "it does not work"));
  };
  const desk = createDesk({ self: parentName, log, events, calls: { ...parentNode.calls, call }, handlers: new Map(), ports: { clock, random: createRandom(), codec: createCodec(), crypto: integrity, trace: { note: () => undefined } } });
  async function pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      void childNode.log.append({ records: [childNode.events.record({ stream: "data", type: "x.y", class: "public", producer: "test", data: { second } })] });
      await family.pass(1_000);
    }
  }
  const { id } = await world.drive(desk.request(childName, { kind: "report" }, by, 86_400_000));
  return { desk, asked, pass, id, family };
}

const gaps = (times: readonly number[]): readonly number[] => times.slice(1).map((time, at) => time - (times[at] ?? 0));

test("a node that is there and fails is asked ever more rarely, however much it has to say", async () => {
  const { desk, asked, pass } = await bed("HOLON_FRAME_BAD");
  await pass(200);
  assert.ok(asked.length >= 4 && asked.length <= 8, `${asked.length} times in 200 s: ${gaps(asked).join()}`);
  desk.close();
});

test("a node that gives no answer is asked again when something comes of it, and not at every record", async () => {
  const { desk, asked, pass } = await bed("HOLON_NODE_UNKNOWN");
  await pass(60);
  assert.ok(asked.length >= 8 && Math.min(...gaps(asked)) >= 4_900, gaps(asked).join());
  desk.close();
});

test("a request that is denied before it was begun ends, and says why", async () => {
  const { desk, asked, pass, id, family } = await bed("HOLON_CALL_DENIED");
  await family.world.drive(desk.settled(id, 30_000));
  const result = desk.result(id);
  assert.deepEqual([result?.ok, result?.ok === false && result.error.code], [false, "HOLON_CALL_DENIED"]);
  await pass(30);
  assert.equal(asked.length, 1);
  desk.close();
});

test("the same that one person asks again while it still waits is the one that waits; another person, another question or a longer wait is another", async () => {
  const { desk, id, family } = await bed("HOLON_NODE_UNKNOWN");
  const [dayMs, since] = [86_400_000, (hour: number) => `2026-01-01T0${hour}:00:00.000Z`];
  const ask = async (wanted: Wanted, who = by, forMs = dayMs): Promise<string> => (await family.world.drive(desk.request(childName, wanted, who, forMs))).id;
  assert.equal(await ask({ kind: "report" }), id);
  assert.notEqual(await ask({ kind: "report" }, { ...by, principal: "person vera" }), id);
  assert.notEqual(await ask({ kind: "report" }, by, 2 * dayMs), id);
  const logs = await ask({ kind: "logs", level: "info", limit: 200, since: since(1) });
  assert.equal(await ask({ kind: "logs", level: "info", limit: 200, since: since(2) }), logs, "what is asked for reaches further back");
  assert.notEqual(await ask({ kind: "logs", level: "info", limit: 200, since: since(0) }), logs);
  assert.notEqual(await ask({ kind: "logs", level: "warn", limit: 200, since: since(1) }), logs);
  const greet = await ask({ kind: "exec", command: "greet", arguments: { who: "moon", why: "night" } });
  assert.equal(await ask({ kind: "exec", command: "greet", arguments: { why: "night", who: "moon" } }), greet);
  assert.equal(desk.requests().length, 7);
  const told = (await family.world.drive(family.parentNode.log.find({ accepts: ({ stream }) => stream === "audit", type: "holon.diagnosis.asked", limit: 100 }))).map(({ event }) => JSON.stringify(event.data));
  assert.ok(told.some((data) => data.includes('"command":"greet","arguments":["who","why"]')), told.join());
  assert.ok(!told.join().includes("moon"), "the words of a command are in no event that leaves");
  await family.world.drive(desk.cancel(greet, by));
  assert.notEqual(await ask({ kind: "exec", command: "greet", arguments: { who: "moon", why: "night" } }), greet, "that one waits no more");
  desk.close();
});
