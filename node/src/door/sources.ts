/** Sources of one node: what a door hands over becomes events in `local`, acknowledged when they are on disk. */
import { errorTable, HolonError, isErrorCode, toHolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import type { Append, CellChange, Lane, Log, NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Door, DoorSink, OpenDoor, Random, Reading, Trace } from "@holon/core/ports.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import type { SourceSpec, Tracing } from "@holon/core/schema/app.ts";
import type { StreamName } from "@holon/core/schema/event.ts";
import type { EventInput, Events } from "../event/events.ts";
import type { Guard } from "../policy/guard.ts";
import { createDoorTraces, type Entered } from "./door-traces.ts";
import { createInOrder } from "./in-order.ts";
import { openGives } from "./gives.ts";
import { openProducers, type Producers } from "./producers.ts";
import { openDeviceCounters, type CounterCounts, type DeviceCounters, type GapNews } from "./counters.ts";

export interface SourceStatus {
  readonly name: string;
  readonly kind: SourceSpec["kind"];
  readonly address: string | undefined;
  /** Readings acknowledged since the node started. */
  readonly readings: number;
  /** Bytes of their events. */
  readonly readBytes: number;
  readonly rejected: number;
  /** What its devices' counters told, since it was first opened; undefined where it declares none. */
  readonly counters: CounterCounts | undefined;
  readonly ended: boolean;
  readonly problem: { readonly code: string; readonly message: string; readonly next: string } | undefined;
}

export interface RunningSource {
  status(): SourceStatus;
  committed(lanes: readonly Lane[]): void;
  /** A unit of its app made them, and the disk does not have them yet. Returns to how many devices they were handed. */
  made(events: readonly EventInput[]): number;
  /** To devices behind its door, what roams. Returns to how many. */
  roaming(type: string, subject: string, payload: Uint8Array): number;
  close(): Promise<void>;
}

export interface SourceContext {
  readonly app: string;
  readonly log: Log;
  readonly events: Events;
  readonly guard: Pick<Guard, "mayExport" | "stays" | "lowered">;
  readonly door: Door;
  readonly clock: Clock;
  readonly random: Random;
  readonly trace: Trace;
  /** Of the app: of which readings the way is followed. */
  readonly tracing?: Tracing | undefined;
  /** Whether a trace is not to be followed, since a long outage is thinned. */
  readonly isThinned?: ((traceId: string) => boolean) | undefined;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const meansOf = (code: string): string => (isErrorCode(code) ? errorTable[code].means : "It was refused.");
const isFull = (error: unknown): error is HolonError => error instanceof HolonError && error.code === "HOLON_DISK_FULL";

export const offsetCell = (app: string, source: string): string => `offset/${app}/${source}`;

/** As for functions: what may not leave stays in `local`, so that a stream that leaves is never held up by it. */
const streamOf = ({ stream = "local", class: own }: SourceSpec, guard: SourceContext["guard"]): StreamName => (stream === "local" || guard.mayExport(own, stream) ? stream : "local");

export async function openSource(spec: SourceSpec, context: SourceContext): Promise<RunningSource> {
  const { app, log, events, guard, trace } = context;
  const counts = { readings: 0, readBytes: 0, rejected: 0, ended: false };
  let problem: HolonError | undefined;
  let door: OpenDoor | undefined;
  let closed = false;
  let wake: (() => void) | undefined;
  const cell = offsetCell(app, spec.name);

  const counters = spec.kind === "bulk" || spec.counter === undefined ? undefined : openDeviceCounters(spec.counter, app, spec.name, log);
  /** Readings with counters are judged one batch after the other, each when the one before is on disk. */
  let turn: Promise<unknown> = Promise.resolve();

  const traces = createDoorTraces(spec, { app, node: log.origin, tracing: context.tracing, isThinned: context.isThinned, guard, events, clock: context.clock, random: context.random });

  function toRecord(reading: Reading, { traceparent }: Entered, deviceCounter?: number): NewRecord {
    const stream = streamOf(spec, guard);
    if (stream !== (spec.stream ?? "local")) guard.stays(spec.class, spec.stream ?? "local");
    return events.record({
      stream,
      type: reading.type,
      class: spec.class,
      producer: `${app}/${spec.name}`,
      subject: reading.subject,
      timeMs: reading.timeMs,
      deviceCounter,
      traceparent,
      data: reading.data,
    });
  }

  /** They are on the disk: what their way through the door took is told behind them. */
  function stored(entered: readonly Entered[], stream: StreamName, sequences: readonly number[]): void {
    const spans = entered.flatMap(({ stored: spanOf }, index) => spanOf?.(printRecordName({ origin: log.origin, epoch: log.epoch, stream, sequence: sequences[index] ?? 0 })) ?? []);
    if (spans.length > 0) void log.append({ records: spans }).catch((error: unknown) => trace.note("debug", `source ${spec.name}: ${toHolonError(error).message}`)); // the readings are stored
  }

  const toGapRecord = ({ kind, device, ...range }: GapNews): NewRecord =>
    events.record({
      stream: spec.class === "personal" ? "local" : "telemetry", // its subject is a person
      type: kind === "opened" ? "holon.counter.gap" : "holon.counter.filled",
      class: "public",
      producer: `${app}/${spec.name}`,
      subject: device === "" ? undefined : device,
      data: { source: spec.name, ...range },
    });

  async function acceptCounted(readings: readonly Reading[], offsetCells: readonly CellChange[], sifter: DeviceCounters): Promise<readonly NewRecord[]> {
    const sifted = sifter.sift(readings);
    const entered = sifted.readings.map(({ reading }) => traces.enter(reading));
    const stream = streamOf(spec, guard);
    const records = sifted.readings.map(({ reading, counter }, index) => toRecord(reading, entered[index] ?? {}, counter));
    const sequences = await appendWhenThereIsRoom({ records: [...records, ...sifted.gaps.map(toGapRecord)], cells: [...offsetCells, ...sifted.cells] });
    sifted.stored();
    stored(entered, stream, sequences);
    if (sifter.counts().unfollowed > 0) {
      problem ??= new HolonError("HOLON_COUNTER_FULL", `source ${spec.name}: more than ${limits.counterDevicesMax} devices count; readings of further ones pass unsifted`);
    }
    return records;
  }

  /** A full disk is waited out, and said: the device is not told that its readings are safe before they are. */
  async function appendWhenThereIsRoom(entry: Append): Promise<readonly number[]> {
    for (;;) {
      try {
        const sequences = await log.append(entry);
        if (problem?.code === "HOLON_DISK_FULL") problem = undefined;
        return sequences;
      } catch (error) {
        if (!isFull(error) || closed) throw error;
        problem = error;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        context.clock.after(limits.diskFullRetryMs, resolve);
      });
    }
  }

  const appendInOrder = createInOrder({ log, isFull, whenThereIsRoom: appendWhenThereIsRoom });

  let producers: Producers | undefined;
  const producersContext = {
    app,
    source: spec.name,
    log,
    class: spec.class,
    stream: () => streamOf(spec, guard),
    attributes: (subject: string | undefined, timeMs: number | undefined) => events.attributes({ stream: "local", type: spec.type, class: spec.class, producer: `${app}/${spec.name}`, subject, timeMs }),
    stored(count: number, bytes: number) {
      counts.readings += count;
      counts.readBytes += bytes;
      if (problem?.code === "HOLON_DISK_FULL") problem = undefined;
    },
    failed: (failure: HolonError) => void (problem = failure),
  };

  const before = log.cell(cell);
  const sink: DoorSink = {
    offset: before && decoder.decode(before),
    async accept(readings, offset) {
      const cells = offset === undefined ? [] : [{ key: cell, value: encoder.encode(offset) }];
      let records: readonly NewRecord[];
      if (counters === undefined) {
        const entered = readings.map(traces.enter);
        records = readings.map((reading, index) => toRecord(reading, entered[index] ?? {}));
        const stream = streamOf(spec, guard);
        stored(entered, stream, await appendInOrder({ records, cells }));
      } else {
        const mine = turn.then(() => acceptCounted(readings, cells, counters));
        turn = mine.catch(() => undefined); // thrown to the door that handed them over
        records = await mine;
      }
      counts.readings += readings.length;
      for (const record of records) counts.readBytes += record.bytes.length;
    },
    enterProducer: (name, epoch, replaced) => (producers ??= openProducers(producersContext)).enter(name, epoch, replaced),
    async reject(rejection) {
      counts.rejected += 1;
      const told = (stream: "audit" | "local", what: typeof rejection): NewRecord => events.record({ stream, type: "holon.source.rejected", class: stream === "audit" ? "public" : spec.class, producer: `${app}/${spec.name}`, data: { source: spec.name, ...what } });
      // A topic may name a person: where it was stays here.
      const named = spec.class === "personal" ? [told("local", rejection), told("audit", { code: rejection.code, message: meansOf(rejection.code), position: "told in stream local" })] : [told("audit", rejection)];
      await appendWhenThereIsRoom({ records: named });
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
  const give = door?.give;
  const gives = spec.kind === "mqtt" && spec.gives !== undefined && give !== undefined ? openGives(spec, context, give) : undefined;
  return {
    committed: (lanes) => gives?.committed(lanes),
    made: (made) => gives?.made(made) ?? 0,
    roaming: (...order) => gives?.roaming(...order) ?? 0,
    status: () => ({ name: spec.name, kind: spec.kind, address: door?.address, ...counts, counters: counters?.counts(), problem: problem?.toJSON() }),
    close: async () => {
      closed = true;
      gives?.close();
      wake?.();
      await door?.close();
    },
  };
}
