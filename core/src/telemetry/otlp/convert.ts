/** What stands in the log as OTLP: windows are metrics, spans are spans, what came in as OTLP goes out as it came, and every other event of the stream is a log record. */
import type { Event } from "../../schema/event.ts";
import { metricByName } from "../catalogue.ts";
import { parseKey } from "../key.ts";
import { parseTraceparent } from "../trace-context.ts";
import { sketchBounds } from "../sketch.ts";
import { windowSchema, windowType, type Duration, type Window } from "../window.ts";
import { fromJson, type OtlpMessage, type OtlpValue } from "./encoding.ts";
import type { MessageName } from "./messages.ts";

export const signals = ["traces", "metrics", "logs"] as const;
export type Signal = (typeof signals)[number];

/** Type of the record that holds a part of a request of each signal, and the messages that it is made of. */
export const otlpTypes = { traces: "holon.otlp.traces", metrics: "holon.otlp.metrics", logs: "holon.otlp.logs" } as const;
export const shapes = {
  traces: { request: "TracesRequest", response: "TracesResponse", resources: "resourceSpans", resource: "ResourceSpans", scopes: "scopeSpans", items: "spans", item: "Span", rejected: "rejectedSpans" },
  metrics: { request: "MetricsRequest", response: "MetricsResponse", resources: "resourceMetrics", resource: "ResourceMetrics", scopes: "scopeMetrics", items: "metrics", item: "Metric", rejected: "rejectedDataPoints" },
  logs: { request: "LogsRequest", response: "LogsResponse", resources: "resourceLogs", resource: "ResourceLogs", scopes: "scopeLogs", items: "logRecords", item: "LogRecord", rejected: "rejectedLogRecords" },
} as const satisfies Readonly<Record<Signal, Readonly<{ request: MessageName; response: MessageName; resource: MessageName; item: MessageName; resources: string; scopes: string; items: string; rejected: string }>>>;

/** One element of a request, and the signal that it goes with. */
export interface Converted {
  readonly signal: Signal;
  readonly resource: OtlpMessage;
}

const scope: OtlpMessage = { name: "holon" };
const delta = 1;

/** Undefined where nobody outside could make anything of it. */
export function convert(event: Event): Converted | undefined {
  const node = event.id.split("/")[0] ?? "";
  if (event.type === windowType) {
    const window = windowSchema.safeParse(event.data);
    return window.success ? { signal: "metrics", resource: { resource: resourceOf(event, node), scopeMetrics: [{ scope, metrics: metricsOf(window.data) }] } } : undefined;
  }
  for (const signal of signals) {
    if (event.type === otlpTypes[signal]) return { signal, resource: withRecord(fromJson(shapes[signal].resource, event.data), event, node) };
  }
  if (event.type === "holon.trace.span") return { signal: "traces", resource: { resource: resourceOf(event, node), scopeSpans: [{ scope, spans: [spanOf(event.data)] }] } };
  return { signal: "logs", resource: { resource: resourceOf(event, node), scopeLogs: [{ scope, logRecords: [logOf(event)] }] } };
}

const attribute = (key: string, value: OtlpMessage): OtlpMessage => ({ key, value });
const text = (key: string, value: string): OtlpMessage => attribute(key, { stringValue: value });

/** By its name a record that is sent again after a crash can be told from another. */
const resourceOf = ({ id, jurisdiction }: Event, node: string): OtlpMessage => ({ attributes: [text("service.name", "holon"), text("service.instance.id", node), text("holon.node", node), text("holon.jurisdiction", jurisdiction), text("holon.record", id)] });

/** What an SDK says of itself stays; what is said in our name is ours to say. `holon.node` stands only where a node tells of itself. */
function withRecord(resource: OtlpMessage, { id, jurisdiction }: Event, node: string): OtlpMessage {
  const own = resource["resource"];
  const before = typeof own === "object" && !Array.isArray(own) ? own : {};
  const attributes = before["attributes"];
  const theirs = Array.isArray(attributes) ? attributes.filter((one) => !(typeof one === "object" && !Array.isArray(one) && /^holon(?:\.|$)/i.test(String(one["key"])))) : [];
  return { ...resource, resource: { ...before, attributes: [...theirs, text("holon.received_by", node), text("holon.jurisdiction", jurisdiction), text("holon.record", id)] } };
}

