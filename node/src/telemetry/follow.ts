/** Reads what nodes tell of themselves out of this node's log, as it comes in, into a view of the fleet. */
import { parseStoredEvent } from "@holon/core/event/stored.ts";
import { limits } from "@holon/core/limits.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import { laneName, type Lane, type LogRecord } from "@holon/core/log/log.ts";
import type { Clock, Trace } from "@holon/core/ports.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import { createSlices } from "@holon/core/slice.ts";
import { tierSchema } from "@holon/core/schema/tier.ts";
import type { FleetView } from "@holon/core/telemetry/fleet-view.ts";
import { windowSchema, windowType, type Window } from "@holon/core/telemetry/window.ts";
import { z } from "zod";
import { acknowledgedType } from "../alert/alarms.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { linkNewsSchema, linkNewsType } from "./link-news.ts";

export const resumedType = "holon.node.resumed";
export const stoppedType = "holon.node.stopped";

const startedSchema = z.object({ site: z.string(), tier: tierSchema, jurisdiction: z.string() });
const enrolledSchema = z.object({ node: z.string(), site: z.string(), tier: tierSchema });
const revokedSchema = z.object({ node: z.string() });
const acknowledgedSchema = z.object({ id: z.string(), by: z.string(), at: z.iso.datetime(), note: z.string() });
export const resumedSchema = z.object({ how: z.enum(["stopped", "crashed"]), endedAtMs: z.number() });

export interface FollowOptions {
  readonly log: SegmentLog;
  readonly view: FleetView;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  /** A window of another node; `lateAtMs` where it came after it was due. */
  window(node: string, window: Window, lateAtMs: number | undefined): void;
  /** Somebody has taken on an alert, at another node. */
  acknowledged(told: z.infer<typeof acknowledgedSchema>): void;
  /** How far the clocks of others are off, by the word of a node above them, and when it said so, by its own. */
  clocks(teller: string, words: readonly { readonly node: string; readonly offMs: number; readonly epoch?: string | undefined }[], atMs: number): void;
  /** Who has said so before: what they say of who hangs on them is read first. */
  tellers(): Iterable<string>;
  /** A link of another node to one below it opened or ended just now. */
  linked(node: string, up: boolean, atMs: number): void;
  /** Of this node, written before this start. */
  ownWindow(window: Window): void;
}

