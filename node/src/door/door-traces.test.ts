import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import type { Door, DoorSink, Reading } from "@holon/core/ports.ts";
import { sourceSpecSchema, tracingSchema } from "@holon/core/schema/app.ts";
import type { StoredEvent, StreamName } from "@holon/core/schema/event.ts";
import { spanDataSchema, spanType, type SpanData } from "@holon/core/telemetry/span.ts";
import { parseTraceparent } from "@holon/core/telemetry/trace-context.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createRandom } from "@holon/platform/random.ts";
import { createEvents } from "../event/events.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { openSource } from "./sources.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const device = "00f067aa0ba902b7";

async function openDoor(context: TestContext, { share = 0, perSecond = 10, class: own = "public", isThinned, release, permits = false }: { readonly release?: object; readonly permits?: boolean; readonly share?: number; readonly perSecond?: number; readonly class?: string; readonly isThinned?: (traceId: string) => boolean } = {}) {
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  context.after(() => log.close());
  let sink: DoorSink | undefined;
  const door: Door = {
    open: (_, given) => {
      sink = given;
      return Promise.resolve({ address: undefined, close: () => Promise.resolve() });
    },
  };
  const clock = createClock();
  const spec = sourceSpecSchema.parse({ kind: "mqtt", name: "pumps", type: "pump.reading", class: own });
  const source = await openSource(spec, { app: "watch", log, events: createEvents({ name: "gateway-1", jurisdiction: "EU" }, clock), guard: { mayExport: () => true, stays: () => undefined, lowered: (unit, from, into, { kind }) => (permits && unit === "watch/pumps" && kind === "release" ? into : from) }, door, clock, random: createRandom(), trace: { note: () => undefined }, tracing: tracingSchema.parse({ share, spansPerSecondMax: perSecond, release }), isThinned });
  context.after(() => source.close());
  const read = async (stream: StreamName, type: string): Promise<readonly (StoredEvent & { readonly id: string })[]> =>
    (await log.read({ origin: log.origin, stream }, 1, { maxRecords: 10_000, maxBytes: 64 << 20 })).slice(1).map((record) => ({ ...parseStoredEvent(record.bytes, "test"), id: `gateway-1/${record.epoch}/${stream}/${record.sequence}` })).filter((event) => event.type === type);
  return {
    accept: (...readings: readonly Partial<Reading>[]) => sink?.accept(readings.map((reading) => ({ type: "pump.reading", subject: "valve1", timeMs: undefined, data: { flow: "secret-flow" }, ...reading })), undefined),
    readings: () => read("local", "pump.reading"),
    async spans(stream: StreamName = "telemetry"): Promise<readonly SpanData[]> {
      await log.append({ cells: [{ key: "behind", value: new Uint8Array(1) }] }); // what was told is stored before this
      return (await read(stream, spanType)).map(({ data }) => spanDataSchema.parse(data));
    },
  };
}

test("what a device says of its trace is followed: the span of the door has the device's as parent, and the event carries the door's", async (context) => {
  const door = await openDoor(context);
  await door.accept({ traceparent: `00-${trace}-${device}-01` }, {}, { traceparent: `00-${trace}-${device}-00` }, { traceparent: "none" });
  const [followed, plain, unsampled, bad] = await door.readings();
  const [span, ...more] = await door.spans();
  assert.equal(more.length, 0);
  assert.deepEqual([span?.traceId, span?.parentSpanId, span?.name, span?.kind], [trace, device, "door watch/pumps", "SPAN_KIND_SERVER"]);
  assert.deepEqual(parseTraceparent(followed?.traceparent), { traceId: trace, spanId: span?.spanId, sampled: true });
  assert.deepEqual([plain?.traceparent, unsampled?.traceparent, bad?.traceparent], [undefined, `00-${trace}-${device}-00`, undefined]);
  assert.equal(span?.attributes["cloudevents.event_id"], followed?.id);
  assert.ok(BigInt(span?.endTimeUnixNano ?? 0) >= BigInt(span?.startTimeUnixNano ?? 1));
  assert.ok(!JSON.stringify(span).includes("secret-flow") && !JSON.stringify(span).includes("valve1"));
});

