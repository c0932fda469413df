import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJson, decodeProtobuf, encodeJson, encodeProtobuf, type OtlpMessage } from "@holon/core/telemetry/otlp/encoding.ts";
import { telemetrySettingsSchema } from "@holon/core/telemetry/settings.ts";
import { createClock } from "@holon/platform/clock.ts";
import { createEvents } from "../event/events.ts";
import { openTempLog, tempFolder } from "../testing/temp-log.ts";
import { createOtlpIn } from "./otlp-in.ts";

const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
const times = { startTimeUnixNano: "1767225600000000000", endTimeUnixNano: "1767225600001000000" };
const request = (spans: readonly OtlpMessage[]): OtlpMessage => ({ resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ scope: { name: "test" }, spans: [...spans] }] }] });
const good = (name: string): OtlpMessage => ({ traceId, spanId, name, ...times });

for (const [contentType, encode, decode] of [
  ["application/json", encodeJson, (body: Uint8Array) => decodeJson("TracesResponse", body)],
  ["application/x-protobuf", (message: OtlpMessage) => encodeProtobuf("TracesRequest", message), (body: Uint8Array) => decodeProtobuf("TracesResponse", body)],
] as const) {
  test(`a span whose id is none is rejected by itself, and told so (${contentType})`, async (context) => {
    const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
    const events = createEvents({ name: "gateway-1", jurisdiction: "EU/DE" }, createClock());
    const otlp = createOtlpIn({ settings: telemetrySettingsSchema.parse({ otlp: { traces: "public" } }), log, events, guard: { mayExport: () => true, stays: () => undefined } });
    const bad = [{ ...good("short"), traceId: traceId.slice(4) }, { ...good("zeros"), spanId: "0".repeat(16) }, { ...good("parent"), parentSpanId: "abcd" }, ...(contentType === "application/json" ? [{ ...good("odd"), spanId: "abc" }, { ...good("no hex"), traceId: "x".repeat(32) }] : [])];
    const { body } = await otlp.take("traces", contentType, encode(request([good("one"), ...bad, good("two")])));
    const partial = decode(body)["partialSuccess"] as OtlpMessage;
    assert.equal(partial["rejectedSpans"], String(bad.length));
    assert.match(String(partial["errorMessage"]), /the traceId of a Span is not of 16 bytes; the spanId of a Span is all zeros; the parentSpanId of a Span is not of 8 bytes/);
    const kept = await log.find({ accepts: ({ stream }) => stream === "telemetry", type: "holon.otlp.traces", limit: 10 });
    const names = [...JSON.stringify(kept.map(({ event }) => event.data)).matchAll(/"name":"([^"]+)","startTime/g)].map(([, name]) => name);
    assert.deepEqual(names, ["one", "two"]);
    const whole = await otlp.take("traces", contentType, encode(request([good("three")])));
    assert.deepEqual(decode(whole.body), {});
    await log.close();
  });
}

test("a field that is none costs its item alone; what is wrong around the items, all", async (context) => {
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const events = createEvents({ name: "gateway-1", jurisdiction: "EU/DE" }, createClock());
  const otlp = createOtlpIn({ settings: telemetrySettingsSchema.parse({ otlp: { traces: "public", metrics: "public" } }), log, events, guard: { mayExport: () => true, stays: () => undefined } });
  const take = async (signal: "traces" | "metrics", body: unknown): Promise<unknown> => JSON.parse(new TextDecoder().decode((await otlp.take(signal, "application/json", new TextEncoder().encode(JSON.stringify(body)))).body));
  assert.deepEqual(await take("traces", request([good("one"), { ...good("early"), startTimeUnixNano: "-5" }, { ...good("late"), endTimeUnixNano: "18446744073709551616" }, good("two")])), { partialSuccess: { rejectedSpans: "2", errorMessage: "an item is no OTLP: startTimeUnixNano is no fixed64; an item is no OTLP: endTimeUnixNano is no fixed64" } });
  const kept = await log.find({ accepts: ({ stream }) => stream === "telemetry", type: "holon.otlp.traces", limit: 10 });
  assert.deepEqual([...JSON.stringify(kept.map(({ event }) => event.data)).matchAll(/"name":"(one|two|early|late)"/g)].map(([, name]) => name), ["one", "two"]);
  const point = { timeUnixNano: "1767225600000000000", asDouble: 1 };
  const metric = (name: string, ...dataPoints: readonly unknown[]) => ({ name, sum: null, gauge: { dataPoints } });
  assert.deepEqual(await take("metrics", { resourceMetrics: [{ scopeMetrics: [{ metrics: [metric("bad", point, { ...point, timeUnixNano: "-5" }), metric("good", point)] }] }] }), { partialSuccess: { rejectedDataPoints: "2", errorMessage: "an item is no OTLP: timeUnixNano is no fixed64" } });
  await assert.rejects(take("traces", { resourceSpans: [{ resource: 7, scopeSpans: [{ spans: [good("one"), { ...good("early"), startTimeUnixNano: "-5" }] }] }] }), { code: "HOLON_ARGUMENT_BAD" });
  await assert.rejects(take("traces", { resourceSpans: 7 }), { code: "HOLON_ARGUMENT_BAD" });
  await log.close();
});

test("a media type is one however it is written, and another that only begins like it is none", async (context) => {
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const events = createEvents({ name: "gateway-1", jurisdiction: "EU/DE" }, createClock());
  const otlp = createOtlpIn({ settings: telemetrySettingsSchema.parse({}), log, events, guard: { mayExport: () => true, stays: () => undefined } });
  for (const type of ["Application/JSON", "application/json; charset=UTF-8", "APPLICATION/JSON ;charset=utf-8"]) assert.equal((await otlp.take("traces", type, encodeJson(request([good("one")])))).contentType, "application/json", type);
  assert.equal((await otlp.take("traces", "Application/X-Protobuf", encodeProtobuf("TracesRequest", request([good("one")])))).contentType, "application/x-protobuf");
  for (const type of ["", "application/jsonlines", "text/plain"]) await assert.rejects(otlp.take("traces", type, encodeJson(request([good("one")]))), { code: "HOLON_ARGUMENT_BAD" }, type);
  await log.close();
});

test("what the policy keeps here of what was to leave is counted, record by record; what is raw was never to leave", async (context) => {
  const log = await openTempLog(tempFolder(context), { name: "gateway-1" });
  const events = createEvents({ name: "gateway-1", jurisdiction: "EU/DE" }, createClock());
  const kept: string[] = [];
  const otlp = createOtlpIn({ settings: telemetrySettingsSchema.parse({ otlp: { traces: "derived" } }), log, events, guard: { mayExport: () => false, stays: (dataClass, stream) => void kept.push(`${dataClass} ${stream}`) } });
  await otlp.take("traces", "application/json", encodeJson(request([good("one")])));
  await otlp.take("traces", "application/json", encodeJson(request([good("two")])));
  await otlp.take("logs", "application/json", encodeJson({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "raw" } }] }] }] }));
  assert.deepEqual(kept, ["derived telemetry", "derived telemetry"]);
  await log.close();
});