export interface Follower {
  committed(lanes: readonly Lane[]): void;
  /** Reads all that is there. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

/** A window that was recorded in that run as it was by the clock here. */
export function windowHere(view: Pick<FleetView, "clockOff">, node: string, window: Window, epoch: string): Window {
  const offMs = view.clockOff(node, epoch, window.endMs);
  return offMs === undefined ? window : { ...window, startMs: window.startMs - offMs, endMs: window.endMs - offMs };
}

/** A run of which nothing was read: none of the newest. */
const unread = "";
const decoder = new TextDecoder();
/** Long enough for `{"type":"` and the longest of the types that count. */
const headBytes = 48;
const types = [windowType, linkNewsType, resumedType, stoppedType, "holon.node.started", "holon.node.enrolled", "holon.node.revoked", acknowledgedType];

export function createFollower(options: FollowOptions): Follower {
  const { log, view, ports } = options;
  const read = new Map<string, number>();
  const dirty = new Map<string, Lane>();
  let isLive = false;
  let working: Promise<void> | undefined;
  let closed = false;
  const slices = createSlices(ports.clock);
  /** Of each node, in which run it recorded what was read last, and in which before that. */
  const runs = new Map<string, { readonly epoch: string; readonly before: string }>();

  const now = () => ({ wallMs: ports.clock.wall().ms, monotonicMs: ports.clock.monotonicMs() });

  const counts = (lane: Lane): boolean => (lane.stream === "telemetry" || lane.stream === "audit") && lane.branch === undefined;

  /** Clocks are known before what was told by them is read, and so is whose word counts. */
  async function readClocks(): Promise<ReadonlySet<string>> {
    const found = await log.find({ accepts: (lane) => lane.stream === "telemetry" && lane.branch === undefined && lane.origin !== log.origin, type: linkNewsType, limit: limits.telemetryReadBackMax });
    for (const { record, event } of found) {
      const news = linkNewsSchema.safeParse(event.data);
      if (news.success) options.clocks(record.origin, news.data.clocks ?? [], Date.parse(event.time));
    }
    return new Set([...options.tellers(), ...found.map(({ record }) => record.origin)]);
  }

  async function work(): Promise<void> {
    slices.begin();
    for (let [next] = dirty; next !== undefined && !closed; [next] = dirty) {
      dirty.delete(next[0]);
      await readOn(next[1]);
    }
  }

  async function readOn(lane: Lane): Promise<void> {
    const name = laneName(lane);
    const head = log.head(lane)?.sequence ?? 0;
    const isFirst = !read.has(name);
    let from = (read.get(name) ?? Math.max(0, head - limits.telemetryReadBackMax)) + 1;
    if (isFirst && from > 1) await readWindowsBefore(lane, from, head);
    while (from <= head && !closed) {
      const records = await log.read(lane, from, { maxRecords: limits.unitBatchMax, maxBytes: limits.linkBatchBytesMax });
      for (const record of records) {
        take(record);
        const rest = slices.rest();
        if (rest !== undefined) await rest;
      }
      from = (records.at(-1)?.sequence ?? head) + 1;
      read.set(name, from - 1);
    }
  }

  /** Where much else is in a lane, spans and what SDKs tell, its last records reach back some minutes alone: windows that no count was kept of since are read all the same. */
  async function readWindowsBefore(lane: Lane, from: number, head: number): Promise<void> {
    const [last] = await log.read(lane, head, { maxRecords: 1, maxBytes: limits.linkBatchBytesMax });
    const told = last && eventOf(last);
    if (told === undefined) return;
    const sinceMs = Date.parse(told.recordedtime) - 2 * limits.objectiveKeepMs;
    const found = await log.find({ accepts: (one) => laneName(one) === laneName(lane), type: windowType, sinceMs, limit: limits.telemetryReadBackMax });
    for (const { record } of found) if (record.sequence < from && !closed) take(record);
  }

  function follow({ origin, epoch, stream }: LogRecord): void {
    const last = runs.get(origin);
    if (stream === "telemetry" && last?.epoch !== epoch) runs.set(origin, { epoch, before: last?.epoch ?? unread });
  }

  function take(record: LogRecord): void {
    follow(record);
    const begin = decoder.decode(record.bytes.subarray(0, headBytes));
    if (!types.some((type) => begin.startsWith(`{"type":"${type}"`))) return;
    const event = eventOf(record);
    if (event === undefined) return;
    if (record.stream === "audit") return audit(record, event);
    if (!isLive && record.origin !== log.origin) view.heard(record.origin, now(), Date.parse(event.recordedtime));
    telemetry(record, event);
  }

  function audit({ origin, epoch }: LogRecord, { type, data, time }: StoredEvent): void {
    const atMs = Date.parse(time);
    if (type === "holon.node.started") {
      const started = startedSchema.safeParse(data);
      if (started.success && origin !== log.origin) view.started(origin, started.data, atMs, epoch);
    } else if (type === acknowledgedType && origin !== log.origin) {
      const told = acknowledgedSchema.safeParse(data);
      if (told.success) options.acknowledged(told.data);
    } else if (origin === log.origin && type === "holon.node.enrolled") {
      const enrolled = enrolledSchema.safeParse(data);
      if (enrolled.success) view.enrolled(enrolled.data.node, enrolled.data, atMs);
    } else if (origin === log.origin && type === "holon.node.revoked") {
      const revoked = revokedSchema.safeParse(data);
      if (revoked.success) view.revoked(revoked.data.node, atMs);
    }
  }

  function telemetry({ origin, epoch }: LogRecord, { type, data, time }: StoredEvent): void {
    const isOwn = origin === log.origin;
    if (isOwn && epoch === log.epoch) return; // told when it was made
    if (isLive && !isOwn) view.recorded(origin, epoch);
    if (type === windowType) {
      const window = windowSchema.safeParse(data);
      if (!window.success) return;
      const told = windowHere(view, origin, window.data, epoch);
      const isLate = view.told(origin, told, now(), isLive && !isOwn, epoch);
      if (isOwn) options.ownWindow(told);
      else options.window(origin, told, isLate ? now().wallMs : undefined);
    } else if (type === linkNewsType && !isOwn) {
      const news = linkNewsSchema.safeParse(data);
      if (!news.success) return;
      for (const { node, up, atMs } of news.data.links) {
        view.link(origin, node, up, atMs, epoch);
        if (isLive) options.linked(node, up, view.here(origin, atMs, epoch));
      }
      options.clocks(origin, news.data.clocks ?? [], Date.parse(time));
    } else if (type === resumedType && !isOwn) {
      const resumed = resumedSchema.safeParse(data);
      if (resumed.success) view.resumed(origin, resumed.data.how, resumed.data.endedAtMs, Date.parse(time), epoch, runs.get(origin)?.before);
    } else if (type === stoppedType && !isOwn) view.stopped(origin, Date.parse(time), epoch);
  }

  function eventOf(record: LogRecord): StoredEvent | undefined {
    try {
      return parseStoredEvent(record.bytes, printRecordName(record));
    } catch {
      return undefined; // shown as unknown where events are read
    }
  }

  function go(): Promise<void> {
    working ??= work()
      .catch((error: unknown) => ports.trace.note("warn", `telemetry: ${error instanceof Error ? error.message : String(error)}`))
      .finally(() => {
        working = undefined;
        if (dirty.size > 0 && !closed) void go();
      });
    return working;
  }

  return {
    committed(lanes) {
      for (const lane of lanes) {
        if (lane.origin !== log.origin) view.heard(lane.origin, now());
        if (counts(lane)) dirty.set(laneName(lane), lane);
      }
      if (dirty.size > 0) void go();
    },
    async caughtUp() {
      const first = await readClocks();
      const lanes = [...log.heads().values()].map(({ lane }) => lane).filter(counts);
      for (const lane of [...lanes.filter(({ origin }) => first.has(origin)), ...lanes]) dirty.set(laneName(lane), lane);
      do await go();
      while (dirty.size > 0 && !closed);
      isLive = true;
    },
    async close() {
      closed = true;
      await working;
    },
  };
}