test("the app says for which share a trace begins at the door, and how many are written", async (context) => {
  const door = await openDoor(context, { share: 0.25, perSecond: 1_000 });
  await door.accept(...Array.from({ length: 400 }, () => ({})));
  const sampled = (await door.readings()).flatMap(({ traceparent }) => parseTraceparent(traceparent) ?? []);
  assert.ok(sampled.length > 50 && sampled.length < 150, String(sampled.length));
  assert.deepEqual((await door.spans()).map(({ traceId, spanId }) => [traceId, spanId]), sampled.map(({ traceId, spanId }) => [traceId, spanId]));
});

test("without room for its own span the way goes on from the device's, and how many it was is told", async (context) => {
  const door = await openDoor(context, { perSecond: 1 });
  const sent = { traceparent: `00-${trace}-${device}-01` };
  await door.accept(sent, sent, sent);
  assert.deepEqual((await door.readings()).slice(1).map(({ traceparent }) => traceparent), [sent.traceparent, sent.traceparent]);
  const [span, ...more] = await door.spans();
  assert.deepEqual([more.length, span?.attributes["holon.spans_dropped"]], [0, 2]);
});

for (const own of ["raw", "personal", "derived", "aggregate"]) test(`ids that a device sends with what is ${own} stand nowhere: the trace begins anew`, async (context) => {
  const door = await openDoor(context, { class: own });
  await door.accept({ traceparent: `00-${trace}-${device}-01` }, { traceparent: `00-${trace}-${device}-00` });
  const [followed, unsampled] = await door.readings();
  const [span] = await door.spans();
  assert.deepEqual([span?.parentSpanId, unsampled?.traceparent], [undefined, undefined]);
  assert.deepEqual(parseTraceparent(followed?.traceparent), { traceId: span?.traceId, spanId: span?.spanId, sampled: true });
  assert.ok(!JSON.stringify([followed, span]).includes(trace) && !JSON.stringify([followed, span]).includes(device));
});

test("what may be thinned in a long outage is followed all the same, and its step waits in local", async (context) => {
  const other = trace.replace(/^4/, "5");
  const door = await openDoor(context, { share: 1, isThinned: (traceId) => traceId !== other });
  await door.accept({ traceparent: `00-${trace}-${device}-01` }, { traceparent: `00-${other}-${device}-01` }, {});
  assert.deepEqual((await door.readings()).map(({ traceparent }) => traceparent?.slice(0, 35)).slice(0, 2), [`00-${trace}`, `00-${other}`]);
  assert.deepEqual((await door.readings()).map(({ traceparent }) => parseTraceparent(traceparent)?.sampled), [true, true, true]);
  assert.deepEqual((await door.spans()).map(({ traceId }) => traceId), [other]);
  const [first, last] = await door.spans("local");
  assert.deepEqual([first?.traceId, first?.parentSpanId, last?.parentSpanId], [trace, device, undefined]);
});

test("ids of a device that reads what is raw are taken by the author's word, where the policy lets it count; a person's never", async (context) => {
  const release = { because: "they are drawn by chance" };
  for (const [given, taken] of [[{ class: "raw", release, permits: true }, true], [{ class: "raw", release }, false], [{ class: "raw", permits: true }, false], [{ class: "personal", release, permits: true }, false]] as const) {
    const door = await openDoor(context, given);
    await door.accept({ traceparent: `00-${trace}-${device}-01` });
    const [span] = await door.spans();
    assert.deepEqual([span?.traceId === trace, span?.parentSpanId], [taken, taken ? device : undefined], JSON.stringify(given));
  }
});
