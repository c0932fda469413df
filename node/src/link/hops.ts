/**
 * What the way over a link took, told by who takes in: of each event whose trace is followed, from when it was recorded until it is on the disk here. If the link was not open all that time, the span says when it
 * was opened: up to there the event waited. Nothing is sent for it, and the sender writes nothing.
 *
 *     recorded at the origin ····· waits ····· link opened ──▶ on the disk here
 *
 * Of an event that came further, the way over the link before is what led to it.
 */
import { spanNames } from "@holon/core/telemetry/span-attributes.ts";
import { decodeStoredEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import { runPreambles, runRecords, type Integrity } from "@holon/core/log/run.ts";
import type { Clock } from "@holon/core/ports.ts";
import { hopSpanId } from "@holon/core/telemetry/hop.ts";
import { parseTraceparent } from "@holon/core/telemetry/trace-context.ts";
import type { Events } from "../event/events.ts";
import { createSpanRoom, spanRecord } from "../telemetry/spans.ts";
import type { ReceivedRun } from "./stream-receiver.ts";

export interface Hops {
  /** They are on the disk since now; `openedMs`: when the link was opened over which they came, monotonic. */
  arrived(from: string, openedMs: number, runs: readonly ReceivedRun[]): void;
}

export interface HopsOptions {
  readonly self: string;
  readonly integrity: Integrity;
  readonly events: Pick<Events, "record">;
  readonly clock: Pick<Clock, "wall" | "monotonicMs">;
  /** A time of that node's clock as it was here. */
  here(node: string, atMs: number): number;
  append(records: readonly NewRecord[]): void;
}

const decoder = new TextDecoder();
/** What stands in every event that has the attribute, wherever in it records begin to differ. */
const mark = "raceparent\":\"";

export function createHops({ self, integrity, events, clock, here, append }: HopsOptions): Hops {
  const room = createSpanRoom(limits.traceHopsPerSecond, clock);

  function* hopsOf(from: string, openedMs: number, { header, bytes }: ReceivedRun): Iterable<NewRecord> {
    if (header.form === "gap" || !mayCarry({ header, bytes })) return;
    const endMs = clock.wall().ms;
    for (const [index, record] of runRecords(bytes, header, integrity).records.entries()) {
      if (record === undefined || !decoder.decode(record).includes(mark)) continue;
      const { type, recordedtime, traceparent } = decodeStoredEvent(record);
      const span = parseTraceparent(traceparent);
      if (span?.sampled !== true || !room.take()) continue;
      const event = printRecordName({ ...header, sequence: header.firstSequence + index });
      const startMs = Math.min(endMs, here(header.origin, Date.parse(recordedtime)));
      const opened = endMs - (clock.monotonicMs() - openedMs);
      const before = header.origin === from ? undefined : hopSpanId(integrity.sha256, event, from);
      const dropped = room.dropped();
      const attributes = {
        "service.name": "holon",
        "service.instance.id": self,
        [spanNames.from]: from,
        [spanNames.to]: self,
        "holon.stream": header.stream,
        "cloudevents.event_id": event,
        "cloudevents.event_type": type,
        ...(before === undefined ? {} : { [spanNames.event]: span.spanId }),
        ...(dropped === 0 ? {} : { [spanNames.dropped]: dropped }),
      };
      yield spanRecord(events, "link", {
        span: { traceId: span.traceId, spanId: hopSpanId(integrity.sha256, event, self) },
        parent: before ?? span.spanId,
        name: `link ${from} to ${self}`,
        kind: "CONSUMER",
        startMs,
        endMs,
        attributes,
        moments: opened > startMs ? [{ name: spanNames.opened, atMs: opened }] : [],
      });
    }
  }

  /** Whether any of its records may carry a trace: most carry none, and are not looked at one by one. */
  const mayCarry = ({ header, bytes }: ReceivedRun): boolean =>
    decoder.decode(bytes.subarray(header.headerBytes)).includes(mark) || (runPreambles(bytes, header)?.preambles ?? []).some((preamble) => decoder.decode(preamble).includes("raceparent"));

  return {
    arrived(from, openedMs, runs) {
      const spans = runs.flatMap((run) => [...hopsOf(from, openedMs, run)]);
      if (spans.length > 0) append(spans);
    },
  };
}
