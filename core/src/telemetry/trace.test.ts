import assert from "node:assert/strict";
import { test } from "node:test";
import type { SpanData } from "./span.ts";
import { assembleTrace, type ToldSpan, type TraceStep } from "./trace.ts";

const id = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = (name: string): string => Buffer.from(name.padEnd(8, "-")).toString("hex").slice(0, 16);
const nanoseconds = (ms: number): string => String(BigInt(Math.round(ms * 1_000)) * 1_000n);
const second = 1_700_000_000_000;

interface Made {
  readonly node?: string;
  readonly parent?: string;
  readonly from: number;
  readonly to: number;
  readonly openedMs?: number;
  readonly failed?: string;
  readonly more?: SpanData["attributes"];
}

function made(name: string, kind: "door" | "function" | "model" | "link" | "other", { node = "gateway-1", parent, from, to, openedMs, failed, more = {} }: Made): ToldSpan {
  const of = { door: { "holon.source.name": "pumps" }, function: { "faas.name": name, "faas.trigger": "pubsub" }, model: { "holon.model.name": name }, link: { "holon.link.from": "gateway-1", "holon.link.to": node }, other: {} }[kind];
  const data: SpanData = {
    traceId: id,
    spanId: spanId(name),
    ...(parent === undefined ? {} : { parentSpanId: spanId(parent) }),
    name,
    kind: "SPAN_KIND_INTERNAL",
    startTimeUnixNano: nanoseconds(second + from),
    endTimeUnixNano: nanoseconds(second + to),
    attributes: { ...of, ...more, ...(failed === undefined ? {} : { "error.type": failed }) },
    ...(openedMs === undefined ? {} : { events: [{ timeUnixNano: nanoseconds(second + openedMs), name: "holon.link.opened" }] }),
    status: { code: failed === undefined ? "STATUS_CODE_OK" : "STATUS_CODE_ERROR" },
  };
  return { node, isOwn: kind !== "other", data };
}

const view = { here: (_: string, atMs: number) => atMs, siteOf: (node: string) => (node === "gateway-1" ? "plant" : "cloud") };
const brief = (steps: readonly TraceStep[] | undefined): readonly string[] => (steps ?? []).map(({ depth, kind, name, fromMs, tookMs, waited }) => `${" ".repeat(depth)}${kind} ${name} ${fromMs}+${tookMs}${waited === null ? "" : ` ${waited.for} ${waited.fromMs}+${waited.tookMs}`}`);

const whole = [
  made("cloud", "link", { node: "cloud-1", parent: "edge", from: 30, to: 9_100, openedMs: 9_000 }),
  made("judge", "function", { parent: "door", from: 12, to: 30 }),
  made("edge", "link", { node: "edge-1", parent: "judge", from: 30, to: 80, more: { "holon.event.span": spanId("judge") } }),
  made("pca", "model", { parent: "judge", from: 14, to: 29 }),
  made("door", "door", { parent: "device", from: 0, to: 5 }),
];

test("spans in any order become a tree in the order of time, with what was waited for", () => {
  const trace = assembleTrace(id, [...whole, ...whole.slice(0, 2)], view, 100);
  assert.deepEqual(brief(trace?.spans), ["door door 0+5", " function judge 12+18 turn 5+7", "  model pca 14+15", "  link edge 30+50", "   link cloud 80+9020 link 80+8920"]);
  assert.deepEqual([trace?.startAt, trace?.tookMs, trace?.isWhole, trace?.left, trace?.missing], ["2023-11-14T22:13:20.000Z", 9_100, true, 0, []]);
  assert.deepEqual(trace?.spans.map(({ site }) => site), ["plant", "plant", "plant", "cloud", "cloud"]);
});

test("what an SDK, or another node, tells under the id of a node's own span takes its place in no order", () => {
  const own = made("door", "door", { from: 0, to: 5 });
  const [sdk, other] = [{ ...made("forged", "other", { from: 90, to: 95 }), node: "gateway-1" }, made("forged", "door", { node: "gateway-2", from: 90, to: 95 })].map((forged): ToldSpan => ({ ...forged, data: { ...forged.data, spanId: own.data.spanId } }));
  assert.ok(sdk !== undefined && other !== undefined);
  for (const order of [[own, sdk], [sdk, own], [sdk, own, sdk, other], [own, other]]) assert.deepEqual(brief(assembleTrace(id, order, view, 100)?.spans), ["door door 0+5"]);
});

test("what led to a span and is not here is named; a device that tells nothing is not missed", () => {
  const trace = assembleTrace(id, whole.filter(({ data }) => data.name !== "judge"), view, 100);
  assert.deepEqual([trace?.isWhole, trace?.missing], [false, [{ spanId: spanId("judge"), namedBy: "edge-1" }]]);
  const kept = assembleTrace(id, [made("judge", "function", { parent: "device", from: 0, to: 1, failed: "HOLON_UNIT_THREW", more: { "holon.trace.kept": "error" } })], view, 100);
  assert.deepEqual([kept?.isWhole, kept?.spans[0]?.status, kept?.spans[0]?.error, kept?.spans[0]?.parentSpanId], [true, "error", "HOLON_UNIT_THREW", null]);
});

