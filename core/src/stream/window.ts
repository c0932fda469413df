/** Which windows there are: pure functions of the kind of window and of event times. */
import type { WindowSpec } from "../schema/trigger.ts";

/** From `startMs`, before `endMs`. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

interface Timed {
  readonly timeMs: number;
}

type AlignedSpec = Exclude<WindowSpec, { kind: "session" }>;

/** Tumbling and sliding windows that hold this time, by start. */
export function alignedAt(spec: AlignedSpec, timeMs: number): readonly Span[] {
  const everyMs = spec.kind === "tumbling" ? spec.sizeMs : spec.everyMs;
  const spans: Span[] = [];
  for (let startMs = lastStart(spec, everyMs, timeMs); startMs > timeMs - spec.sizeMs; startMs -= everyMs) spans.push({ startMs, endMs: startMs + spec.sizeMs });
  return spans.reverse();
}

const lastStart = (spec: AlignedSpec, everyMs: number, timeMs: number): number => {
  const offsetMs = spec.offsetMs % everyMs;
  return Math.floor((timeMs - offsetMs) / everyMs) * everyMs + offsetMs;
};

/** End of the last window that an event of this time is in, by itself. */
export function lastEndMs(spec: WindowSpec, timeMs: number): number {
  if (spec.kind === "session") return timeMs + spec.gapMs;
  return lastStart(spec, spec.kind === "tumbling" ? spec.sizeMs : spec.everyMs, timeMs) + spec.sizeMs;
}

/** The session that holds the event at `index` of events sorted by time. */
export function sessionAt(events: readonly Timed[], index: number, gapMs: number): Span {
  const timeAt = (at: number): number => events[at]?.timeMs ?? Number.NaN;
  let first = index;
  let last = index;
  while (timeAt(first) - timeAt(first - 1) < gapMs) first -= 1;
  while (timeAt(last + 1) - timeAt(last) < gapMs) last += 1;
  return { startMs: timeAt(first), endMs: timeAt(last) + gapMs };
}

/** Windows that end after `afterMs` and not after `untilMs` and hold at least one of the events (sorted by time), by end. */
export function windowsEnding(spec: WindowSpec, events: readonly Timed[], afterMs: number, untilMs: number): readonly Span[] {
  const spans = new Map<number, Span>();
  const longestMs = spec.kind === "session" ? spec.gapMs : spec.sizeMs;
  for (let index = firstFrom(events, afterMs - longestMs + 1); index < events.length; index++) {
    const timeMs = events[index]?.timeMs ?? 0;
    if (timeMs >= untilMs) break;
    if (spec.kind === "session") {
      const span = sessionAt(events, index, spec.gapMs);
      if (span.endMs > afterMs && span.endMs <= untilMs) spans.set(span.startMs, span);
      index = firstFrom(events, span.endMs) - 1;
    } else {
      for (const span of alignedAt(spec, timeMs)) if (span.endMs > afterMs && span.endMs <= untilMs) spans.set(span.startMs, span);
    }
  }
  return [...spans.values()].sort((a, b) => a.endMs - b.endMs || a.startMs - b.startMs);
}

/** Whether any window at all can end after the one time and not after the other. */
export function passesEnd(spec: WindowSpec, afterMs: number, untilMs: number): boolean {
  if (spec.kind === "session" || !Number.isFinite(afterMs)) return true;
  const everyMs = spec.kind === "tumbling" ? spec.sizeMs : spec.everyMs;
  return lastStart(spec, everyMs, afterMs - spec.sizeMs) !== lastStart(spec, everyMs, untilMs - spec.sizeMs);
}

/** Index of the first event at or after a time. */
export function firstFrom(events: readonly Timed[], timeMs: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.timeMs ?? 0) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
