/**
 * The way of events through functions, as OpenTelemetry tells it: an event that carries a trace is handled in a span of its own, and what is
 * emitted for it carries that span on. A trace begins here for the part of events that the app says. What is written is bounded: spans over the
 * bound are counted, and told with the next one.
 *
 *     event (traceparent: trace, span A) ─▶ function, span B, parent A ─▶ output (traceparent: trace, span B) ─▶ …
 */
import type { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { toHex } from "@holon/core/log/hex.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Random, UnitEvent, UnitSpan } from "@holon/core/ports.ts";
import type { Tracing } from "@holon/core/schema/app.ts";
import { parseTraceparent, printTraceparent } from "@holon/core/telemetry/trace-context.ts";
import type { Events } from "../event/events.ts";

/** One batch. */
export interface Traced {
  readonly events: readonly UnitEvent[];
  /** What an output that this event of the batch caused carries on. */
  carried(cause: number): string | undefined;
  /** To be stored with what the batch gave, once. */
  spans(failed: HolonError | undefined): readonly NewRecord[];
}

export interface Tracer {
  begin(events: readonly UnitEvent[]): Traced;
}

/** What triggers a function, in the words of OpenTelemetry's conventions for functions. */
export type TraceTrigger = "datasource" | "http" | "pubsub" | "timer";

export interface TracerOptions {
  readonly app: string;
  readonly fn: string;
  readonly node: string;
  readonly trigger: TraceTrigger;
  readonly tracing: Tracing | undefined;
  readonly events: Pick<Events, "record">;
  readonly clock: Pick<Clock, "wall" | "monotonicMs">;
  readonly random: Random;
}

interface Step {
  readonly index: number;
  readonly span: UnitSpan;
  readonly parent: string | undefined;
  readonly isWritten: boolean;
}

const traceIdBytes = 16;
const spanIdBytes = 8;

export function createTracer({ app, fn, node, trigger, tracing, events: made, clock, random }: TracerOptions): Tracer {
  const unit = `${app}/${fn}`;
  const { share = 0, spansPerSecondMax = limits.traceSpansPerSecond } = tracing ?? {};
  const bucketMax = Math.max(1, spansPerSecondMax);
  let room = bucketMax;
  let filledMs = clock.monotonicMs();
  let dropped = 0;

  function mayWrite(): boolean {
    const nowMs = clock.monotonicMs();
    room = Math.min(bucketMax, room + ((nowMs - filledMs) / 1_000) * spansPerSecondMax);
    filledMs = nowMs;
    if (room >= 1) room -= 1;
    else {
      dropped += 1;
      return false;
    }
    return true;
  }

  function stepOf({ traceparent }: UnitEvent, index: number): Step | undefined {
    const parent = parseTraceparent(traceparent);
    if (parent === undefined && (share === 0 || random.uniform() >= share)) return undefined;
    if (parent?.sampled === false) return { index, span: parent, parent: undefined, isWritten: false }; // carried on as it came
    const span = { traceId: parent?.traceId ?? toHex(random.bytes(traceIdBytes)), spanId: toHex(random.bytes(spanIdBytes)), sampled: true };
    return { index, span, parent: parent?.spanId, isWritten: mayWrite() };
  }

  return {
    begin(events) {
      const steps = new Map<number, Step>();
      for (const [index, event] of events.entries()) {
        const step = stepOf(event, index);
        if (step !== undefined) steps.set(index, step);
      }
      if (steps.size === 0) return { events, carried: () => undefined, spans: () => [] };
      const startMs = clock.wall().ms;
      const beganMs = clock.monotonicMs();
      const withSpan = (event: UnitEvent, index: number): UnitEvent => {
        const span = steps.get(index)?.span;
        return span === undefined ? event : { ...event, span };
      };
      return {
        events: events.map(withSpan),
        carried(cause) {
          const span = steps.get(cause)?.span;
          return span === undefined ? undefined : printTraceparent(span);
        },
        spans(failed) {
          const endMs = startMs + clock.monotonicMs() - beganMs;
          return [...steps.values()].filter(({ isWritten }) => isWritten).map((step) => spanRecord(step, events[step.index], { startMs, endMs, batch: events.length, failed }));
        },
      };
    },
  };

  function spanRecord({ span, parent }: Step, event: UnitEvent | undefined, { startMs, endMs, batch, failed }: { readonly startMs: number; readonly endMs: number; readonly batch: number; readonly failed: HolonError | undefined }): NewRecord {
    const before = dropped;
    dropped = 0;
    const data = {
      traceId: span.traceId,
      spanId: span.spanId,
      ...(parent === undefined ? {} : { parentSpanId: parent }),
      name: unit,
      kind: "SPAN_KIND_CONSUMER",
      startTimeUnixNano: nanoseconds(startMs),
      endTimeUnixNano: nanoseconds(endMs),
      attributes: {
        "service.name": app,
        "service.instance.id": node,
        "faas.name": unit,
        "faas.trigger": trigger,
        "cloudevents.event_id": event?.id,
        "cloudevents.event_type": event?.type,
        "holon.batch_events": batch,
        ...(before === 0 ? {} : { "holon.spans_dropped": before }),
        ...(failed === undefined ? {} : { "error.type": failed.code }),
      },
      status: { code: failed === undefined ? "STATUS_CODE_OK" : "STATUS_CODE_ERROR" },
    };
    return made.record({ stream: "telemetry", type: "holon.trace.span", class: "public", producer: unit, data });
  }
}

/** As text, since it is more than a number holds. */
const nanoseconds = (ms: number): string => String(BigInt(Math.round(ms * 1_000)) * 1_000n);
