/**
 * Alarms in this node's log as incidents: of one origin, type and subject, until none has come for a while, or, where it said that it is open, until it says that it is over. Which record begins one follows from the lane alone, so that every node that holds
 * the lane names it alike, and a receiver that hears of it from two of them can tell. What nodes below told of their own look is taken over as they told it.
 */
import type { IncidentBook } from "./book.ts";
import { over, type Incident } from "@holon/core/alert/incident.ts";
import { isSet } from "@holon/core/clock-set.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { laneName, type CellChange, type Lane, type LogRecord } from "@holon/core/log/log.ts";
import { fits } from "@holon/core/run/trigger-events.ts";
import type { Alerting } from "@holon/core/schema/alerting.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import { alertSchema, type Alert } from "@holon/core/telemetry/alert.ts";
import { saysOpen, saysOver } from "@holon/core/telemetry/says-over.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export const firedType = "holon.alert.fired";
export const endedType = "holon.alert.ended";
export const toldType = "holon.alert.told";
export const acknowledgedType = "holon.alert.acknowledged";

export interface AlarmReader {
  committed(lanes: readonly Lane[]): void;
  /** To be appended at the first start. */
  begun(): readonly CellChange[];
  /** Takes in what came since, by the wall clock here, behind which nothing has happened; returns how far, to be appended with it. Where it is not, it is said again the next time, and nothing is taken in twice. */
  read(nowMs: number): Promise<readonly CellChange[]>;
  /** Ends what has been quiet for long enough, as far as is known: of a node of which nobody will tell any more (undefined), by the time here. */
  quiet(nowMs: number, throughOf: (node: string) => number | undefined): void;
}

export interface AlarmOptions {
  readonly log: SegmentLog;
  readonly book: IncidentBook;
  readonly settings: Alerting;
  siteOf(node: string): string | undefined;
  /** A time of a node's clock in that run of it, as it was by the clock here. */
  here(node: string, atMs: number, epoch: string): number;
  /** A lane does not read; the others go on. */
  failed(error: unknown): void;
}

const prefix = "alert/read/";
/** Since this is there, every alarm of every lane is read. */
const begunCell = "alert/read/";
const encoder = new TextEncoder();

