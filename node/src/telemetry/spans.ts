/**
 * Spans as this node writes them: events of the telemetry stream in the words of OpenTelemetry, so that they wait out an outage like all that it tells. Names and times alone stand in them,
 * never what an event holds.
 */
import type { HolonError } from "@holon/core/errors.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Random, UnitSpan } from "@holon/core/ports.ts";
import type { Tracing } from "@holon/core/schema/app.ts";
import type { DataClass } from "@holon/core/schema/event.ts";
import { spanType, type SpanData, type SpanKind } from "@holon/core/telemetry/span.ts";
import { parseTraceparent, printTraceparent } from "@holon/core/telemetry/trace-context.ts";
import type { Events } from "../event/events.ts";
import type { Guard } from "../policy/guard.ts";

export interface SpanInput {
  readonly span: Pick<UnitSpan, "traceId" | "spanId">;
  readonly parent: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: SpanData["attributes"];
  /** Moments within it. */
  readonly moments?: readonly { readonly name: string; readonly atMs: number }[];
  readonly failed?: HolonError | undefined;
  /** Of a trace that may be thinned: it waits in `local` for whether the outage ends (`held-spans.ts`). */
  readonly waits?: boolean;
}

const traceIdBytes = 16;
const spanIdBytes = 8;

/** Whether ids that somebody outside chose may stand in spans, which may go anywhere: where what they came with may too. 24 bytes of somebody's choice hold a name, or a reading. */
export const takesIdsWith = (own: DataClass, isReleased: () => boolean): boolean => own === "public" || (own !== "personal" && isReleased());

/** By the word of the app's author, where the policy lets that unit of his release what is of that class into `public`. */
export const idsReleased = (unit: string, own: DataClass, tracing: Tracing | undefined, guard: Pick<Guard, "lowered">): boolean => tracing?.release !== undefined && guard.lowered(unit, own, "public", { kind: "release" }) === "public";

/** What an event carries of the trace that it came with: that of a request, for example. One whose ids are not taken begins anew, where it was to be followed. */
export function traceTaken(sent: string | undefined, own: DataClass, isReleased: () => boolean, random: Random): string | undefined {
  const span = parseTraceparent(sent);
  if (span === undefined || takesIdsWith(own, isReleased)) return span && printTraceparent(span);
  return span.sampled ? printTraceparent({ traceId: newTraceId(random), spanId: newSpanId(random), sampled: true }) : undefined;
}

export const newTraceId = (random: Random): string => toHex(random.bytes(traceIdBytes));
export const newSpanId = (random: Random): string => toHex(random.bytes(spanIdBytes));

/** What it is a span of is its own node's to say, and public: no event's data is in it. */
export function spanRecord(events: Pick<Events, "record">, producer: string, { span, parent, name, kind, startMs, endMs, attributes, moments = [], failed, waits = false }: SpanInput): NewRecord {
  const data: SpanData = {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(parent === undefined ? {} : { parentSpanId: parent }),
    name,
    kind: `SPAN_KIND_${kind}`,
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(Math.max(startMs, endMs)),
    attributes: { ...attributes, ...(failed === undefined ? {} : { "error.type": failed.code }) },
    ...(moments.length === 0 ? {} : { events: moments.map(({ name: what, atMs }) => ({ timeUnixNano: nanoseconds(atMs), name: what })) }),
    status: { code: failed === undefined ? "STATUS_CODE_OK" : "STATUS_CODE_ERROR" },
  };
  return events.record({ stream: waits ? "local" : "telemetry", type: spanType, class: "public", producer, data });
}

/** As text, since it is more than a number holds. */
const nanoseconds = (ms: number): string => String(BigInt(Math.round(ms * 1_000)) * 1_000n);

/** How many spans may be written: a bucket that fills with time. What is over is counted, and told with the next that is written. */
export interface SpanRoom {
  take(): boolean;
  /** Those that found no room since this was asked last. */
  dropped(): number;
}

export function createSpanRoom(perSecond: number, clock: Pick<Clock, "monotonicMs">): SpanRoom {
  const most = Math.max(1, perSecond);
  let room = most;
  let filledMs = clock.monotonicMs();
  let dropped = 0;
  return {
    take() {
      const nowMs = clock.monotonicMs();
      room = Math.min(most, room + ((nowMs - filledMs) / 1_000) * perSecond);
      filledMs = nowMs;
      if (room >= 1) {
        room -= 1;
        return true;
      }
      dropped += 1;
      return false;
    },
    dropped() {
      const count = dropped;
      dropped = 0;
      return count;
    },
  };
}
