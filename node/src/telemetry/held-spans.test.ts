import assert from "node:assert/strict";
import { test } from "node:test";
import { spanDataSchema } from "@holon/core/telemetry/span.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createEvents } from "../event/events.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createHeldSpans } from "./held-spans.ts";
import { spanRecord } from "./spans.ts";

const hourMs = 3_600_000;
const startMs = Date.parse("2026-01-02T00:00:00.000Z");

test("of what waits the last hour of an outage goes up whole and once, with its own times, also where the node ends in the midst of it", async (context) => {
  const folder = tempFolder(context);
  let nowMs = startMs;
  const clock = { ...createClock(), wall: () => ({ ms: nowMs, state: "synced" as const }) };
  const events = createEvents({ name: "gateway-1", jurisdiction: "EU" }, clock);
  let log = await openTempLog(folder, { name: "gateway-1" });
  const step = (index: number, waits: boolean) => spanRecord(events, "app/judge", { span: { traceId: "4b".repeat(16), spanId: index.toString(16).padStart(16, "a") }, parent: undefined, name: `step ${index}`, kind: "CONSUMER", startMs: nowMs, endMs: nowMs + 1, attributes: {}, waits });
  // Three hours, one step every ten seconds.
  for (let index = 0; index < 1_080; ) {
    const records = Array.from({ length: 60 }, () => {
      const one = step(index, index >= 360);
      nowMs += 10_000;
      index += 1;
      return one;
    });
    await log.append({ records });
  }
  const endMs = nowMs;
  const told = async (): Promise<readonly string[]> => (await log.find({ accepts: ({ stream }) => stream === "telemetry", type: "holon.trace.span", limit: 5_000 })).toSorted((a, b) => a.record.sequence - b.record.sequence).map(({ event }) => spanDataSchema.parse(event.data).name);
  const open = (fails: number) => {
    let appends = 0;
    const failing = new Proxy(log, { get: (target, key) => (key === "append" && (appends += 1) > fails ? () => Promise.reject(new Error("the power went")) : Reflect.get(target, key, target).bind?.(target) ?? Reflect.get(target, key, target)) });
    return createHeldSpans({ log: failing, events, ports: { clock, trace: { note: () => undefined } }, fullMs: hourMs });
  };
  await open(3).ended();
  const before = (await told()).length;
  assert.ok(before > 360 && before < 720, String(before));
  await log.close();
  log = await openTempLog(folder, { name: "gateway-1" });
  nowMs = endMs + 5 * hourMs; // the node was off
  await open(Infinity).resumed();
  await open(Infinity).ended();
  const closed = open(Infinity);
  await closed.close();
  await closed.ended();
  const names = await told();
  assert.equal(new Set(names).size, names.length, "none twice");
  assert.deepEqual(names, [...Array.from({ length: 360 }, (_, index) => `step ${index}`), ...Array.from({ length: 360 }, (_, index) => `step ${720 + index}`)]);
  const [last] = (await log.find({ accepts: ({ stream }) => stream === "telemetry", type: "holon.trace.span", limit: 1 })).slice(-1);
  assert.deepEqual([last?.event.source, last?.event.time, spanDataSchema.parse(last?.event.data).startTimeUnixNano], ["/gateway-1/app/judge", new Date(endMs - 10_000).toISOString(), String(BigInt(endMs - 10_000) * 1_000_000n)]);
  await log.close();
});
