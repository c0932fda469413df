/** Windows of event time, one after the other, as what may be told of them. */
import type { AggregateReduction } from "../schema/reduction.ts";
import { addRow, emitBlock } from "./gather.ts";
import { Moments, type KeptMoments } from "./moments.ts";
import { numbersOf } from "./row.ts";
import type { Emit, OpenSubject, SubjectKind } from "./subjects.ts";

interface Window {
  readonly startMs: number;
  readonly fields: Map<string, Moments>;
  /** Readings for earlier windows, which are told already: they are counted, not added. */
  late: number;
}

class Head {
  window: Window | undefined;
  toJSON(): KeptHead {
    return this.window === undefined ? {} : { window: { ...this.window, fields: [...this.window.fields] } };
  }
}

interface KeptHead {
  readonly window?: { readonly startMs: number; readonly late: number; readonly fields: readonly (readonly [string, Moments | KeptMoments])[] };
}

/** A reading older than its window by more windows than this is no straggler: the clock or the recording went back. */
const stragglerWindows = 10;
/** No device measures more; the square of it is still a number, which one absurd reading must not cost a whole window. */
const valueMax = 1e150;
/** Blocks of windows are bounded by their rows alone. */
const noSpan = Infinity;

export function aggregating(reduction: AggregateReduction): SubjectKind<Head> {
  const { everyMs, envelope: parts = 0, quantiles, fields } = reduction;
  const sketched = quantiles.length > 0;
  const fresh = (): Moments => new Moments(sketched, parts);

  const add = (window: Window, timeMs: number, values: Readonly<Record<string, number>>): void => {
    const part = Math.floor(((timeMs - window.startMs) / everyMs) * parts);
    for (const [name, value] of Object.entries(values)) {
      if (Math.abs(value) > valueMax) continue;
      const moments = window.fields.get(name) ?? fresh();
      moments.add(value, part);
      window.fields.set(name, moments);
    }
  };

  return {
    fresh: () => new Head(),
    restore(kept) {
      const head = new Head();
      const { window } = kept as KeptHead; // as `toJSON` made it
      if (window !== undefined) head.window = { startMs: window.startMs, late: window.late, fields: new Map(window.fields.map(([name, moments]) => [name, new Moments(sketched, parts, moments as KeptMoments)])) };
      return head;
    },
    take(event, subject, emit) {
      const values = numbersOf(event.data, fields);
      if (values === undefined) return;
      const startMs = Math.floor(event.timeMs / everyMs) * everyMs;
      const { window } = subject.head;
      if (window !== undefined && startMs < window.startMs && window.startMs - startMs <= stragglerWindows * everyMs) return void (window.late += 1);
      if (window?.startMs !== startMs) tell(subject, reduction, emit);
      subject.head.window ??= { startMs, fields: new Map(), late: 0 };
      add(subject.head.window, event.timeMs, values);
    },
    close(subject, emit) {
      tell(subject, reduction, emit);
      emitBlock(subject, {}, emit);
    },
    size: ({ window }) => [...(window?.fields ?? [])].reduce((sum, [name, moments]) => sum + name.length + moments.sizeBytes(), 0),
  };
}

/** What may be told of the window, as an event or as a row of a block; nothing of fields with too few readings. */
function tell(subject: OpenSubject<Head>, reduction: AggregateReduction, emit: Emit): void {
  const { window } = subject.head;
  subject.head.window = undefined;
  if (window === undefined) return;
  const enough = [...window.fields].filter(([, { count }]) => count >= reduction.countMin);
  if (enough.length === 0) return;
  const figures = new Map(enough.map(([name, moments]) => [name, figuresOf(moments, reduction)]));
  if (reduction.rows === undefined) return emit(window.startMs, { everyMs: reduction.everyMs, ...columnsOf(figures), ...(window.late > 0 ? { late: window.late } : {}) });
  const values = Object.fromEntries([...figures].flatMap(([name, own]) => Object.entries(own).map(([figure, value]) => [`${name}.${figure}`, value])));
  addRow({ timeMs: window.startMs, values: window.late > 0 ? { ...values, late: window.late } : values }, subject, { rows: reduction.rows, everyMs: noSpan, within: {} }, emit);
}

/** By name of the figure: `mean`, `q0.95`, `low3` and `high3` of the third part: of one with too few readings neither, since they would be the readings. */
function figuresOf(moments: Moments, { measures, quantiles, digits, countMin }: AggregateReduction): Readonly<Record<string, number>> {
  const rounded = (value: number): number => Number(value.toPrecision(digits));
  const all = { count: () => moments.count, mean: () => rounded(moments.mean), deviation: () => rounded(moments.deviation()), rms: () => rounded(moments.rms()), min: () => rounded(moments.min), max: () => rounded(moments.max) };
  const figures: Record<string, number> = {};
  for (const measure of measures) figures[measure] = all[measure]();
  for (const part of quantiles) figures[`q${part}`] = rounded(moments.quantile(part));
  moments.envelope.forEach((pair, part) => {
    if (pair !== null && pair[2] >= countMin) [figures[`low${part}`], figures[`high${part}`]] = [rounded(pair[0]), rounded(pair[1])];
  });
  return figures;
}

/** `{fields: [a, b], mean: [1, 2], …}`: each list in the order of the fields, `null` where a field has no such figure. */
function columnsOf(figures: ReadonlyMap<string, Readonly<Record<string, number>>>): Readonly<Record<string, unknown>> {
  const names = [...new Set([...figures.values()].flatMap((own) => Object.keys(own)))];
  return { fields: [...figures.keys()], ...Object.fromEntries(names.map((name) => [name, [...figures.values()].map((own) => own[name] ?? null)])) };
}
