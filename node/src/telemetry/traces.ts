/** Finds the spans of a trace in this node's log: its own, those of the nodes below, and what SDKs sent. Needs no uplink. */
import { spanNames } from "@holon/core/telemetry/span-attributes.ts";
import { HolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import { laneName, type FoundEvent, type Lane, type Log, type RecordQuery } from "@holon/core/log/log.ts";
import type { Account } from "@holon/core/api/account.ts";
import type { Completeness } from "@holon/core/telemetry/completeness.ts";
import { toldWords, unheardWords } from "@holon/core/telemetry/known-words.ts";
import type { FleetView, Now } from "@holon/core/telemetry/fleet-view.ts";
import { originOfEvent } from "@holon/core/telemetry/hop.ts";
import { otlpTypes } from "@holon/core/telemetry/otlp/convert.ts";
import { spanDataSchema, spanType } from "@holon/core/telemetry/span.ts";
import { assembleTrace, type ToldSpan, type Trace, type TraceQuery } from "@holon/core/telemetry/trace.ts";
import { parseTraceparent } from "@holon/core/telemetry/trace-context.ts";
import { z } from "zod";
import { hourMs, hourOff, hoursOff } from "./clock-hours.ts";

export interface TracesOptions {
  readonly log: Log;
  readonly view: Pick<FleetView, "here" | "siteOf" | "clockOff" | "clockOffs" | "nodes" | "completeness" | "stateOf" | "through">;
  now(): Now;
  /** How far the node above has what is here, by lane; undefined where none is above. */
  received(): ReadonlyMap<string, number> | undefined;
}

const idPattern = /^[0-9a-f]{32}$/;

/** `HOLON_ARGUMENT_BAD` for what is no id, `HOLON_TRACE_UNKNOWN` where nothing of it is here: with what is known of the nodes that may have it. */
export async function findTrace(id: string, { since }: TraceQuery, { log, view, now, received }: TracesOptions): Promise<Trace> {
  if (!idPattern.test(id)) throw new HolonError("HOLON_ARGUMENT_BAD", `${id.slice(0, 64)} is no id of a trace`, { next: "It has 32 hexadecimal digits: the second part of an event's `traceparent`." });
  const time = now();
  const sinceMs = since === undefined ? time.wallMs - limits.traceLookBackMs : Date.parse(since);
  const all = [...(await ownSpans()), ...(await sdkSpans())];
  const found = all.slice(0, limits.traceSpansReadMax); // a record of an SDK holds many
  const trace = assembleTrace(id, found, view, limits.traceStepsMax);
  if (trace === undefined) throw unknownHere(id, sinceMs, view.completeness(time));
  const startMs = Date.parse(trace.startAt);
  const endMs = startMs + trace.tookMs;
  const taking = new Set(found.flatMap(({ node, data: { attributes } }) => [node, ...[spanNames.from, spanNames.to, spanNames.answeredBy, spanNames.askedBy].flatMap((key) => nodeIn(attributes[key])), ...nodeIn(attributes["cloudevents.event_id"]).map(originOfEvent)]));
  const account = view.completeness(time, (node) => taking.has(node), endMs);
  const hasTold = (node: string): boolean => view.stateOf(node, time)?.state === "gone" || (view.through(node, time) ?? -Infinity) >= endMs;
  const left = trace.left + all.length - found.length;
  const dropped = trace.dropped + (await droppedBeside(taking, startMs, endMs));
  const waiting = await waitingFrom(startMs);
  const isWhole = trace.isWhole && left === 0 && dropped === 0 && waiting === 0 && account.completeness.unknown === 0 && [...taking].every(hasTold);
  return { ...account, since: isoTime(sinceMs), ...trace, left, dropped, waiting, isWhole };

  /** Records of the lanes that fit, of that time here. By the clocks of their nodes: those that are off by about as much are looked for together. */
  async function look(query: Omit<RecordQuery, "sinceMs" | "untilMs" | "limit">, fromMs: number, untilMs = Infinity): Promise<readonly FoundEvent[]> {
    const told: FoundEvent[] = [];
    for (const hour of new Set([0, ...view.nodes().flatMap((node) => hoursOff(view, node))])) {
      const accepts = (lane: Lane): boolean => query.accepts(lane) && hoursOff(view, lane.origin).includes(hour);
      const hit = await log.find({ ...query, accepts, sinceMs: fromMs + (hour - 0.5) * hourMs, untilMs: untilMs + (hour + 0.5) * hourMs, limit: limits.traceSpansReadMax });
      told.push(...hit.filter(({ record, event }) => hourOff(view, record, event.recordedtime) === hour));
    }
    return told;
  }

  async function ownSpans(): Promise<readonly ToldSpan[]> {
    const events = await look({ accepts: ({ origin, stream }) => stream === "telemetry" || (stream === "local" && origin === log.origin), type: spanType, holds: id }, sinceMs);
    const isHere = ({ record }: FoundEvent): number => (record.origin === log.origin ? 1 : 0);
    // Another that tells under the id of a span of this node takes no place of it.
    return events.toSorted((one, other) => isHere(other) - isHere(one)).flatMap(({ record, event, recordedMs }) => {
      const data = spanDataSchema.safeParse(event.data);
      return data.success && data.data.traceId === id && view.here(record.origin, recordedMs, record.epoch) >= sinceMs ? [{ node: record.origin, epoch: record.epoch, isOwn: true, data: data.data }] : [];
    });
  }

  async function sdkSpans(): Promise<readonly ToldSpan[]> {
    const accepts = (lane: Lane): boolean => lane.stream === "telemetry" || (lane.stream === "local" && lane.origin === log.origin);
    const events = await log.find({ accepts, type: otlpTypes.traces, holds: id, sinceMs, limit: limits.traceSpansReadMax });
    return events.flatMap((event) => spansOf(event)).filter(({ data }) => data.traceId === id);
  }

  /** What found no room is told with the next that did: each door and function of these nodes tells of its own, up to the first behind the end. */
  async function droppedBeside(nodes: ReadonlySet<string>, fromMs: number, toMs: number): Promise<number> {
    const events = await look({ accepts: ({ origin, stream }) => stream === "telemetry" && nodes.has(origin), type: spanType, holds: spanNames.dropped }, fromMs, toMs + hourMs);
    const behind = new Set<string>();
    let sum = 0;
    for (const { record, event, recordedMs } of events) {
      const atMs = view.here(record.origin, recordedMs, record.epoch);
      const of = `${record.origin} ${event.source}`;
      if (atMs < fromMs || behind.has(of)) continue;
      if (atMs > toMs) behind.add(of);
      const { success, data } = spanDataSchema.safeParse(event.data);
      if (success && data.traceId !== id) sum += Number(data.attributes[spanNames.dropped] ?? 0);
    }
    return sum;
  }

  /** Events of it that the node above has not got, as far as it has said: there they may lead on. */
  async function waitingFrom(fromMs: number): Promise<number> {
    const marks = received();
    if (marks === undefined) return 0;
    const markOf = (lane: Lane): number => marks.get(laneName(lane)) ?? 0;
    const waits = new Map([...log.heads()].filter(([, { lane, mark }]) => lane.stream !== "local" && lane.stream !== "telemetry" && mark.sequence > markOf(lane)));
    if (waits.size === 0) return 0;
    const events = await look({ accepts: (lane) => waits.has(laneName(lane)), holds: id }, fromMs);
    return events.filter(({ record, event }) => {
      const span = parseTraceparent(event.traceparent);
      return span?.sampled === true && span.traceId === id && record.sequence > markOf(record);
    }).length;
  }
}

const unknownHere = (id: string, sinceMs: number, known: Account & { readonly completeness: Completeness }): HolonError =>
  new HolonError("HOLON_TRACE_UNKNOWN", `nothing of the trace ${id} was recorded here since ${isoTime(sinceMs)}; as of ${known.asOf} ${unheardWords(known.completeness) ?? toldWords(known.completeness)}`, { known });

const nodeIn = (value: unknown): readonly string[] => (typeof value === "string" ? [value] : []);

const nanoseconds = z.union([z.string(), z.number()]).transform(String).pipe(z.string().regex(/^\d{1,20}$/));
/** As SDKs send them. Of their own attributes nothing is shown: nobody knows what stands in them. */
const sdkSchema = z.object({ scopeSpans: z.array(z.object({ spans: z.array(z.unknown()) })) });
const sdkSpanSchema = z.object({ traceId: z.string(), spanId: z.string(), parentSpanId: z.string().optional(), name: z.string().default(""), startTimeUnixNano: nanoseconds, endTimeUnixNano: nanoseconds.optional(), status: z.object({ code: z.union([z.string(), z.number()]).optional() }).optional() });
const codes = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

function spansOf({ record, event }: FoundEvent): readonly ToldSpan[] {
  const parsed = sdkSchema.safeParse(event.data);
  if (!parsed.success) return [];
  return parsed.data.scopeSpans.flatMap(({ spans }) =>
    spans.flatMap((one) => {
      const { success, data: sent } = sdkSpanSchema.safeParse(one);
      if (!success) return []; // one of them hides no other
      const { status, parentSpanId, name, endTimeUnixNano = sent.startTimeUnixNano, ...span } = sent; // without an end nobody knows how long it was
      const code = status?.code;
      const parent = parentSpanId === undefined || parentSpanId === "" ? {} : { parentSpanId };
      const data = spanDataSchema.safeParse({ ...span, endTimeUnixNano, ...parent, name: name.slice(0, 512), kind: "", attributes: {}, status: { code: typeof code === "number" ? (codes[code] ?? "") : (code ?? "") } });
      return data.success ? [{ node: record.origin as string, isOwn: false, data: data.data }] : [];
    }),
  );
}
