/**
 * Readings around an alert, cut out of this node's own log. An alert was caused by a reading (perhaps through other events); of that
 * reading's subject, the frame holds what its time says lies within `beforeMs` and `afterMs`:
 *
 *     … older │ before ─── the reading that led to the alert ─── after │ newer …      by sequence outwards, until one lies outside
 *
 * So a frame follows from the log alone, whenever it is cut, unless readings stop: then it ends after a grace, and says so. Nothing
 * is kept between alerts; a frame that was waited for when the power went is cut anew from the alert.
 */
import { decodeStoredEvent, startsWith, storedEventPrefix } from "@holon/core/event/stored.ts";
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { parseRecordName, printRecordName, type RecordName } from "@holon/core/log/identity.ts";
import { laneName, type Lane, type LogRecord } from "@holon/core/log/log.ts";
import type { UnitEvent, UnitInstance, UnitOutput } from "@holon/core/ports.ts";
import { inPieces, toBlock } from "@holon/core/reduce/block.ts";
import { numbersOf, type Row } from "@holon/core/reduce/row.ts";
import type { StoredEvent } from "@holon/core/schema/event.ts";
import type { FramesReduction } from "@holon/core/schema/reduction.ts";
import type { HandedClass } from "../run/handed-class.ts";
import type { UnitContext } from "../run/unit.ts";

export interface Frames {
  readonly instance: UnitInstance;
  /** Record bytes of the readings that went into frames since the last call. */
  takeBytes(): number;
  interrupt(): void;
}

/** An alert may be some events away from the reading that led to it. */
const causesMax = 8;
const scanRecords = 512;

interface Cause {
  readonly record: LogRecord;
  readonly event: StoredEvent;
  readonly lane: Lane;
}

/** One side of a frame, in the order in which it was walked. */
interface Side {
  readonly rows: readonly Row[];
  readonly bytes: number;
  /** A reading outside of the frame was seen, so that all within are there. */
  readonly complete: boolean;
}

