/** What is kept for the windows of one subject (or of all): events in the order of event time, and which windows were run with them. */
import { z } from "zod";
import type { UnitEvent } from "../ports.ts";
import type { LateRule, WindowSpec } from "../schema/trigger.ts";
import { keptAfterMs } from "./lateness.ts";
import { firstFrom, lastEndMs, sessionAt, type Span } from "./window.ts";

/** An event that waits, and the chunk of cells that it stands in; 0 while in none. */
export interface Waiting {
  readonly event: UnitEvent;
  readonly timeMs: number;
  /** Its data as JSON: size, and the order of events of one time, whichever came first. */
  readonly text: string;
  chunk: number;
}

/** A window that was run and may be run again. */
interface Ran extends Span {
  readonly revision: number;
  /** Events it held: more now means that it has changed, since none are taken away. */
  readonly count: number;
}

export interface Materialised extends Span {
  readonly events: readonly Waiting[];
  readonly revision: number;
  /** Starts of windows that were run and are part of this one now. */
  readonly replaces: readonly number[];
}

const savedSchema = z.strictObject({
  closedMs: z.int().nullable(),
  prunedMs: z.int().nullable(),
  clocks: z.array(z.string()),
  ran: z.array(z.tuple([z.int(), z.int(), z.int(), z.int()])),
});

export class WindowKey {
  readonly key: string;
  readonly events: Waiting[] = [];
  /** Sources whose event time it depends on. */
  readonly clocks = new Set<string>();
  /** Windows that end here or before have been closed. */
  closedMs = Number.NEGATIVE_INFINITY;
  /** Events up to here that it did not keep have left. */
  #prunedMs = Number.NEGATIVE_INFINITY;
  #ran = new Map<number, Ran>();
  bytes = 0;

  constructor(key: string) {
    this.key = key;
  }

  insert(waiting: Waiting): void {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.events[middle], waiting)) low = middle + 1;
      else high = middle;
    }
    this.events.splice(low, 0, waiting);
    this.bytes += waiting.text.length;
  }

  /** The window of this start with what it holds now; undefined if it holds nothing, or nothing that it was not run with. */
  materialise(spec: WindowSpec, startMs: number): Materialised | undefined {
    const span = this.spanAt(spec, startMs);
    if (span === undefined) return undefined;
    const events = this.events.slice(firstFrom(this.events, span.startMs), firstFrom(this.events, span.endMs));
    const former = spec.kind === "session" ? [...this.#ran.values()].filter((ran) => ran.startMs < span.endMs && ran.endMs > span.startMs) : [this.#ran.get(span.startMs)].filter((ran) => ran !== undefined);
    const replaces = former.map((ran) => ran.startMs).filter((start) => start !== span.startMs);
    if (events.length === 0 || (replaces.length === 0 && former[0]?.count === events.length)) return undefined;
    const revision = former.reduce((highest, ran) => Math.max(highest, ran.revision + 1), 0);
    for (const start of replaces) this.#ran.delete(start);
    this.#ran.set(span.startMs, { ...span, revision, count: events.length });
    return { ...span, events, revision, replaces: replaces.sort((a, b) => a - b) };
  }

  /** Whether the window holds more than it was run with. */
  isNews(spec: WindowSpec, span: Span): boolean {
    const ran = this.#ran.get(span.startMs);
    const count = firstFrom(this.events, span.endMs) - firstFrom(this.events, span.startMs);
    return ran === undefined || ran.count !== count || (spec.kind === "session" && ran.endMs !== span.endMs);
  }

  private spanAt(spec: WindowSpec, startMs: number): Span | undefined {
    if (spec.kind !== "session") return { startMs, endMs: startMs + spec.sizeMs };
    const index = firstFrom(this.events, startMs);
    return index < this.events.length ? sessionAt(this.events, index, spec.gapMs) : undefined;
  }

  /** Lets go of what no window needs any more, and returns the events that left. */
  prune(spec: WindowSpec, rule: LateRule): readonly Waiting[] {
    const keptMs = keptAfterMs(rule, this.closedMs);
    let count = 0;
    while (count < this.events.length) {
      if (spec.kind === "session") {
        if (sessionAt(this.events, count, spec.gapMs).endMs > keptMs) break;
        count = firstFrom(this.events, sessionAt(this.events, count, spec.gapMs).endMs);
      } else {
        if (lastEndMs(spec, this.events[count]?.timeMs ?? 0) > keptMs) break;
        count += 1;
      }
    }
    const gone = this.events.splice(0, count);
    for (const { text } of gone) this.bytes -= text.length;
    this.#prunedMs = Math.max(this.#prunedMs, gone.at(-1)?.timeMs ?? Number.NEGATIVE_INFINITY);
    // A session that was run may by now be part of a longer one that is not over.
    const restFromMs = spec.kind === "session" ? (this.events[0]?.timeMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
    for (const [start, ran] of this.#ran) if (ran.endMs <= keptMs && start < restFromMs) this.#ran.delete(start);
    return gone;
  }

  get isIdle(): boolean {
    return this.events.length === 0 && this.#ran.size === 0;
  }

  print(): string {
    const ran = [...this.#ran.values()].map(({ startMs, endMs, revision, count }) => [startMs, endMs, revision, count]);
    return JSON.stringify({ closedMs: finite(this.closedMs), prunedMs: finite(this.#prunedMs), clocks: [...this.clocks], ran });
  }

  /** `keepsRan` is false where the windows are others than they were. */
  static parse(key: string, text: string, keepsRan: boolean): WindowKey {
    const saved = savedSchema.parse(JSON.parse(text));
    const state = new WindowKey(key);
    state.closedMs = saved.closedMs ?? Number.NEGATIVE_INFINITY;
    state.#prunedMs = saved.prunedMs ?? Number.NEGATIVE_INFINITY;
    for (const clock of saved.clocks) state.clocks.add(clock);
    if (keepsRan) for (const [startMs, endMs, revision, count] of saved.ran) state.#ran.set(startMs, { startMs, endMs, revision, count });
    return state;
  }

  /** Puts back what stood in a cell, but for what had left when the cell was last written. */
  restore(waiting: Waiting): boolean {
    if (waiting.timeMs <= this.#prunedMs) return false;
    this.insert(waiting);
    return true;
  }
}

const finite = (ms: number): number | null => (Number.isFinite(ms) ? ms : null);

/** By time; of one time the same order whatever order they came in. */
function isBefore(present: Waiting | undefined, other: Waiting): boolean {
  if (present === undefined || present.timeMs !== other.timeMs) return present !== undefined && present.timeMs < other.timeMs;
  if (present.text !== other.text) return present.text < other.text;
  const subjects = [present.event.subject ?? "", other.event.subject ?? ""] as const;
  return subjects[0] === subjects[1] ? present.event.id <= other.event.id : subjects[0] < subjects[1];
}