export function createAlarms({ log, book, settings, siteOf, here, failed }: AlarmOptions): AlarmReader {
  const dirty = new Set<string>();
  const lanes = new Map<string, Lane>();
  /** Up to where each was taken in, be it on disk or not. */
  const reached = new Map<string, number>();
  let more = { count: 0, atMs: 0 };
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

  async function readLane(lane: Lane, nowMs: number): Promise<void> {
    const name = laneName(lane);
    const head = log.head(lane)?.sequence ?? 0;
    const from = Math.max(positionOf(name) ?? passed.get(name) ?? 0, reached.get(name) ?? 0);
    if (head <= from) return;
    const records = await log.read(lane, from + 1, { maxRecords: limits.alarmsReadMax, maxBytes: limits.linkBatchBytesMax });
    for (const record of records) take(record, nowMs);
    const through = records.at(-1)?.sequence ?? head;
    reached.set(name, through);
    if (through < head) dirty.add(name);
  }

  /** By a clock here that nobody set nothing is told: those of others are the better ones. */
  function hereMs({ origin, epoch }: LogRecord, time: string, nowMs: number): number {
    const atMs = Date.parse(time);
    return isSet(nowMs) ? Math.min(here(origin, atMs, epoch), nowMs) : atMs;
  }

  function take(record: LogRecord, nowMs: number): void {
    const event = eventOf(record);
    if (event === undefined || event.type === "holon.log.opened" || event.type === toldType) return;
    if (event.type === firedType || event.type === endedType) {
      const alert = alertSchema.safeParse(event.data);
      const at = (time: string): string => isoTime(hereMs(record, time, nowMs));
      if (alert.success && record.origin !== log.origin) book.hear({ alert: { ...alert.data, since: at(alert.data.since), until: alert.data.until === null ? null : at(alert.data.until) }, class: event.class, jurisdiction: event.jurisdiction, node: record.origin });
      return;
    }
    alarm(record, event, nowMs);
  }

  function alarm(record: LogRecord, event: StoredEvent, nowMs: number): void {
    const { origin, epoch, sequence } = record;
    const atMs = hereMs(record, event.recordedtime, nowMs);
    const time = isoTime(hereMs(record, event.time, nowMs));
    const messageHere = (count: number): string => messageOf(event, origin, count, isoTime(atMs));
    const subject = event.subject ?? origin;
    const rule = `${origin}/${event.type}`;
    const open = book.openOf(rule, subject);
    const lastMs = open?.lastMs ?? atMs;
    if (saysOver(event.data)) {
      // Of an episode that is not known here, or is over already, it says nothing new.
      if (open !== undefined) book.put(over({ ...open, lastMs: atMs, alert: { ...open.alert, message: messageHere(open.alert.count) } }, () => true, time));
      return;
    }
    // Either way: what a clock told that was ahead is no reason to count all that comes after it as the same.
    const isOpen = saysOpen(event.data) || open?.isOpen === true;
    if (open !== undefined && (open.isOpen === true || Math.abs(atMs - lastMs) < settings.alarmQuietMs)) {
      const count = open.alert.count + 1;
      book.put({ ...open, lastMs: atMs, ...(isOpen ? { isOpen } : {}), alert: { ...open.alert, count, message: messageHere(count) } });
      return;
    }
    if (open !== undefined) book.put(over(open, () => true, isoTime(Math.min(lastMs + settings.alarmQuietMs, atMs))));
    const site = siteOf(origin);
    const [, producer = ""] = /^\/[^/]+\/(.+)\/[^/]+$/.exec(event.source) ?? [];
    const alert: Alert = {
      id: `alarm/${origin}/${epoch}/${sequence}`, rule, kind: "alarm", subject, severity: settings.pageOn.some((pattern) => fits(pattern, event.type)) ? "page" : "ticket", state: "firing",
      since: time, until: null, value: null, threshold: null, message: messageHere(1), count: 1, node: origin, ...(site === undefined ? {} : { site }), ...(producer === "" ? {} : { app: producer }),
    };
    book.hear({ alert, class: event.class, jurisdiction: event.jurisdiction, node: origin, lastMs: atMs, isOpen });
  }

  // Of a log that is older than the account of its alarms, what was there is past: nobody is told of it now.
  const past = log.cell(begunCell) === undefined ? [...log.heads().values()].filter(({ lane, mark }) => counts(lane) && mark.sequence > 1 && positionOf(laneName(lane)) === undefined) : [];
  const passed = new Map(past.map(({ lane, mark }) => [laneName(lane), mark.sequence]));
  for (const { lane } of log.heads().values()) committed([lane]);
  return {
    committed,
    begun: () => (log.cell(begunCell) === undefined ? [{ key: begunCell, value: encoder.encode("true") }, ...[...passed].map(([name, through]): CellChange => ({ key: `${prefix}${name}`, value: encoder.encode(JSON.stringify(through)) }))] : []),
    async read(nowMs) {
      for (const name of [...dirty]) {
        dirty.delete(name);
        const lane = lanes.get(name);
        if (lane === undefined) continue;
        await readLane(lane, nowMs).catch((error: unknown) => {
          dirty.add(name);
          failed(error);
        });
      }
      return [...reached].flatMap(([name, through]): CellChange[] => {
        if (positionOf(name) !== through) return [{ key: `${prefix}${name}`, value: encoder.encode(JSON.stringify(through)) }];
        reached.delete(name);
        return [];
      });
    },
    quiet(nowMs, throughOf) {
      const open = book.all().filter(({ alert }) => alert.state === "firing");
      for (const incident of open) {
        if (incident.alert.kind !== "alarm") continue;
        if (incident.alert.rule === "more") quietMore(incident, open.length - 1, nowMs);
        else quietOne(incident, nowMs, throughOf);
      }
    },
  };

  function quietOne(incident: Incident, nowMs: number, throughOf: (node: string) => number | undefined): void {
    const { lastMs = 0 } = incident;
    // A clock that was ahead would keep it open until then: it counts as told now.
    if (lastMs > nowMs + limits.telemetryAheadMs) return isSet(nowMs) ? book.put({ ...incident, lastMs: nowMs }) : undefined;
    const overMs = lastMs + settings.alarmQuietMs;
    const origin = incident.alert.node ?? "";
    const throughMs = origin === log.origin ? nowMs : throughOf(origin);
    if (incident.isOpen === true && throughMs !== undefined) return; // its node will say when it is over
    const knownMs = Math.min(nowMs, throughMs ?? nowMs);
    if (knownMs >= overMs) book.put(over(incident, () => true, isoTime(overMs)));
  }

  /** That there are more than it holds is over when there is room again, and nothing came on top for a while. */
  function quietMore(incident: Incident, others: number, nowMs: number): void {
    const { count } = incident.alert;
    if (count !== more.count || nowMs < more.atMs || others >= limits.alertsOpenMax) more = { count, atMs: nowMs };
    else if (nowMs - more.atMs >= settings.alarmQuietMs) book.put(over(incident, () => true, isoTime(nowMs)));
  }
}

const messageOf = ({ type, subject }: StoredEvent, origin: string, count: number, last: string): string => `${type}${subject === undefined ? "" : ` of ${subject}`} at ${origin}${count === 1 ? "" : `, ${count} times, the last at ${last}`}`;

function eventOf(record: LogRecord): StoredEvent | undefined {
  try {
    return parseStoredEvent(record.bytes, `${laneName(record)}/${record.sequence}`);
  } catch {
    return undefined; // shown as unknown where events are read
  }
}