const nanoseconds = (ms: number): string => String(BigInt(Math.round(ms)) * 1_000_000n);

function metricsOf(window: Window): OtlpMessage[] {
  const time = { startTimeUnixNano: nanoseconds(window.startMs), timeUnixNano: nanoseconds(window.endMs) };
  const byName = new Map<string, OtlpMessage>();
  const add = (key: string, field: "sum" | "gauge" | "histogram", more: OtlpMessage, point: OtlpMessage): void => {
    const parsed = parseKey(key);
    const metric = metricByName.get(parsed?.name ?? "");
    if (parsed === undefined || metric === undefined) return;
    const known = byName.get(metric.name) ?? { name: metric.name, description: metric.about, unit: metric.unit, [field]: { dataPoints: [], ...more } };
    byName.set(metric.name, known);
    const data = known[field];
    const points = typeof data === "object" && !Array.isArray(data) ? data["dataPoints"] : undefined;
    if (Array.isArray(points)) points.push({ ...time, attributes: Object.entries(parsed.attributes).map(([name, value]) => text(name, value)), ...point });
  };
  for (const [key, sum] of Object.entries(window.sums)) add(key, "sum", { aggregationTemporality: delta, isMonotonic: true }, { asDouble: sum });
  for (const [key, [last]] of Object.entries(window.gauges)) add(key, "gauge", {}, { asDouble: last });
  for (const [key, duration] of Object.entries(window.durations)) add(key, "histogram", { aggregationTemporality: delta }, histogramOf(duration));
  return [...byName.values()];
}

/** The bins of the sketch as they are: nothing is lost between the two. */
function histogramOf({ count, sum, min, max, bins }: Duration): OtlpMessage {
  const sorted = [...bins].sort(([a], [b]) => a - b);
  const bounds: number[] = [];
  const counts: number[] = [];
  for (const [bin, many] of sorted) {
    const [low, high] = sketchBounds(bin);
    if (bounds.at(-1) !== low && bounds.length > 0) {
      bounds.push(low);
      counts.push(0);
    } else if (bounds.length === 0) {
      bounds.push(low);
      counts.push(0); // below the first bin
    }
    bounds.push(high);
    counts.push(Math.round(many));
  }
  return { count: String(Math.round(count)), sum, min, max, explicitBounds: bounds, bucketCounts: [...counts, 0].map(String) };
}

const kinds = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const codes = ["UNSET", "OK", "ERROR"];

/** Our own spans have names for numbers, and attributes as an object. */
function spanOf(data: unknown): OtlpMessage {
  const entries = new Map<string, unknown>(typeof data === "object" && data !== null ? Object.entries(data) : []);
  const attributes = entries.get("attributes");
  const status = entries.get("status");
  const code = typeof status === "object" && status !== null && "code" in status ? String(status.code) : "";
  const plain = Object.fromEntries([...entries].filter(([name]) => !["kind", "attributes", "status"].includes(name)));
  return {
    ...fromJson("Span", plain),
    kind: Math.max(0, kinds.indexOf(String(entries.get("kind")).replace("SPAN_KIND_", ""))),
    attributes: typeof attributes === "object" && attributes !== null ? Object.entries(attributes).map(([name, value]) => attribute(name, anyValue(value))) : [],
    status: { code: Math.max(0, codes.indexOf(code.replace("STATUS_CODE_", ""))) },
  };
}

function logOf(event: Event): OtlpMessage {
  const span = parseTraceparent(event.traceparent);
  return {
    timeUnixNano: nanoseconds(Date.parse(event.time)),
    observedTimeUnixNano: nanoseconds(Date.parse(event.recordedtime)),
    severityNumber: 9,
    severityText: "INFO",
    eventName: event.type,
    body: anyValue(event.data ?? {}),
    attributes: [text("cloudevents.event_id", event.id), text("cloudevents.event_source", event.source), ...(event.subject === undefined ? [] : [text("cloudevents.event_subject", event.subject)])],
    ...(span === undefined ? {} : { traceId: span.traceId, spanId: span.spanId, flags: span.sampled ? 1 : 0 }),
  };
}

function anyValue(value: unknown): OtlpMessage {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map((one: unknown) => anyValue(one)) } };
  if (typeof value === "object" && value !== null) return { kvlistValue: { values: Object.entries(value).map(([key, one]): OtlpValue => attribute(key, anyValue(one))) } };
  return {};
}