/** `born` is told of what frames hold: they are looked for in the log, and not handed. */
export function createFrames(reduction: FramesReduction, context: UnitContext, born: Pick<HandedClass, "take">): Frames {
  const { log, ports } = context;
  const prefix = storedEventPrefix(reduction.on);
  let interrupted = false;
  let wake: (() => void) | undefined;
  let bytes = 0;

  async function cut(alert: UnitEvent, index: number): Promise<readonly UnitOutput[]> {
    if (!matches(alert.data, reduction.when)) return [];
    const output = (timeMs: number, subject: string | undefined, data: object): UnitOutput => ({ type: reduction.emits, subject, timeMs, data: { alert: alert.id, ...data }, cause: index });
    const cause = await findCause(alert);
    if (cause === undefined) return [output(alert.timeMs, alert.subject, { rows: 0, complete: false })];
    const before = await walkBack(cause);
    const after = await walkOn(cause);
    const values = numbersOf(cause.event.data, reduction.fields);
    born.take([cause.event.class]);
    const own: Row[] = values === undefined ? [] : [{ timeMs: Date.parse(cause.event.time), values }];
    bytes += before.bytes + cause.record.bytes.length + after.bytes;
    const pieces = inPieces([...before.rows.toReversed(), ...own, ...after.rows]);
    const complete = before.complete && after.complete;
    return pieces.map((rows, part) => output(rows[0]?.timeMs ?? alert.timeMs, cause.event.subject, { part: part + 1, parts: pieces.length, complete, ...toBlock(rows, reduction.within) }));
  }

  /** From the alert by `causedby` to an event of the type that frames are cut of. */
  async function findCause(alert: UnitEvent): Promise<Cause | undefined> {
    let name = parseRecordName(alert.id);
    for (let step = 0; name !== undefined && step < causesMax; step++) {
      const record = await readRecord(name);
      if (record === undefined) return undefined;
      const event = decodeStoredEvent(record.bytes);
      if (event.type === reduction.on) return { record, event, lane: { origin: name.origin, stream: name.stream } };
      name = event.causedby === undefined ? undefined : parseRecordName(event.causedby);
    }
    return undefined;
  }

  async function readRecord(name: RecordName): Promise<LogRecord | undefined> {
    if (name.origin !== log.origin) return undefined;
    const [record] = await log.read(name, name.sequence, { maxRecords: 1, maxBytes: limits.recordBytesMax });
    return record !== undefined && printRecordName(record) === printRecordName(name) ? record : undefined;
  }

  async function walkBack(cause: Cause): Promise<Side> {
    const side = newSide(cause, -reduction.beforeMs, 0);
    const least = Math.max(1, cause.record.sequence - limits.frameRecordsMax);
    let expected = cause.record.sequence - 1;
    while (expected >= least && !side.done()) {
      const from = Math.max(least, expected - scanRecords + 1);
      const records = await readRange(cause.lane, from, expected);
      for (const record of records.toReversed()) {
        if (record.sequence !== expected) return side.end(false); // let go of, or damaged
        side.take(record);
        expected -= 1;
        if (side.done()) break;
      }
      if (expected >= from && !side.done()) return side.end(false);
    }
    return side.end(side.done() || expected === 0);
  }

  async function walkOn(cause: Cause): Promise<Side> {
    const side = newSide(cause, 0, reduction.afterMs);
    if (reduction.afterMs === 0) return side.end(true);
    const most = cause.record.sequence + limits.frameRecordsMax;
    const deadlineMs = ports.clock.monotonicMs() + reduction.afterMs + limits.frameGraceMs;
    let next = cause.record.sequence + 1;
    while (next <= most && !side.done()) {
      if (!(await isThere(cause.lane, next, deadlineMs))) return side.end(false);
      const records = await readRange(cause.lane, next, Math.min(log.head(cause.lane)?.sequence ?? 0, most, next + scanRecords - 1));
      for (const record of records) {
        if (record.sequence !== next) return side.end(false);
        side.take(record);
        next += 1;
        if (side.done()) break;
      }
      if (records.length === 0) return side.end(false);
    }
    return side.end(side.done());
  }

  /** Whole, though a read may hand over less than was asked for. */
  async function readRange(lane: Lane, from: number, through: number): Promise<readonly LogRecord[]> {
    const found: LogRecord[] = [];
    for (let next = from; next <= through; ) {
      const records = await log.read(lane, next, { maxRecords: through - next + 1, maxBytes: limits.linkBatchBytesMax });
      const last = records.at(-1);
      if (last === undefined) break;
      found.push(...records.filter((record) => record.sequence <= through));
      next = last.sequence + 1;
    }
    return found;
  }

  function newSide({ event }: Cause, fromMs: number, toMs: number) {
    const atMs = Date.parse(event.time);
    const rows: Row[] = [];
    let sideBytes = 0;
    let outside = false;
    return {
      take(record: LogRecord): void {
        if (!startsWith(record.bytes, prefix)) return;
        const other = decodeStoredEvent(record.bytes);
        if (other.subject !== event.subject) return;
        const timeMs = Date.parse(other.time);
        if (timeMs < atMs + fromMs || timeMs > atMs + toMs) return void (outside = true);
        const values = numbersOf(other.data, reduction.fields);
        if (values === undefined) return;
        born.take([other.class]);
        rows.push({ timeMs, values });
        sideBytes += record.bytes.length;
      },
      done: () => outside || rows.length >= limits.frameRowsMax / 2,
      end: (complete: boolean): Side => ({ rows, bytes: sideBytes, complete: complete && rows.length < limits.frameRowsMax / 2 }),
    };
  }

  /** Waits for a record to come; false if it is not there at the deadline. */
  async function isThere(lane: Lane, sequence: number, deadlineMs: number): Promise<boolean> {
    const there = (): boolean => (log.head(lane)?.sequence ?? 0) >= sequence;
    if (there()) return true;
    const timer = ports.clock.after(Math.max(0, deadlineMs - ports.clock.monotonicMs()), () => wake?.());
    const unsubscribe = log.onCommit(() => wake?.());
    try {
      while (!there() && ports.clock.monotonicMs() < deadlineMs) {
        if (interrupted) throw new HolonError("HOLON_LOG_CLOSED", `reduction ${context.app.name}/${reduction.name} stops while it waits for readings of ${laneName(lane)}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      timer.cancel();
      unsubscribe();
      wake = undefined;
    }
    return there();
  }

  return {
    instance: {
      async handle(events) {
        const outputs: UnitOutput[] = [];
        for (const [index, event] of events.entries()) outputs.push(...(await cut(event, index)));
        return { outputs, state: [], fitted: [], status: undefined, inferenceMs: [] };
      },
      stop: () => Promise.resolve(),
    },
    takeBytes() {
      const taken = bytes;
      bytes = 0;
      return taken;
    },
    interrupt() {
      interrupted = true;
      wake?.();
    },
  };
}

function matches(data: unknown, when: FramesReduction["when"]): boolean {
  const fields = typeof data === "object" && data !== null ? new Map<string, unknown>(Object.entries(data)) : new Map<string, unknown>();
  return Object.entries(when).every(([name, value]) => fields.get(name) === value);
}
