/** Runs a stage over events in some order of arrival, and says by brute force what windows should hold in the end. */
import type { UnitEvent } from "../../ports.ts";
import type { WindowSpec, WindowTrigger } from "../../schema/trigger.ts";
import { WindowStage, type LeftOut, type RanWindow } from "../window-stage.ts";

export interface Step {
  readonly events: readonly UnitEvent[];
  /** Monotonic time that has passed before. */
  readonly waitMs?: number;
  /** The node starts again before, from what was stored. */
  readonly restarts?: boolean;
}

export interface WindowRun {
  readonly ran: readonly RanWindow[];
  readonly leftOut: readonly LeftOut[];
  readonly stage: WindowStage;
  readonly cells: ReadonlyMap<string, string>;
}

export function runStage(trigger: WindowTrigger, steps: readonly Step[]): WindowRun {
  const cells = new Map<string, string>();
  const ran: RanWindow[] = [];
  const leftOut: LeftOut[] = [];
  let nowMs = 0;
  let stage = new WindowStage(trigger, cells, nowMs);
  for (const { events, waitMs = 0, restarts = false } of steps) {
    nowMs += waitMs;
    if (restarts) stage = new WindowStage(trigger, cells, nowMs);
    let rest = events.map((event) => ({ event, isArrivalKnown: true }));
    do {
      const step = stage.step(rest, nowMs);
      rest = rest.slice(step.consumed);
      ran.push(...step.windows);
      leftOut.push(...step.leftOut);
      for (const [name, text] of stage.takeChanges()) {
        if (text === null) cells.delete(name);
        else cells.set(name, text);
      }
    } while (rest.length > 0 || stage.hasDue);
  }
  return { ran, leftOut, stage, cells };
}

/** What each window holds after its last revision, as text: `subject start-end: data…`, sorted. */
export function lastRevisions(ran: readonly RanWindow[]): readonly string[] {
  const last = new Map<string, string>();
  for (const { key, startMs, endMs, events, replaces } of ran) {
    for (const start of replaces) last.delete(`${key} ${start}`);
    last.set(`${key} ${startMs}`, printWindow(key, startMs, endMs, events.map(({ event }) => event)));
  }
  return [...last.values()].sort();
}

const printWindow = (key: string, startMs: number, endMs: number, events: readonly UnitEvent[]): string => `${key} ${startMs}-${endMs}: ${events.map((event) => JSON.stringify(event.data)).join(" ")}`;

/** All windows over all events, by looking at every moment at which one can begin. */
export function trueWindows(spec: WindowSpec, by: "subject" | "all", events: readonly UnitEvent[]): readonly string[] {
  const keyOf = ({ subject }: UnitEvent): string => (by === "all" ? "" : (subject ?? ""));
  return [...new Set(events.map(keyOf))].flatMap((key) => {
    const sorted = events.filter((event) => keyOf(event) === key).sort((a, b) => a.timeMs - b.timeMs || (JSON.stringify(a.data) < JSON.stringify(b.data) ? -1 : 1));
    return (spec.kind === "session" ? trueSessions(sorted, spec.gapMs) : trueAligned(sorted, spec)).map(([startMs, endMs]) =>
      printWindow(key, startMs, endMs, sorted.filter(({ timeMs }) => timeMs >= startMs && timeMs < endMs)),
    );
  }).sort();
}

function trueAligned(sorted: readonly UnitEvent[], spec: Exclude<WindowSpec, { kind: "session" }>): readonly (readonly [number, number])[] {
  const everyMs = spec.kind === "tumbling" ? spec.sizeMs : spec.everyMs;
  const starts = new Set<number>();
  // Where all is far apart, from one moment that one can begin at to the next; else every millisecond.
  const step = everyMs % 1_000 === 0 && spec.offsetMs % 1_000 === 0 ? 1_000 : 1;
  for (const { timeMs } of sorted) for (let start = Math.ceil((timeMs - spec.sizeMs + 1) / step) * step; start <= timeMs; start += step) if ((start - spec.offsetMs) % everyMs === 0) starts.add(start);
  return [...starts].map((start) => [start, start + spec.sizeMs]);
}

function trueSessions(sorted: readonly UnitEvent[], gapMs: number): readonly (readonly [number, number])[] {
  const sessions: [number, number][] = [];
  for (const { timeMs } of sorted) {
    const session = sessions.at(-1);
    if (session !== undefined && timeMs < session[1]) session[1] = timeMs + gapMs;
    else sessions.push([timeMs, timeMs + gapMs]);
  }
  return sessions;
}