test("a way over a link that found no room is passed over: what it led to stands behind the span that the event carries", () => {
  const far = made("count", "function", { node: "edge-1", parent: "hop", from: 100, to: 101, more: { "holon.event.span": spanId("judge") } });
  const trace = assembleTrace(id, [...whole, far], view, 100);
  assert.deepEqual([trace?.spans.find(({ name }) => name === "count")?.parentSpanId, trace?.isWhole], [spanId("judge"), true]);
});

test("times are told as they were here", () => {
  const behind = { ...view, here: (node: string, atMs: number) => (node === "gateway-1" ? atMs + 3_600_000 : atMs) };
  const ahead = whole.map(({ node, data, ...told }) => (node === "gateway-1" ? { node, ...told, data: { ...data, startTimeUnixNano: String(BigInt(data.startTimeUnixNano) - 3_600_000_000_000n), endTimeUnixNano: String(BigInt(data.endTimeUnixNano) - 3_600_000_000_000n) } } : { node, data, ...told }));
  assert.deepEqual(assembleTrace(id, ahead, behind, 100), assembleTrace(id, whole, view, 100));
});

test("what an SDK sent is shown without what it says, spans that name each other are shown once, and no more than the bound", () => {
  const sdk = made("sdk", "other", { from: 0, to: 9_000, more: { card: "4711" } });
  const trace = assembleTrace(id, [sdk, made("door", "door", { parent: "sdk", from: 1, to: 5 })], view, 100);
  assert.deepEqual(brief(trace?.spans), ["other sdk 0+9000", " door door 1+4"]);
  assert.deepEqual(trace?.spans[0]?.attributes, {});
  const circle = assembleTrace(id, [made("a", "function", { parent: "b", from: 0, to: 1 }), made("b", "function", { parent: "a", from: 0, to: 1 })], view, 100);
  assert.equal(circle?.spans.length, 2);
  const many = assembleTrace(id, Array.from({ length: 20 }, (_, index) => made(`f${index}`, "function", { from: index, to: index + 1 })), view, 8);
  assert.deepEqual([many?.spans.length, many?.left], [8, 12]);
  assert.equal(assembleTrace(id, [], view, 8), undefined);
});

test("a trace as deep or as broad as somebody likes to send is an answer, and says what is missing of the first alone", () => {
  const many = 30_000;
  const idOf = (index: number): string => index.toString(16).padStart(16, "0");
  const spanOf = (index: number, parent: number | undefined): ToldSpan => ({
    node: "gateway-1", isOwn: true,
    data: { traceId: "a".repeat(32), spanId: idOf(index + 1), ...(parent === undefined ? {} : { parentSpanId: idOf(parent + 1) }), name: "one", kind: "", startTimeUnixNano: `${index + 1}000000`, endTimeUnixNano: `${index + 2}000000`, attributes: { "faas.name": "a/f" }, status: { code: "" } },
  });
  const asTold = { here: (_node: string, atMs: number) => atMs, siteOf: () => "hall" };
  const answer = (parentOf: (index: number) => number | undefined) => assembleTrace("a".repeat(32), Array.from({ length: many }, (_, index) => spanOf(index, parentOf(index))), asTold, 10);
  const deep = answer((index) => (index === 0 ? undefined : index - 1));
  assert.deepEqual([deep?.spans.at(-1)?.depth, deep?.left, deep?.tookMs], [9, many - 10, many]);
  const broad = answer((index) => (index === 0 ? undefined : 0));
  assert.deepEqual([broad?.spans.at(-1)?.depth, broad?.missing.length], [1, 0]);
  const torn = answer((index) => many + index);
  assert.deepEqual([torn?.missing.length, torn?.isWhole], [64, false]);
});

test("where steps found no room nothing is called whole", () => {
  const span: ToldSpan = { node: "gateway-1", isOwn: true, data: { traceId: "a".repeat(32), spanId: "b".repeat(16), name: "one", kind: "", startTimeUnixNano: "1000000", endTimeUnixNano: "2000000", attributes: { "faas.name": "a/f" }, status: { code: "" } } };
  const wholeWith = (dropped: number) => assembleTrace("a".repeat(32), [{ ...span, data: { ...span.data, attributes: { ...span.data.attributes, ...(dropped === 0 ? {} : { "holon.spans_dropped": dropped }) } } }], { here: (_node, atMs) => atMs, siteOf: () => "hall" }, 10)?.isWhole;
  assert.deepEqual([wholeWith(0), wholeWith(3)], [true, false]);
});

test("a span that ends before it begins, since its clock was set meanwhile, took no time", () => {
  const trace = assembleTrace(id, [made("sdk", "other", { from: 50, to: 20 })], view, 100);
  assert.deepEqual([trace?.tookMs, brief(trace?.spans)], [0, ["other sdk 0+0"]]);
});
