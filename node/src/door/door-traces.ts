/**
 * Where the way of a reading begins: at the door it is decided, once, whether it is followed. A device that sends W3C Trace Context has decided; else the app's `tracing` says for which share a trace begins.
 * The span lasts from when the reading was handed over until it is on the disk, which is when the device is told so.
 *
 * Spans may go anywhere, and a device chooses 24 bytes of ids: they could say who it is, or what it read. So ids are taken of a source alone whose readings may go anywhere too, or where the app's author says that they are by chance and the policy lets that count; of all others the trace begins anew
 * at the door, and what the device sent stands nowhere.
 */
import { spanNames } from "@holon/core/telemetry/span-attributes.ts";
import { limits } from "@holon/core/limits.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Random, Reading, UnitSpan } from "@holon/core/ports.ts";
import type { SourceSpec, Tracing } from "@holon/core/schema/app.ts";
import { parseTraceparent, printTraceparent } from "@holon/core/telemetry/trace-context.ts";
import type { Events } from "../event/events.ts";
import type { Guard } from "../policy/guard.ts";
import { createSpanRoom, idsReleased, newSpanId, newTraceId, spanRecord, takesIdsWith } from "../telemetry/spans.ts";

export interface DoorTraces {
  enter(reading: Reading): Entered;
}

export interface Entered {
  /** What the event carries. */
  readonly traceparent?: string;
  /** Once it is on the disk, by the name that it has there; undefined where it is not followed. */
  stored?(event: string): NewRecord;
}

export interface DoorTracesOptions {
  readonly app: string;
  readonly node: string;
  readonly tracing: Tracing | undefined;
  readonly isThinned?: ((traceId: string) => boolean) | undefined;
  readonly guard: Pick<Guard, "lowered">;
  readonly events: Pick<Events, "record">;
  readonly clock: Pick<Clock, "wall" | "monotonicMs">;
  readonly random: Random;
}

const notFollowed: Entered = {};

export function createDoorTraces(spec: SourceSpec, { app, node, tracing, isThinned, guard, events, clock, random }: DoorTracesOptions): DoorTraces {
  const { share = 0, spansPerSecondMax = limits.traceSpansPerSecond } = tracing ?? {};
  const room = createSpanRoom(spansPerSecondMax, clock);
  function enter({ traceparent }: Reading): Entered {
    const sent = traceparent === undefined ? undefined : parseTraceparent(traceparent);
    const takesIds = sent !== undefined && takesIdsWith(spec.class, () => idsReleased(`${app}/${spec.name}`, spec.class, tracing, guard));
    if (sent?.sampled === false) return takesIds ? { traceparent: printTraceparent(sent) } : notFollowed;
    if (sent === undefined && (share === 0 || random.uniform() >= share)) return notFollowed;
    const parent = takesIds ? sent : undefined;
    const span: UnitSpan = { traceId: parent?.traceId ?? newTraceId(random), spanId: newSpanId(random), sampled: true };
    // Without room for its own span the way goes on from the device's.
    if (!room.take()) return { traceparent: printTraceparent(parent ?? span) };
    return { traceparent: printTraceparent(span), stored: spanOf(span, parent) };
  }

  function spanOf(span: UnitSpan, parent: UnitSpan | undefined): (event: string) => NewRecord {
    const startMs = clock.wall().ms;
    const beganMs = clock.monotonicMs();
    const waits = isThinned?.(span.traceId) === true;
    return (event) => {
      const dropped = waits ? 0 : room.dropped();
      const attributes = {
        "service.name": app,
        "service.instance.id": node,
        ...(spec.kind === "mqtt" ? { "messaging.system": "mqtt" } : {}),
        [spanNames.source]: spec.name,
        [spanNames.sourceKind]: spec.kind,
        "cloudevents.event_id": event,
        "cloudevents.event_type": spec.type,
        ...(dropped === 0 ? {} : { [spanNames.dropped]: dropped }),
      };
      return spanRecord(events, `${app}/${spec.name}`, { span, parent: parent?.spanId, name: `door ${app}/${spec.name}`, kind: "SERVER", startMs, endMs: startMs + clock.monotonicMs() - beganMs, attributes, waits });
    };
  }

  return { enter };
}
