/** Sources of one node: what a door hands over becomes events in `local`, acknowledged when they are on disk. */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import type { Log, NewRecord } from "@holon/core/log/log.ts";
import type { Door, DoorSink, OpenDoor, Reading, Trace } from "@holon/core/ports.ts";
import type { SourceSpec } from "@holon/core/schema/app.ts";
import type { Events } from "../event/events.ts";

export interface SourceStatus {
  readonly name: string;
  readonly kind: SourceSpec["kind"];
  readonly address: string | undefined;
  /** Readings acknowledged since the node started. */
  readonly readings: number;
  /** Bytes of their events. */
  readonly readBytes: number;
  readonly rejected: number;
  readonly ended: boolean;
  readonly problem: { readonly code: string; readonly message: string; readonly next: string } | undefined;
}

export interface RunningSource {
  status(): SourceStatus;
  close(): Promise<void>;
}

export interface SourceContext {
  readonly app: string;
  readonly log: Log;
  readonly events: Events;
  readonly door: Door;
  readonly trace: Trace;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const offsetCell = (app: string, source: string): string => `offset/${app}/${source}`;

export async function openSource(spec: SourceSpec, context: SourceContext): Promise<RunningSource> {
  const { app, log, events, trace } = context;
  const counts = { readings: 0, readBytes: 0, rejected: 0, ended: false };
  let problem: HolonError | undefined;
  let door: OpenDoor | undefined;
  const cell = offsetCell(app, spec.name);

  const toRecord = (reading: Reading): NewRecord =>
    events.record({
      stream: "local",
      type: reading.type,
      class: spec.class,
      producer: `${app}/${spec.name}`,
      subject: reading.subject,
      timeMs: reading.timeMs,
      data: reading.data,
    });

  const stored = log.cell(cell);
  const sink: DoorSink = {
    offset: stored && decoder.decode(stored),
    async accept(readings, offset) {
      const records = readings.map(toRecord);
      const cells = offset === undefined ? [] : [{ key: cell, value: encoder.encode(offset) }];
      await log.append({ records, cells });
      counts.readings += records.length;
      for (const record of records) counts.readBytes += record.bytes.length;
    },
    async reject(rejection) {
      counts.rejected += 1;
      const record = events.record({ stream: "audit", type: "holon.source.rejected", class: "public", producer: `${app}/${spec.name}`, data: { source: spec.name, ...rejection } });
      await log.append({ records: [record] });
    },
    ended(cause) {
      counts.ended = true;
      if (cause === undefined) return;
      problem = cause;
      trace.note("error", `source ${spec.name}: ${cause.message}`, { code: cause.code });
    },
  };
  try {
    door = await context.door.open(spec, sink);
  } catch (error) {
    problem = toHolonError(error);
    counts.ended = true;
    trace.note("error", `source ${spec.name} did not open: ${problem.message}`, { code: problem.code });
  }
  return {
    status: () => ({ name: spec.name, kind: spec.kind, address: door?.address, ...counts, problem: problem?.toJSON() }),
    close: async () => door?.close(),
  };
}
