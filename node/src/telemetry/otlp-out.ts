/**
 * Sends the telemetry that this node's log holds to a collector, over OTLP/HTTP: lane by lane from a position that is stored after each answer. A request that was answered is not sent again;
 * one whose answer was lost with the power is, once, and each resource says by `holon.record` which record it is. Tries again as the protocol says, for ever. What the policy does not let go where the collector
 * stands is passed over; of a request that the collector calls bad, the record for which it is (`halving.ts`), and its other records go.
 */
import { errorTable, HolonError, type ErrorCode } from "@holon/core/errors.ts";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { showEvent } from "@holon/core/event/stored.ts";
import { backoffMs } from "@holon/core/link/backoff.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import { printRecordName } from "@holon/core/log/identity.ts";
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { lastSequence, lostRanges } from "@holon/core/log/run.ts";
import type { Clock, Collector, Random, Timer, Trace } from "@holon/core/ports.ts";
import { convert, shapes, signals, type Signal } from "@holon/core/telemetry/otlp/convert.ts";
import { decodeJson, decodeProtobuf, encodeJson, encodeProtobuf, type OtlpMessage } from "@holon/core/telemetry/otlp/encoding.ts";
import { withoutBadIds } from "@holon/core/telemetry/otlp/ids.ts";
import type { ExportStatus } from "@holon/core/telemetry/export-status.ts";
import type { ExportSettings } from "@holon/core/telemetry/settings.ts";
import { z } from "zod";
import type { BatchRun } from "../log/scan.ts";
import type { SegmentLog } from "../log/segment-log.ts";
import { whyNoAnswer } from "./collector-answer.ts";
import { sendHalving, type Halved } from "./halving.ts";
import { createSetAside } from "./set-aside.ts";

export interface OtlpOut {
  committed(lanes: readonly Lane[]): void;
  status(): ExportStatus;
  close(): Promise<void>;
}

export interface OtlpOutOptions {
  readonly settings: ExportSettings;
  readonly log: SegmentLog;
  readonly collector: Collector;
  /** Asked of each run before a byte of it goes. */
  mayLeave(run: BatchRun): Promise<boolean>;
  readonly ports: { readonly clock: Clock; readonly random: Random; readonly trace: Trace };
}

const prefix = "export/";
/** How far a lane was sent; of the records behind that, through which one which signals were; of a signal that goes in parts, through which record it went. */
const positionSchema = z.strictObject({ sequence: z.int(), through: z.int(), done: z.array(z.enum(signals)), part: z.strictObject({ signal: z.enum(signals), through: z.int() }).optional() });
type Position = z.infer<typeof positionSchema>;
const encoder = new TextEncoder();
/** Said of whoever asks, of the address, or of the way there: not of what was sent, which waits in the log until that is mended. */
const isOfTheContent = (status: number): boolean => status >= 400 && status < 500 && !ofWhoAsks.includes(status) && ![408, 425, 429].includes(status);
const ofWhoAsks: readonly number[] = [401, 403, 404, 405, 407, 421];

/** What a record has for one signal. */
interface Entry {
  readonly sequence: number;
  readonly name: string;
  readonly resource: OtlpMessage;
}

