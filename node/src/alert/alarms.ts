/**
 * Alarms in this node's log as incidents: of one origin, type and subject, until none has come for a while. Which record begins one follows from the lane alone, so that every node that holds
 * the lane names it alike, and a receiver that hears of it from two of them can tell. What nodes below told of their own look is taken over as they told it.
 */
import type { IncidentBook } from "./book.ts";
import { over } from "@holon/core/alert/incident.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { laneName, type CellChange, type Lane, type LogRecord } from "@holon/core/log/log.ts";
import { fits } from "@holon/core/run/trigger-events.ts";
import type { Alerting } from "@holon/core/schema/alerting.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import { alertSchema, type Alert } from "@holon/core/telemetry/alert.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export const firedType = "holon.alert.fired";
export const endedType = "holon.alert.ended";
export const toldType = "holon.alert.told";
export const acknowledgedType = "holon.alert.acknowledged";

export interface AlarmReader {
  committed(lanes: readonly Lane[]): void;
  /** To be appended at the first start. */
  begun(): readonly CellChange[];
  /** Takes in what came since; returns how far, to be appended with it. Where it is not, it is read again. */
  read(): Promise<readonly CellChange[]>;
  /** Ends what has been quiet for long enough, as far as is known. */
  quiet(nowMs: number, throughOf: (node: string) => number | undefined): void;
}

export interface AlarmOptions {
  readonly log: SegmentLog;
  readonly book: IncidentBook;
  readonly settings: Alerting;
  siteOf(node: string): string | undefined;
}

const prefix = "alert/read/";
/** Since this is there, every alarm of every lane is read. */
const begunCell = "alert/read/";
const encoder = new TextEncoder();

export function createAlarms({ log, book, settings, siteOf }: AlarmOptions): AlarmReader {
  const dirty = new Set<string>();
  const lanes = new Map<string, Lane>();
  const counts = (lane: Lane): boolean => lane.stream === "alarm" && lane.branch === undefined;
  const positionOf = (name: string): number | undefined => {
    const cell = log.cell(`${prefix}${name}`);
    return cell === undefined ? undefined : Number(parseJson(cell));
  };

  function committed(touched: readonly Lane[]): void {
    for (const lane of touched) {
      if (!counts(lane)) continue;
      lanes.set(laneName(lane), lane);
      dirty.add(laneName(lane));
    }
  }

  async function readLane(lane: Lane): Promise<CellChange | undefined> {
    const name = laneName(lane);
    const head = log.head(lane)?.sequence ?? 0;
    const from = positionOf(name) ?? passed.get(name) ?? 0;
    if (head <= from) return undefined;
    const records = await log.read(lane, from + 1, { maxRecords: limits.alarmsReadMax, maxBytes: limits.linkBatchBytesMax });
    for (const record of records) take(record);
    const through = records.at(-1)?.sequence ?? head;
    if (through < head) dirty.add(name);
    return { key: `${prefix}${name}`, value: encoder.encode(JSON.stringify(through)) };
  }

  function take(record: LogRecord): void {
    const event = eventOf(record);
    if (event === undefined || event.type === "holon.log.opened" || event.type === toldType) return;
    if (event.type === firedType || event.type === endedType) {
      const alert = alertSchema.safeParse(event.data);
      if (alert.success && record.origin !== log.origin) book.hear({ alert: alert.data, class: event.class, jurisdiction: event.jurisdiction, node: record.origin });
      return;
    }
    alarm(record, event);
  }

  function alarm({ origin, epoch, sequence }: LogRecord, event: StoredEvent): void {
    const atMs = Date.parse(event.recordedtime);
    const subject = event.subject ?? origin;
    const rule = `${origin}/${event.type}`;
    const open = book.openOf(rule, subject);
    if (open !== undefined && atMs - (open.lastMs ?? atMs) < settings.alarmQuietMs) {
      const count = open.alert.count + 1;
      book.put({ ...open, lastMs: Math.max(atMs, open.lastMs ?? atMs), alert: { ...open.alert, count, message: messageOf(event, origin, count) } });
      return;
    }
    if (open !== undefined) book.put(over(open, () => true, isoTime((open.lastMs ?? atMs) + settings.alarmQuietMs)));
    const site = siteOf(origin);
    const [, producer = ""] = /^\/[^/]+\/(.+)\/[^/]+$/.exec(event.source) ?? [];
    const alert: Alert = {
      id: `alarm/${origin}/${epoch}/${sequence}`, rule, kind: "alarm", subject, severity: settings.pageOn.some((pattern) => fits(pattern, event.type)) ? "page" : "ticket", state: "firing",
      since: event.time, until: null, value: null, threshold: null, message: messageOf(event, origin, 1), count: 1, node: origin, ...(site === undefined ? {} : { site }), ...(producer === "" ? {} : { app: producer }),
    };
    book.hear({ alert, class: event.class, jurisdiction: event.jurisdiction, node: origin, lastMs: atMs });
  }

  // Of a log that is older than the account of its alarms, what was there is past: nobody is told of it now.
  const past = log.cell(begunCell) === undefined ? [...log.heads().values()].filter(({ lane, mark }) => counts(lane) && mark.sequence > 1 && positionOf(laneName(lane)) === undefined) : [];
  const passed = new Map(past.map(({ lane, mark }) => [laneName(lane), mark.sequence]));
  for (const { lane } of log.heads().values()) committed([lane]);
  return {
    committed,
    begun: () => (log.cell(begunCell) === undefined ? [{ key: begunCell, value: encoder.encode("true") }, ...[...passed].map(([name, through]): CellChange => ({ key: `${prefix}${name}`, value: encoder.encode(JSON.stringify(through)) }))] : []),
    async read() {
      const cells: CellChange[] = [];
      for (const name of [...dirty]) {
        dirty.delete(name);
        const lane = lanes.get(name);
        const cell = lane && (await readLane(lane).catch((error: unknown) => {
          dirty.add(name);
          throw error;
        }));
        if (cell !== undefined) cells.push(cell);
      }
      return cells;
    },
    quiet(nowMs, throughOf) {
      for (const incident of book.all()) {
        if (incident.alert.kind !== "alarm" || incident.alert.state !== "firing" || incident.alert.rule === "more") continue;
        const overMs = (incident.lastMs ?? 0) + settings.alarmQuietMs;
        const origin = incident.alert.node ?? "";
        const knownMs = origin === log.origin ? nowMs : Math.min(nowMs, throughOf(origin) ?? -Infinity);
        if (knownMs >= overMs) book.put(over(incident, () => true, isoTime(overMs)));
      }
    },
  };
}

const messageOf = ({ type, subject, recordedtime }: StoredEvent, origin: string, count: number): string => `${type}${subject === undefined ? "" : ` of ${subject}`} at ${origin}${count === 1 ? "" : `, ${count} times, the last at ${recordedtime}`}`;

function eventOf(record: LogRecord): StoredEvent | undefined {
  try {
    return parseStoredEvent(record.bytes, `${laneName(record)}/${record.sequence}`);
  } catch {
    return undefined; // shown as unknown where events are read
  }
}
