/**
 * Sends the telemetry that this node's log holds to a collector, over OTLP/HTTP: lane by lane from a position that is stored after each answer. A request that was answered is not sent again;
 * one whose answer was lost with the power is, once, and each resource says by `holon.record` which record it is. Tries again as the protocol says, for ever; only what the collector calls bad is passed over,
 * and what the policy does not let go where the collector stands.
 */
import { toHolonError } from "@holon/core/errors.ts";
import { showEvent } from "@holon/core/event/stored.ts";
import { backoffMs } from "@holon/core/link/backoff.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import { laneName, type Lane } from "@holon/core/log/log.ts";
import { lastSequence } from "@holon/core/log/run.ts";
import type { Clock, Collector, Random, Timer, Trace } from "@holon/core/ports.ts";
import { convert, shapes, signals, type Signal } from "@holon/core/telemetry/otlp/convert.ts";
import { decodeJson, decodeProtobuf, encodeJson, encodeProtobuf, type OtlpMessage } from "@holon/core/telemetry/otlp/encoding.ts";
import type { ExportSettings } from "@holon/core/telemetry/settings.ts";
import { z } from "zod";
import type { BatchRun } from "../log/scan.ts";
import type { SegmentLog } from "../log/segment-log.ts";

export interface OtlpOutStatus {
  readonly url: string;
  /** Records that are not there yet. */
  readonly behind: number;
  readonly sent: number;
  /** Items that the collector called bad. */
  readonly rejected: number;
  /** Records that the policy did not let go, since this start. */
  readonly withheld: number;
  readonly problem: string | undefined;
}

export interface OtlpOut {
  committed(lanes: readonly Lane[]): void;
  status(): OtlpOutStatus;
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
/** How far a lane was sent; of the records behind that, through which one which signals were. */
const positionSchema = z.strictObject({ sequence: z.int(), through: z.int(), done: z.array(z.enum(signals)) });
type Position = z.infer<typeof positionSchema>;
const encoder = new TextEncoder();
const retriable: readonly number[] = [429, 502, 503, 504];

export function createOtlpOut({ settings, log, collector, mayLeave, ports }: OtlpOutOptions): OtlpOut {
  const { clock } = ports;
  const isJson = settings.encoding === "json";
  let timer: Timer | undefined;
  let working: Promise<void> | undefined;
  let again = false;
  let attempt = 0;
  let closed = false;
  let sent = 0;
  let rejected = 0;
  let withheld = 0;
  /** Through which record what was withheld of a lane is counted. */
  const withheldThrough = new Map<string, number>();
  let problem: string | undefined;

  const counts = (lane: Lane): boolean => lane.stream === "telemetry" && (settings.of === "all" || lane.origin === log.origin);
  const cellOf = (lane: Lane): string => `${prefix}${laneName(lane)}`;
  const positionOf = (lane: Lane): Position => {
    const cell = log.cell(cellOf(lane));
    return cell === undefined ? { sequence: 0, through: 0, done: [] } : positionSchema.parse(parseJson(cell));
  };
  const keep = (lane: Lane, position: Position): Promise<unknown> => log.append({ cells: [{ key: cellOf(lane), value: encoder.encode(JSON.stringify(position)) }] });
  const lanes = (): readonly { readonly lane: Lane; readonly head: number }[] => [...log.heads().values()].filter(({ lane }) => counts(lane)).map(({ lane, mark }) => ({ lane, head: mark.sequence }));

  async function work(): Promise<void> {
    do {
      again = false;
      for (const { lane, head } of lanes()) while (!closed && (await sendSome(lane, head)));
    } while (again && !closed);
  }

  async function isAllowed(run: BatchRun): Promise<boolean> {
    if (await mayLeave(run)) return true;
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
    const records = (await log.read(lane, position.sequence + 1, { maxRecords: isOpen ? position.through - position.sequence : limits.otlpBatchRecords, maxBytes: isOpen ? Infinity : limits.otlpBatchBytes }, isAllowed)).filter(({ sequence }) => !isOpen || sequence <= position.through);
    const through = isOpen ? position.through : (records.at(-1)?.sequence ?? head);
    let { done } = position;
    const gathered = new Map<Signal, OtlpMessage[]>();
    for (const record of records) {
      const converted = readable(() => convert(showEvent(record)));
      if (converted !== undefined) gathered.set(converted.signal, [...(gathered.get(converted.signal) ?? []), converted.resource]);
    }
    const open = signals.filter((signal) => gathered.has(signal) && !done.includes(signal));
    if (!isOpen && open.length > 1) await keep(lane, { sequence: position.sequence, through, done: [] });
    for (const [index, signal] of open.entries()) {
      if (closed) return false;
      await post(signal, gathered.get(signal) ?? []);
      done = [...done, signal];
      if (index < open.length - 1) await keep(lane, { sequence: position.sequence, through, done });
    }
    await keep(lane, { sequence: through, through, done: [] });
    sent += records.length;
    return through < head;
  }

  /** Fails where it is to be tried again. */
  async function post(signal: Signal, resources: OtlpMessage[]): Promise<void> {
    const shape = shapes[signal];
    const request: OtlpMessage = { [shape.resources]: resources };
    const contentType = isJson ? "application/json" : "application/x-protobuf";
    const answer = await collector.post(`${settings.url.replace(/\/$/, "")}/v1/${signal}`, contentType, isJson ? encodeJson(request) : encodeProtobuf(shape.request, request));
    if (retriable.includes(answer.status)) throw new Later(`the collector answered ${answer.status}`, answer.retryAfterMs);
    if (answer.status < 200 || answer.status >= 300) {
      rejected += resources.length;
      problem = `the collector answered ${answer.status} to ${signal}, which are passed over`;
      ports.trace.note("warn", `export: ${problem}`);
      return;
    }
    const told = readable(() => (isJson ? decodeJson(shape.response, answer.body) : decodeProtobuf(shape.response, answer.body)));
    const partial = told?.["partialSuccess"];
    const refused = typeof partial === "object" && !Array.isArray(partial) ? Number(partial[shape.rejected] ?? 0) : 0;
    if (refused > 0) {
      rejected += refused;
      ports.trace.note("warn", `export: the collector rejected ${refused} of ${signal}`);
    }
    attempt = 0;
    problem = undefined;
  }

  function go(): void {
    if (closed || timer !== undefined) return;
    if (working !== undefined) return void (again = true);
    working = work()
      .catch((error: unknown) => {
        const later = error instanceof Later ? error : undefined;
        problem = later?.message ?? toHolonError(error).message;
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
    status: () => ({ url: settings.url, behind: lanes().reduce((sum, { lane, head }) => sum + head - positionOf(lane).sequence, 0), sent, rejected, withheld, problem }),
    async close() {
      closed = true;
      timer?.cancel();
      await working;
    },
  };
}

class Later extends Error {
  readonly afterMs: number | undefined;

  constructor(message: string, afterMs: number | undefined) {
    super(message);
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