export function createOtlpOut({ settings, log, collector, mayLeave, ports }: OtlpOutOptions): OtlpOut {
  const { clock } = ports;
  const isJson = settings.encoding === "json";
  const to = new URL(settings.url).host;
  let timer: Timer | undefined;
  let working: Promise<void> | undefined;
  let again = false;
  let attempt = 0;
  let closed = false;
  let sent = 0;
  let withheld = 0;
  let gone = 0;
  const aside = createSetAside(log, clock);
  /** Through which record what was withheld of a lane is counted. */
  const withheldThrough = new Map<string, number>();
  const goneThrough = new Map<string, number>();
  let problem: ExportStatus["problem"];
  /** As they were read from their cells: a root asks for ten thousand of them with each look at its status. */
  const positions = new Map<string, { readonly cell: Uint8Array; readonly position: Position }>();
  /** Of a batch that is tried again, by lane and signal. */
  const halvedOf = new Map<string, Halved>();

  const counts = (lane: Lane): boolean => lane.stream === "telemetry" && (settings.of === "all" || lane.origin === log.origin);
  const cellOf = (lane: Lane): string => `${prefix}${laneName(lane)}`;
  const positionOf = (lane: Lane): Position => {
    const key = cellOf(lane);
    const cell = log.cell(key);
    if (cell === undefined) return { sequence: 0, through: 0, done: [] };
    const before = positions.get(key);
    if (before?.cell === cell) return before.position;
    const position = positionSchema.parse(parseJson(cell));
    positions.set(key, { cell, position });
    return position;
  };
  const keep = async (lane: Lane, position: Position): Promise<void> => void (await log.append({ cells: [{ key: cellOf(lane), value: encoder.encode(JSON.stringify(position)) }, ...aside.changes()] }));
  const lanes = (): readonly { readonly lane: Lane; readonly head: number }[] => [...log.heads().values()].filter(({ lane }) => counts(lane)).map(({ lane, mark }) => ({ lane, head: mark.sequence }));

  async function work(): Promise<void> {
    do {
      again = false;
      for (const { lane, head } of lanes()) while (!closed && (await sendSome(lane, head)));
    } while (again && !closed);
  }

  /** Records that are not here any more, behind what was sent. */
  function countGone({ header, bytes }: BatchRun, sentThrough: number): void {
    const name = laneName(header);
    let through = Math.max(goneThrough.get(name) ?? 0, sentThrough);
    for (const { first, last } of lostRanges(bytes, header)) {
      gone += Math.max(0, last - Math.max(first - 1, through));
      through = Math.max(through, last);
    }
    goneThrough.set(name, through);
  }

  async function isAllowed(run: BatchRun, sentThrough: number): Promise<boolean> {
    countGone(run, sentThrough);
    if (run.header.form === "gap" || (await mayLeave(run))) return true;
    const name = laneName(run.header);
    const before = withheldThrough.get(name);
    const last = lastSequence(run.header);
    if (before === undefined) ports.trace.note("warn", `export: the policy does not let ${name} go to ${settings.jurisdiction}: it is passed over`);
    if (last > (before ?? 0)) withheld += run.header.count;
    withheldThrough.set(name, Math.max(before ?? 0, last));
    return false;
  }

  /** One batch of one lane. `false` where there is no more. */
  async function sendSome(lane: Lane, head: number): Promise<boolean> {
    const position = positionOf(lane);
    if (position.sequence >= head) return false;
    const isOpen = position.through > position.sequence;
    // A batch that was begun is ended as it was begun, so that no record of it goes twice.
    const records = (await log.read(lane, position.sequence + 1, { maxRecords: isOpen ? position.through - position.sequence : limits.otlpBatchRecords, maxBytes: isOpen ? Infinity : limits.otlpBatchBytes }, (run) => isAllowed(run, position.sequence))).filter(({ sequence }) => !isOpen || sequence <= position.through);
    const through = isOpen ? position.through : (records.at(-1)?.sequence ?? head);
    let { done } = position;
    const gathered = new Map<Signal, Entry[]>();
    /** Told once, when the batch is through. */
    const malformed: (() => void)[] = [];
    for (const record of records) {
      const converted = readable(() => convert(showEvent(record)));
      if (converted === undefined) continue;
      const { resource, left, why } = withoutBadIds(converted.signal, converted.resource);
      if (why !== undefined) malformed.push(() => setAside(left, `${left} of ${printRecordName(record)} do not go out: ${why}`));
      const entries = gathered.get(converted.signal) ?? [];
      entries.push({ sequence: record.sequence, name: printRecordName(record), resource });
      gathered.set(converted.signal, entries);
    }
    const open = signals.filter((signal) => gathered.has(signal) && !done.includes(signal));
    if (!isOpen && open.length > 1) await keep(lane, { sequence: position.sequence, through, done: [] });
    for (const [index, signal] of open.entries()) {
      if (closed) return false;
      const from = position.part?.signal === signal ? position.part.through : position.sequence;
      const entries = (gathered.get(signal) ?? []).filter(({ sequence }) => sequence > from);
      const key = `${laneName(lane)} ${signal}`;
      const halved: Halved = halvedOf.get(key) ?? { bad: undefined };
      halvedOf.set(key, halved);
      await sendHalving(entries, {
        send: (part) => post(signal, part),
        through: ({ sequence }) => keep(lane, { sequence: position.sequence, through, done, part: { signal, through: sequence } }),
        aside: (part) => setAside(part.length, `the collector calls ${part.length === 1 ? (part[0]?.name ?? "") : `${part.length} records from ${part[0]?.name ?? ""} on`} bad (${signal}): ${part.length === 1 ? "it is" : "they are"} set aside`),
      }, halved);
      halvedOf.delete(key);
      done = [...done, signal];
      if (index < open.length - 1) await keep(lane, { sequence: position.sequence, through, done });
    }
    for (const tell of malformed) tell();
    await keep(lane, { sequence: through, through, done: [] });
    sent += records.length;
    return through < head;
  }

  function setAside(count: number, why: string): void {
    aside.add(count, why);
    ports.trace.note("warn", `export: ${why}`);
  }

  /** Fails where it is to be tried again. */
  async function post(signal: Signal, entries: readonly Entry[]): Promise<"taken" | "bad"> {
    if (closed) throw new Later("HOLON_COLLECTOR_UNREACHABLE", "the node stops", undefined);
    const shape = shapes[signal];
    const request: OtlpMessage = { [shape.resources]: entries.map(({ resource }) => resource) };
    const contentType = isJson ? "application/json" : "application/x-protobuf";
    const answer = await collector.post(addressOf(settings.url, signal), contentType, isJson ? encodeJson(request) : encodeProtobuf(shape.request, request));
    if (isOfTheContent(answer.status)) return "bad";
    if (answer.status < 200 || answer.status >= 300) throw new Later(ofWhoAsks.includes(answer.status) ? "HOLON_COLLECTOR_REFUSED" : "HOLON_COLLECTOR_UNREACHABLE", `the collector answered ${answer.status}`, answer.retryAfterMs);
    const told = readable(() => (isJson ? decodeJson(shape.response, answer.body) : decodeProtobuf(shape.response, answer.body)));
    const why = whyNoAnswer(answer.body, told);
    if (why !== undefined) throw new Later("HOLON_COLLECTOR_REFUSED", why, undefined);
    const partial = told?.["partialSuccess"];
    const refused = typeof partial === "object" && !Array.isArray(partial) ? Number(partial[shape.rejected] ?? 0) : 0;
    if (refused > 0) setAside(refused, `the collector rejected ${refused} of ${signal}`);
    attempt = 0;
    problem = undefined;
    return "taken";
  }

  function failed(error: unknown): void {
    const { code, message, next } = error instanceof Later ? { ...error.said, next: errorTable[error.said.code].next } : error instanceof HolonError ? error : { code: "HOLON_COLLECTOR_UNREACHABLE", message: `the collector ${to} does not answer`, next: errorTable.HOLON_COLLECTOR_UNREACHABLE.next };
    if (message !== problem?.message) ports.trace.note("warn", `export: ${message}: what is to go there waits in the log, and is tried again`, { code });
    problem = { code, message, next, since: problem?.since ?? isoTime(clock.wall().ms) };
  }

  function go(): void {
    if (closed || timer !== undefined) return;
    if (working !== undefined) return void (again = true);
    working = work()
      .catch((error: unknown) => {
        const later = error instanceof Later ? error : undefined;
        failed(later ?? error);
        // A collector that says "at once", or names a time that was, is not asked at once.
        const waitMs = later?.afterMs === undefined ? backoffMs(attempt++, { firstMs: limits.otlpRetryMs, maxMs: limits.otlpRetryMaxMs }, ports.random.uniform()) : Math.max(limits.otlpRetryMs, later.afterMs);
        if (closed) return;
        timer = clock.after(waitMs, () => {
          timer = undefined;
          go();
        });
      })
      .finally(() => {
        working = undefined;
      });
  }

  go();
  return {
    committed(touched) {
      if (touched.some(counts)) go();
    },
    status: () => ({
      to,
      jurisdiction: settings.jurisdiction,
      behind: lanes().reduce((sum, { lane, head }) => sum + head - positionOf(lane).sequence, 0),
      sent,
      ...aside.status(),
      withheld,
      gone,
      ...(problem === undefined ? {} : { problem }),
    }),
    async close() {
      closed = true;
      timer?.cancel();
      await working;
    },
  };
}

class Later extends Error {
  readonly said: { readonly code: ErrorCode; readonly message: string };
  readonly afterMs: number | undefined;

  constructor(code: ErrorCode, message: string, afterMs: number | undefined) {
    super(message);
    this.said = { code, message };
    this.afterMs = afterMs;
  }
}

/** A record that does not parse, or an answer that is none, holds nothing up. */
function readable<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

/** A collector's address may ask with a query, which stays behind the path. */
export function addressOf(base: string, signal: Signal): string {
  const [, path = "", query = ""] = /^([^?#]*)(\?[^#]*)?/.exec(base) ?? [];
  return `${path.replace(/\/$/, "")}/v1/${signal}${query}`;
}
