/**
 * The curves of carbon and price of this node's electricity, from files, addresses or events, as its operator declares. What was read last stays on its disk: an island goes on by it. What
 * was before the moment at which a curve was read is kept as it was then, so that what a run really cost can be told.
 */
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { canonicalJson } from "@holon/core/json.ts";
import { parseStoredEvent, startsWith } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import type { Lane, Log, LogRecord, NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Feeds, Timer, Trace } from "@holon/core/ports.ts";
import { typePrefix } from "@holon/core/run/trigger-events.ts";
import { curveDataSchema, curveEvent, energyCurveSchema, energyKinds, sourceName, type EnergyCurve, type EnergyKind, type FeedSource } from "@holon/core/schema/energy.ts";
import { parseCurve } from "@holon/core/shifting/curve.ts";
import { hourMs } from "@holon/core/shifting/job.ts";
import type { Events } from "../event/events.ts";

export interface CurvesOptions {
  readonly sources: Readonly<Partial<Record<EnergyKind, FeedSource | undefined>>>;
  readonly feeds: Feeds | undefined;
  readonly log: Log;
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
}

export interface Curves {
  /** As known last; undefined: never. */
  of(kind: EnergyKind): EnergyCurve | undefined;
  start(): void;
  committed(lanes: readonly Lane[]): void;
  /** Asks its sources now. */
  read(): Promise<void>;
  close(): void;
}

const encoder = new TextEncoder();
const curveCell = (kind: EnergyKind): string => `energy/${kind}`;
/** What files and addresses give is a megawatt-hour, as markets publish it. */
const perKilowattHour = { carbon: 1, price: 1 / 1_000 } as const;

