/** Sources of one node: what a door hands over becomes events in `local`, acknowledged when they are on disk. */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Append, Log, NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Door, DoorSink, OpenDoor, Reading, Trace } from "@holon/core/ports.ts";
import type { SourceSpec } from "@holon/core/schema/app.ts";
import type { StreamName } from "@holon/core/schema/event.ts";
import type { Events } from "../event/events.ts";
import type { EgressGuard } from "../policy/egress-guard.ts";

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
  readonly guard: Pick<EgressGuard, "mayExport">;
  readonly door: Door;
  readonly clock: Clock;
  readonly trace: Trace;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const offsetCell = (app: string, source: string): string => `offset/${app}/${source}`;

/** As for functions: what may not leave stays in `local`, so that a stream that leaves is never held up by it. */
const streamOf = ({ stream = "local", class: own }: SourceSpec, guard: SourceContext["guard"]): StreamName => (guard.mayExport(own) ? stream : "local");

export async function openSource(spec: SourceSpec, context: SourceContext): Promise<RunningSource> {
  const { app, log, events, guard, trace } = context;
  const counts = { readings: 0, readBytes: 0, rejected: 0, ended: false };
  let problem: HolonError | undefined;
  let door: OpenDoor | undefined;
  let closed = false;
  let wake: (() => void) | undefined;
  const cell = offsetCell(app, spec.name);

  const toRecord = (reading: Reading): NewRecord =>
    events.record({
      stream: streamOf(spec, guard),
      type: reading.type,
      class: spec.class,
      producer: `${app}/${spec.name}`,
      subject: reading.subject,
      timeMs: reading.timeMs,
      data: reading.data,
    });

  /** A full disk is waited out, and said: the device is not told that its readings are safe before they are. */
  async function appendWhenThereIsRoom(entry: Append): Promise<void> {
    for (;;) {
      try {
        await log.append(entry);
        if (problem?.code === "HOLON_DISK_FULL") problem = undefined;
        return;
      } catch (error) {
        if (!(error instanceof HolonError) || error.code !== "HOLON_DISK_FULL" || closed) throw error;
        problem = error;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        context.clock.after(limits.diskFullRetryMs, resolve);
      });
    }
  }

  const stored = log.cell(cell);
  const sink: DoorSink = {
    offset: stored && decoder.decode(stored),
    async accept(readings, offset) {
      const records = readings.map(toRecord);
      const cells = offset === undefined ? [] : [{ key: cell, value: encoder.encode(offset) }];
      await appendWhenThereIsRoom({ records, cells });
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
    close: async () => {
      closed = true;
      wake?.();
      await door?.close();
    },
  };
}
