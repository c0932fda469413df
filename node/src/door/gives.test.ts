import assert from "node:assert/strict";
import { test } from "node:test";
import { createClock } from "@holon/platform/clock.ts";
import { createTrace } from "@holon/platform/trace.ts";
import { storedEventPrefix } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { mqttSourceSchema } from "@holon/core/schema/app.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import { createEvents, type EventInput } from "../event/events.ts";
import { openTempLog, record, tempFolder } from "../testing/temp-log.ts";
import { openGives } from "./gives.ts";

const spec = mqttSourceSchema.parse({ kind: "mqtt", name: "devices", type: "in.came", gives: [{ type: "valve.set", topic: "valve/{subject}/set" }] });
const events = createEvents({ name: "gateway-1", jurisdiction: "EU" }, createClock());
const event = (stream: NewRecord["stream"], type: string, subject: string, n: number): NewRecord =>
  record(stream, `${new TextDecoder().decode(storedEventPrefix(type))}"subject":${JSON.stringify(subject)},"data":{"n":${n}}}`);

test("what is committed of the named types from then on is given once, in order, on a topic with its subject, from whatever stream", async (context) => {
  const log = await openTempLog(tempFolder(context));
  context.after(() => log.close());
  await log.append({ records: [event("local", "valve.set", "1", 0)] });
  const given: string[] = [];
  let told: () => void = () => undefined;
  const gives = openGives(spec, { log, events, trace: createTrace({ name: "gateway-1", level: "error", output: process.stderr }) }, (topic, payload) => {
    given.push(`${topic} ${new TextDecoder().decode(payload)}`);
    told();
    return 1;
  });
  log.onCommit(({ lanes }) => gives.committed(lanes));
  const all = new Promise<void>((resolve) => (told = () => (given.length === 4 ? resolve() : undefined)));
  await log.append({ records: [event("local", "valve.set", "1", 1), event("local", "valve.seen", "1", 2), record("local", "no event")] });
  await Promise.all([log.append({ records: [event("local", "valve.set", "2", 3)] }), log.append({ records: [event("local", "valve.set", "$&", 4)] })]);
  await log.append({ records: [event("alarm", "valve.set", "1", 5)] });
  await all;
  assert.deepEqual(given, [`valve/1/set {"n":1}`, `valve/2/set {"n":3}`, `valve/$&/set {"n":4}`, `valve/1/set {"n":5}`]);
  gives.close();
});

test("what is given at once is given when it is made, before it is stored, and not again when it is", async (context) => {
  const log = await openTempLog(tempFolder(context));
  context.after(() => log.close());
  const both = mqttSourceSchema.parse({ kind: "mqtt", name: "devices", type: "in.came", gives: [{ type: "valve.set", topic: "valve/set", atOnce: true }, { type: "valve.log", topic: "valve/log" }] });
  const given: string[] = [];
  let told: () => void = () => undefined;
  const gives = openGives(both, { log, events, trace: createTrace({ name: "gateway-1", level: "error", output: process.stderr }) }, (topic, payload) => {
    given.push(`${topic} ${new TextDecoder().decode(payload)}`);
    if (topic === "valve/log") told();
    return 1;
  });
  log.onCommit(({ lanes }) => gives.committed(lanes));
  const made = [event("local", "valve.set", "1", 1), event("local", "valve.log", "1", 2)];
  const input = (type: string, data: unknown): EventInput => ({ stream: "local", class: "raw", producer: "app/judge", type, subject: "1", data });
  gives.made([input("valve.set", { n: 1 }), input("valve.log", { n: 2 })]);
  assert.deepEqual(given, [`valve/set {"n":1}`]);
  const longest = "x".repeat(limits.recordBytesMax - events.record(input("valve.set", "")).bytes.length);
  assert.equal(gives.made([input("valve.set", longest)]), 1, "as long as a record may be");
  given.length = 1;
  assert.equal(gives.made([input("valve.set", `${longest}x`), input("valve.set", 1n), { ...input("valve.set", 1), timeMs: 9e15 }, input("valve.set", "x".repeat(limits.recordBytesMax))]), 0, "no record will hold it");
  const logged = new Promise<void>((resolve) => (told = resolve));
  await log.append({ records: made });
  await logged;
  assert.deepEqual(given, [`valve/set {"n":1}`, `valve/log {"n":2}`]);
  gives.close();
});