export function createCurves({ sources, feeds, log, events, ports }: CurvesOptions): Curves {
  const { clock, trace } = ports;
  const held = new Map<EnergyKind, EnergyCurve>();
  const told = new Map<EnergyKind, { readonly content: string; readonly atMs: number }>();
  const positions = new Map<string, number>();
  const problems = new Map<EnergyKind, string>();
  let timer: Timer | undefined;
  let busy: Promise<void> = Promise.resolve();
  let closed = false;
  for (const kind of energyKinds) {
    const bytes = log.cell(curveCell(kind));
    if (bytes !== undefined) held.set(kind, energyCurveSchema.parse(parseJson(bytes)));
  }
  const byEvent = energyKinds.flatMap((kind) => {
    const source = sources[kind];
    return source !== undefined && "event" in source ? [{ kind, type: source.event, prefix: encoder.encode(typePrefix(source.event)) }] : [];
  });
  if (byEvent.length > 0) for (const [name, { mark }] of log.heads()) positions.set(name, mark.sequence);

  async function take(kind: EnergyKind, fresh: Pick<EnergyCurve, "startMs" | "values">, from: string): Promise<void> {
    const nowMs = clock.wall().ms;
    const curve = energyCurveSchema.parse({ kind, ...merged(held.get(kind), fresh, nowMs), asOfMs: nowMs, from: from.slice(0, 256) });
    const content = canonicalJson([curve.startMs, curve.values]);
    const last = told.get(kind);
    // A curve that only grew older at its end is no news for a plan, and every hour is often enough for one that changes.
    const isNews = last === undefined || (last.content !== content && clock.monotonicMs() - last.atMs >= limits.curveTellMs);
    const records: NewRecord[] = isNews ? [events.record({ stream: "audit", type: curveEvent, class: "public", producer: "node", data: curve })] : [];
    await log.append({ records, cells: [{ key: curveCell(kind), value: encoder.encode(canonicalJson(curve)) }] });
    held.set(kind, curve);
    problems.delete(kind);
    if (isNews) told.set(kind, { content, atMs: clock.monotonicMs() });
  }

  async function readOne(kind: EnergyKind, source: FeedSource): Promise<void> {
    if ("event" in source) return;
    if (feeds === undefined) throw new HolonError("HOLON_CONFIG_BAD", `the curve of ${kind} comes from ${sourceName(source)}, which this node has no way to read`);
    const name = sourceName(source);
    const parsed = parseCurve(await feeds.read(source), name);
    if ((parsed.kind === "price") !== (kind === "price")) throw new HolonError("HOLON_TABLE_BAD", `${name} is a curve of ${parsed.kind}, and ${kind} is asked for`);
    await take(kind, around({ startMs: parsed.curve.startMs, values: [...parsed.curve.values].map((value) => value * perKilowattHour[kind]) }, clock.wall().ms), `${"file" in source ? "file" : "http"} ${name}`);
  }

  async function readAll(): Promise<void> {
    for (const kind of energyKinds) {
      const source = sources[kind];
      if (source === undefined || closed) continue;
      await readOne(kind, source).catch((error: unknown) => {
        const { code, message } = toHolonError(error);
        if (problems.get(kind) !== message) trace.note("warn", `curve of ${kind}: ${message}; what was read last counts on`, { code });
        problems.set(kind, message);
      });
    }
  }

  const inTurn = (work: () => Promise<void>): Promise<void> => (busy = busy.then(work));

  function again(): void {
    if (closed) return;
    void inTurn(readAll).then(() => void (closed || (timer = clock.after(limits.curveReadMs, again))));
  }

  /** All that came, in its order, so that the newest counts. */
  async function readEvents(): Promise<void> {
    for (const [name, { lane, mark }] of log.heads()) {
      while (!closed && (positions.get(name) ?? 0) < mark.sequence) {
        const records = await log.read(lane, (positions.get(name) ?? 0) + 1, { maxRecords: limits.unitBatchMax, maxBytes: limits.linkBatchBytesMax });
        for (const record of records) {
          const feed = byEvent.find(({ prefix }) => startsWith(record.bytes, prefix));
          if (feed !== undefined) await takeEvent(feed, record);
          positions.set(name, record.sequence);
        }
        if (records.length === 0) positions.set(name, mark.sequence);
      }
    }
  }

  async function takeEvent({ kind, type }: (typeof byEvent)[number], record: LogRecord): Promise<void> {
    const data = curveDataSchema.safeParse(dataOf(record));
    if (data.success) await take(kind, around(data.data, clock.wall().ms), `event ${type}`);
    else trace.note("warn", `curve of ${kind}: ${printRecordName(record)} is none: it is to hold startMs and values`, { code: "HOLON_EVENT_BAD" });
  }

  return {
    of: (kind) => held.get(kind),
    start() {
      if (energyKinds.some((kind) => sources[kind] !== undefined && !byEvent.some((feed) => feed.kind === kind))) again();
    },
    committed(lanes) {
      if (byEvent.length === 0 || lanes.every(({ stream }) => stream === "audit")) return;
      void inTurn(() => readEvents().catch((error: unknown) => trace.note("warn", `curves: ${toHolonError(error).message}`)));
    },
    read: () => inTurn(readAll),
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}

function dataOf(record: LogRecord): unknown {
  try {
    return parseStoredEvent(record.bytes, printRecordName(record)).data;
  } catch {
    return undefined; // told as what it is not
  }
}

type Hours = Pick<EnergyCurve, "startMs" | "values">;

/** A year's file holds more than anybody asks for. */
function around({ startMs, values }: Hours, nowMs: number): Hours {
  const first = Math.max(0, Math.min(values.length - 1, Math.floor((nowMs - startMs) / hourMs) - limits.curveBackHours));
  return { startMs: startMs + first * hourMs, values: values.slice(first, first + limits.curveHoursMax) };
}

/** Of hours that the new one does not hold, what was known stays, as far as it joins on. */
function merged(before: Hours | undefined, fresh: Hours, nowMs: number): Hours {
  if (before === undefined) return fresh;
  const ahead = Math.round((fresh.startMs - before.startMs) / hourMs);
  const joins = ahead > 0 && ahead <= before.values.length && before.startMs + ahead * hourMs === fresh.startMs;
  return joins ? around({ startMs: before.startMs, values: [...before.values.slice(0, ahead), ...fresh.values] }, nowMs) : fresh;
}
