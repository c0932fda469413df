/** Where the bars of a trace lie, in parts of its width; with what it waited for links left out, if that is asked for, since beside an outage of hours nothing else can be seen. */
import type { Trace, TraceStep } from "@holon/core/telemetry/trace.ts";

export interface Bar {
  readonly left: number;
  readonly width: number;
}

export interface Bars {
  /** How long the whole width is, milliseconds. */
  readonly lengthMs: number;
  readonly work: ReadonlyMap<string, Bar>;
  readonly wait: ReadonlyMap<string, Bar>;
}

export function barsOf({ spans, tookMs }: Pick<Trace, "spans" | "tookMs">, withoutWaits: boolean): Bars {
  const gaps = withoutWaits ? joined(spans.flatMap(({ waited }) => (waited?.for === "link" ? [[waited.fromMs, waited.fromMs + waited.tookMs] as const] : []))) : [];
  const at = (ms: number): number => ms - gaps.reduce((sum, [from, to]) => sum + Math.max(0, Math.min(ms, to) - from), 0);
  const lengthMs = Math.max(at(tookMs), 0.001);
  const bar = (fromMs: number, endMs: number): Bar => ({ left: at(fromMs) / lengthMs, width: Math.max(0, at(endMs) - at(fromMs)) / lengthMs });
  const work = new Map<string, Bar>();
  const wait = new Map<string, Bar>();
  for (const step of spans) {
    work.set(step.spanId, bar(workFrom(step), step.fromMs + step.tookMs));
    if (step.waited !== null) wait.set(step.spanId, bar(step.waited.fromMs, step.waited.fromMs + step.waited.tookMs));
  }
  return { lengthMs, work, wait };
}

/** A way over a link is on its way only once the link is open. */
const workFrom = ({ fromMs, waited }: TraceStep): number => (waited?.for === "link" ? waited.fromMs + waited.tookMs : fromMs);

/** Times that overlap are one. */
function joined(spans: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const all: [number, number][] = [];
  for (const [from, to] of [...spans].sort(([a], [b]) => a - b)) {
    const last = all.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else all.push([from, to]);
  }
  return all;
}
