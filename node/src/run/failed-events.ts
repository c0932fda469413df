/**
 * What becomes of events that a function cannot handle: tried again with growing pauses, alone, then set aside with the reason and
 * passed over, so that one event holds up nothing behind it. Set aside means a cell that names the record, and a `holon.function.failed`
 * in the telemetry; both are appended with the position behind the event. Replayed, it is handled out of turn.
 */
import { withoutForeignWords } from "@holon/core/diagnosis/redact.ts";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { parseJson } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import { parseRecordName } from "@holon/core/log/identity.ts";
import type { CellChange, LogRecord, NewRecord } from "@holon/core/log/log.ts";
import type { UnitEvent } from "@holon/core/ports.ts";
import { responseType } from "@holon/core/run/trigger-events.ts";
import { asideCell, failedCell, failedEventSchema, type FailedEvent } from "@holon/core/run/failed.ts";
import type { UnitContext } from "./unit.ts";

export interface FailedEvents {
  /** The batch beginning with this event failed: how it goes on. */
  failed(events: readonly UnitEvent[], error: HolonError): void;
  /** How many events may be handed over at once; undefined: as usual. */
  batchMax(): number | undefined;
  /** Whether the event has been tried often enough. */
  isGivenUp(event: UnitEvent): boolean;
  /** A batch went through. */
  passed(): void;
  /** What sets events aside. */
  setAside(events: readonly UnitEvent[], isWindow: boolean): { readonly records: readonly NewRecord[]; readonly cells: readonly CellChange[]; readonly error: HolonError };
  /** Queues events to be handled again; all that are set aside without `event`. Returns how many. */
  replay(event: string | undefined): number;
  /** The next to be replayed. */
  nextReplay(): Promise<{ readonly record: LogRecord; readonly event: string } | undefined>;
  hasReplay(): boolean;
  /** It starts, from what is stored: of what was handed to it again before, that is settled, or set aside as it was. */
  begin(): void;
  /** What is appended with what a replayed event gave. */
  replayed(event: string): { readonly records: readonly NewRecord[]; readonly cells: readonly CellChange[] };
  count(): number;
}

/** Its own doing, on these events. */
const retried = new Set<string>(["HOLON_UNIT_THREW", "HOLON_UNIT_TIMEOUT", "HOLON_UNIT_DIED", "HOLON_UNIT_BAD", "HOLON_EVENT_BAD", "HOLON_RECORD_TOO_LARGE", "HOLON_SECRET_LEAKED"]);

export interface Trying {
  readonly retriesMax: number;
  /** Its events are requests, of which somebody waits for the answer. */
  readonly isAsked: boolean;
}

export const createFailedEvents = (unit: string, trying: Trying, context: UnitContext): FailedEvents => new OfUnit(unit, trying, context);

/** A class, since each unit has one: methods are shared. */
class OfUnit implements FailedEvents {
  readonly #unit: string;
  readonly #retriesMax: number;
  readonly #isAsked: boolean;
  readonly #context: UnitContext;
  #queue: string[] | undefined;
  /** Handed over again, and not stored yet. */
  readonly #again = new Set<string>();
  #trying: { readonly event: string; readonly attempts: number; readonly error: HolonError } | undefined;
  #alone = 0;
  /** Set aside in all, with what is on its way to the disk; and what was last. */
  #asideCount: number;
  #asideFirst: string | undefined;

  constructor(unit: string, { retriesMax, isAsked }: Trying, context: UnitContext) {
    this.#unit = unit;
    this.#retriesMax = retriesMax;
    this.#isAsked = isAsked;
    this.#context = context;
    this.#asideCount = countIn(context.log.cell(asideCell(unit))) ?? this.count();
  }

  batchMax(): number | undefined {
    return this.#alone > 0 ? 1 : undefined;
  }

  failed(batch: readonly UnitEvent[], error: HolonError): void {
    const [first] = batch;
    if (first === undefined || !retried.has(error.code)) return;
    this.#alone = limits.unitBatchMax; // one by one until what was in the batch has gone through
    if (batch.length > 1) return;
    this.#trying = { event: first.id, attempts: this.#trying?.event === first.id ? this.#trying.attempts + 1 : 1, error };
  }

  isGivenUp(event: UnitEvent): boolean {
    return this.#trying?.event === event.id && this.#trying.attempts > this.#retriesMax;
  }

