/** Finds the spans of a trace in this node's log: its own, those of the nodes below, and what SDKs sent. Needs no uplink. */
import { spanNames } from "@holon/core/telemetry/span-attributes.ts";
import { HolonError } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { limits } from "@holon/core/limits.ts";
import type { FoundEvent, Lane, Log } from "@holon/core/log/log.ts";
import type { FleetView, Now } from "@holon/core/telemetry/fleet-view.ts";
import { originOfEvent } from "@holon/core/telemetry/hop.ts";
import { otlpTypes } from "@holon/core/telemetry/otlp/convert.ts";
import { spanDataSchema, spanType } from "@holon/core/telemetry/span.ts";
import { assembleTrace, type ToldSpan, type Trace, type TraceQuery } from "@holon/core/telemetry/trace.ts";
import { z } from "zod";

export interface TracesOptions {
  readonly log: Log;
  readonly view: Pick<FleetView, "here" | "siteOf" | "clockOff" | "nodes" | "completeness">;
  now(): Now;
}

const idPattern = /^[0-9a-f]{32}$/;
const hourMs = 3_600_000;

/** `HOLON_ARGUMENT_BAD` for what is no id, `HOLON_TRACE_UNKNOWN` where nothing of it is here. */
export async function findTrace(id: string, { since }: TraceQuery, { log, view, now }: TracesOptions): Promise<Trace> {
  if (!idPattern.test(id)) throw new HolonError("HOLON_ARGUMENT_BAD", `${id.slice(0, 64)} is no id of a trace`, { next: "It has 32 hexadecimal digits: the second part of an event's `traceparent`." });
  const time = now();
  const sinceMs = since === undefined ? time.wallMs - limits.traceLookBackMs : Date.parse(since);
  const all = [...(await ownSpans(id, sinceMs)), ...(await sdkSpans(id, sinceMs))];
  const found = all.slice(0, limits.traceSpansReadMax); // a record of an SDK holds many
  const trace = assembleTrace(id, found, view, limits.traceStepsMax);
  if (trace === undefined) throw new HolonError("HOLON_TRACE_UNKNOWN", `nothing of the trace ${id} was recorded here since ${isoTime(sinceMs)}`);
  const taking = new Set(found.flatMap(({ node, data: { attributes } }) => [node, ...[spanNames.from, spanNames.to].flatMap((key) => nodeIn(attributes[key])), ...nodeIn(attributes["cloudevents.event_id"]).map(originOfEvent)]));
  const account = view.completeness(time, (node) => taking.has(node));
  const left = trace.left + all.length - found.length;
  return { ...account, since: isoTime(sinceMs), ...trace, left, isWhole: trace.isWhole && left === 0 && account.completeness.unknown === 0 };

  async function ownSpans(wanted: string, fromMs: number): Promise<readonly ToldSpan[]> {
    // By the clocks of their nodes: those that are off by about as much are looked for together.
    const hourOf = (node: string): number => Math.floor(((view.clockOff(node) ?? 0) + hourMs / 2) / hourMs);
    const told: ToldSpan[] = [];
    for (const hour of new Set([0, ...view.nodes().map(hourOf)])) {
      const accepts = (lane: Lane): boolean => lane.stream === "telemetry" && hourOf(lane.origin) === hour;
      const events = await log.find({ accepts, type: spanType, holds: wanted, sinceMs: fromMs + hour * hourMs, limit: limits.traceSpansReadMax });
      for (const { record, event } of events) {
        const data = spanDataSchema.safeParse(event.data);
        if (data.success && data.data.traceId === wanted) told.push({ node: record.origin, isOwn: true, data: data.data });
      }
    }
    return told;
  }

  async function sdkSpans(wanted: string, fromMs: number): Promise<readonly ToldSpan[]> {
    const accepts = (lane: Lane): boolean => lane.stream === "telemetry" || (lane.stream === "local" && lane.origin === log.origin);
    const events = await log.find({ accepts, type: otlpTypes.traces, holds: wanted, sinceMs: fromMs, limit: limits.traceSpansReadMax });
    return events.flatMap((event) => spansOf(event)).filter(({ data }) => data.traceId === wanted);
  }
}

const nodeIn = (value: unknown): readonly string[] => (typeof value === "string" ? [value] : []);

const nanoseconds = z.union([z.string(), z.number()]).transform(String).pipe(z.string().regex(/^\d{1,20}$/));
/** As SDKs send them. Of their own attributes nothing is shown: nobody knows what stands in them. */
const sdkSchema = z.object({
  scopeSpans: z.array(
    z.object({
      spans: z.array(z.object({ traceId: z.string(), spanId: z.string(), parentSpanId: z.string().optional(), name: z.string().default(""), startTimeUnixNano: nanoseconds, endTimeUnixNano: nanoseconds, status: z.object({ code: z.union([z.string(), z.number()]).optional() }).optional() })),
    }),
  ),
});
const codes = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

function spansOf({ record, event }: FoundEvent): readonly ToldSpan[] {
  const parsed = sdkSchema.safeParse(event.data);
  if (!parsed.success) return [];
  return parsed.data.scopeSpans.flatMap(({ spans }) =>
    spans.flatMap(({ status, parentSpanId, name, ...span }) => {
      const code = status?.code;
      const parent = parentSpanId === undefined || parentSpanId === "" ? {} : { parentSpanId };
      const data = spanDataSchema.safeParse({ ...span, ...parent, name: name.slice(0, 512), kind: "", attributes: {}, status: { code: typeof code === "number" ? (codes[code] ?? "") : (code ?? "") } });
      return data.success ? [{ node: record.origin as string, isOwn: false, data: data.data }] : [];
    }),
  );
}