  passed(): void {
    this.#trying = undefined;
    if (this.#alone > 0) this.#alone -= 1;
  }

  setAside(batch: readonly UnitEvent[], isWindow: boolean): ReturnType<FailedEvents["setAside"]> {
    const unit = this.#unit;
    const now = this.#context.ports.clock.wall().ms;
    const kept = this.#open();
    const records: NewRecord[] = [];
    const cells: CellChange[] = kept.slice(0, Math.max(0, kept.length + batch.length - limits.unitFailedMax)).map(({ event }) => ({ key: failedCell(unit, event), value: null }));
    const error = this.#trying?.error ?? toHolonError(undefined);
    const { code, message } = error;
    for (const { id, data } of batch) {
      if (this.#isAsked) records.push(this.#unanswered(id, data, error));
      const failed: FailedEvent = { event: id, code, message: message.slice(0, 2_000), attempts: this.#trying?.attempts ?? 1, atMs: now, ...(isWindow ? { window: true } : {}) };
      cells.push({ key: failedCell(unit, id), value: encoder.encode(JSON.stringify(failed)) });
      records.push(this.#told("holon.function.failed", { function: unit, ...failed, message: withoutForeignWords(failed.message, code) })); // what it says of what it was handed stays on its node
    }
    this.#trying = undefined;
    const first = batch[0]?.id;
    if (first !== this.#asideFirst) {
      this.#asideCount += batch.length;
      this.#asideFirst = first; // the same again, if the disk did not take it
    }
    cells.push({ key: asideCell(unit), value: encoder.encode(String(this.#asideCount)) });
    return { records, cells, error };
  }

  /** Whoever waits is told at once; what it says of what it was handed stays in the clear on its node alone, as everything in `local` does. */
  #unanswered(id: string, data: unknown, { code, message }: HolonError): NewRecord {
    const request = typeof data === "object" && data !== null && "request" in data ? data.request : undefined;
    return this.#context.events.record({ stream: "local", type: responseType, class: "raw", producer: this.#unit, causedBy: id, data: { request, failed: { code, message: withoutForeignWords(message, code, true) } } });
  }

  replay(event: string | undefined): number {
    const queue = (this.#queue ??= []);
    const wanted = this.#open().filter((failed) => failed.window !== true && (event === undefined || failed.event === event) && !queue.includes(failed.event) && !this.#again.has(failed.event));
    queue.push(...wanted.map((failed) => failed.event));
    return wanted.length;
  }

  begin(): void {
    this.#again.clear();
  }

  hasReplay(): boolean {
    return this.#queue !== undefined && this.#queue.length > 0;
  }

  async nextReplay(): Promise<{ readonly record: LogRecord; readonly event: string } | undefined> {
    const { log } = this.#context;
    for (let event = this.#queue?.shift(); event !== undefined; event = this.#queue?.shift()) {
      const name = parseRecordName(event);
      if (name === undefined || log.cell(failedCell(this.#unit, event)) === undefined) continue;
      this.#again.add(event);
      const [record] = await log.read(name, name.sequence, { maxRecords: 1, maxBytes: limits.recordBytesMax });
      if (record !== undefined && record.sequence === name.sequence && record.epoch === name.epoch) return { record, event };
      await log.append(this.#settled(event, "expired"));
    }
    return undefined;
  }

  replayed(event: string): ReturnType<FailedEvents["replayed"]> {
    return this.#settled(event, "handled");
  }

  count(): number {
    return this.#context.log.cells(failedCell(this.#unit, "")).size;
  }

  #settled(event: string, outcome: "expired" | "handled"): ReturnType<FailedEvents["replayed"]> {
    return { records: [this.#told("holon.function.replayed", { function: this.#unit, event, outcome })], cells: [{ key: failedCell(this.#unit, event), value: null }] };
  }

  #open(): readonly FailedEvent[] {
    return [...this.#context.log.cells(failedCell(this.#unit, "")).values()].map((value) => failedEventSchema.parse(parseJson(value))).sort((a, b) => a.atMs - b.atMs);
  }

  #told(type: string, data: unknown): NewRecord {
    return this.#context.events.record({ stream: "telemetry", type, class: "public", producer: this.#unit, data });
  }
}

const encoder = new TextEncoder();
const countIn = (cell: Uint8Array | undefined): number | undefined => (cell === undefined ? undefined : Number(new TextDecoder().decode(cell)));
