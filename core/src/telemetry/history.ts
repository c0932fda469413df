/**
 * Windows of many nodes as steps of time. Each step knows how many nodes have told of it, and where some of it came after it was due, what it was before: a chart that was drawn from it
 * earlier can be told from one that is drawn now.
 */
import { isoTime } from "../event/iso-time.ts";
import { limits } from "../limits.ts";
import type { Metric } from "./catalogue.ts";
import { parseKey } from "./key.ts";
import type { SeriesPoint } from "./series.ts";
import { createToldSteps } from "./told-steps.ts";
import { mergeDurations, mergeGauges, shareOf, sketchOf, type Duration, type Gauge, type Window } from "./window.ts";

/** What is known of one metric in one step. */
interface Amount {
  sum?: number;
  gauge?: Gauge;
  duration?: Duration;
}

interface Cell {
  all: Amount;
  /** Without what was late; the same object as `all` where nothing was. */
  onTime: Amount;
  lateAtMs: number | undefined;
  late: number;
}

export interface HistoryQuery {
  readonly metric: Metric;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  /** One line for each set of attributes. */
  readonly byAttributes: boolean;
  /** Of the clock here: what has not ended by then is in the making. */
  readonly nowMs: number;
  /** Nodes that belong to a step. */
  expected(startMs: number, endMs: number): number;
}

export interface History {
  /** `lateAtMs`: when it came, where that was after it was due. `nowMs`: of the clock here; what a clock elsewhere puts far ahead of it, or behind all that is kept, is passed over. */
  add(node: string, window: Window, lateAtMs: number | undefined, nowMs: number): void;
  query(query: HistoryQuery): readonly { readonly labels: Readonly<Record<string, string>>; readonly points: readonly SeriesPoint[] }[];
  /** The earliest step that is kept. */
  sinceMs(): number | undefined;
}

/** `steps`: how many are kept before that of now. */
export function createHistory(stepMs: number, steps = Infinity): History {
  const cells = new Map<string, Map<number, Cell>>();
  /** By step of which anything is known: how many nodes have told all of it. */
  const reported = new Map<number, number>();
  /** By node: of steps that it has told a part of, how many milliseconds. */
  const partly = new Map<string, Map<number, number>>();
  const whole = createToldSteps();
  /** A window closes a little behind the step that it is of. */
  const edgeMs = Math.min(limits.telemetryEdgeMs, stepMs / 20);
  /** The step that it was here when the last window came. */
  let current = -Infinity;

  function put(key: string, slot: number, amount: Amount, lateAtMs: number | undefined): void {
    const series = cells.get(key) ?? new Map<number, Cell>();
    if (series.size === 0 && Number.isFinite(steps) && cells.size >= limits.telemetrySeriesMax) return;
    cells.set(key, series);
    const cell = series.get(slot);
    if (cell === undefined) {
      series.set(slot, lateAtMs === undefined ? same(amount) : { all: amount, onTime: {}, lateAtMs, late: 1 });
      return;
    }
    const { onTime } = cell;
    const isShared = onTime === cell.all;
    cell.all = mergeAmounts(cell.all, amount);
    if (lateAtMs === undefined) cell.onTime = isShared ? cell.all : mergeAmounts(onTime, amount);
    else {
      cell.lateAtMs = lateAtMs;
      cell.late += 1;
    }
  }

  const latestSlot = (nowMs: number): number => Math.floor((nowMs + limits.telemetryAheadMs) / stepMs);

  /** Nothing is held by what windows say of the time: a clock, this one too, may have been set. */
  function forget(nowMs: number): void {
    const latest = latestSlot(nowMs);
    for (const series of [...cells.values(), reported]) {
      for (const slot of series.keys()) if (slot < current - steps || slot > latest) series.delete(slot);
    }
    for (const [key, series] of cells) if (series.size === 0) cells.delete(key);
    for (const [node, parts] of partly) {
      for (const slot of parts.keys()) if (slot < current - steps || slot > latest) parts.delete(slot);
      if (parts.size === 0) partly.delete(node);
    }
    whole.forget(current - steps, latest);
  }

  /** To the beginning of a step that it is a little beside: a minute that was told 4 ms late is that minute, and nothing of the next. */
  function toEdge(atMs: number): number {
    const edge = Math.round(atMs / stepMs) * stepMs;
    return Math.abs(atMs - edge) <= edgeMs ? edge : atMs;
  }

  /** Counts a node for a step when its windows cover it, in whatever order they come, and once: a clock that is set back tells of the same time again. */
  function covered(node: string, slot: number, milliseconds: number): void {
    if (whole.has(node, slot)) return;
    const parts = partly.get(node) ?? new Map<number, number>();
    const before = parts.get(slot) ?? 0;
    const isWhole = before + milliseconds >= stepMs - edgeMs;
    reported.set(slot, (reported.get(slot) ?? 0) + (isWhole ? 1 : 0));
    if (isWhole) {
      parts.delete(slot);
      whole.add(node, slot);
    } else {
      parts.set(slot, before + milliseconds);
      const [first] = parts.keys();
      if (parts.size > limits.telemetryPartlyMax && first !== undefined) parts.delete(first);
    }
    if (parts.size > 0) partly.set(node, parts);
    else partly.delete(node);
  }

  return {
    add(node, window, lateAtMs, nowMs) {
      if (window.endMs > nowMs + limits.telemetryAheadMs) return;
      if (Number.isFinite(steps) && Math.floor(nowMs / stepMs) !== current) {
        current = Math.floor(nowMs / stepMs);
        forget(nowMs);
      }
      const [startMs, endMs] = [toEdge(window.startMs), toEdge(window.endMs)];
      const spanMs = Math.max(1, endMs - startMs);
      const first = Math.floor((endMs > startMs ? startMs : window.startMs) / stepMs);
      const last = Math.max(first, Math.ceil(endMs / stepMs) - 1);
      if (last - first > limits.telemetryPointsMax) return; // a clock was set: no time that it was in is known
      for (let slot = Math.max(first, current - steps); slot <= last; slot++) {
        const insideMs = Math.max(0, Math.min(endMs, (slot + 1) * stepMs) - Math.max(startMs, slot * stepMs));
        const { sums, gauges, durations } = shareOf(window, last === first ? 1 : Math.min(1, insideMs / spanMs));
        for (const [key, sum] of Object.entries(sums)) put(key, slot, { sum }, lateAtMs);
        for (const [key, gauge] of Object.entries(gauges)) put(key, slot, { gauge }, lateAtMs);
        for (const [key, duration] of Object.entries(durations)) put(key, slot, { duration }, lateAtMs);
        covered(node, slot, insideMs);
      }
    },
    query({ metric, fromMs, toMs, stepMs: wantedMs, byAttributes, nowMs, expected }) {
      const wide = Math.max(1, Math.round(wantedMs / stepMs));
      const lines = new Map<string, { readonly labels: Readonly<Record<string, string>>; readonly series: Map<number, Cell>[] }>();
      for (const [key, series] of cells) {
        const parsed = parseKey(key);
        if (parsed?.name !== metric.name) continue;
        const name = byAttributes ? key : "";
        const line = lines.get(name) ?? { labels: byAttributes ? parsed.attributes : {}, series: [] };
        line.series.push(series);
        lines.set(name, line);
      }
      if (lines.size === 0) lines.set("", { labels: {}, series: [] });
      const begin = Math.floor(fromMs / stepMs / wide) * wide;
      const end = Math.ceil(toMs / stepMs);
      return [...lines.values()].map(({ labels, series }) => {
        const points: SeriesPoint[] = [];
        for (let slot = begin; slot < end; slot += wide) points.push(pointOf(metric, series, slot, wide, nowMs, expected));
        return { labels, points };
      });
    },
    sinceMs: () => (reported.size === 0 ? undefined : Math.min(...reported.keys()) * stepMs),
  };

  function pointOf(metric: Metric, series: readonly Map<number, Cell>[], slot: number, wide: number, nowMs: number, expected: HistoryQuery["expected"]): SeriesPoint {
    let all: Amount = {};
    let onTime: Amount = {};
    let lateAtMs: number | undefined;
    let late = 0;
    let told = Infinity;
    for (let at = slot; at < slot + wide; at++) {
      told = Math.min(told, reported.get(at) ?? 0);
      for (const cellsOfKey of series) {
        const cell = cellsOfKey.get(at);
        if (cell === undefined) continue;
        all = mergeAmounts(all, cell.all);
        onTime = mergeAmounts(onTime, cell.onTime);
        if (cell.lateAtMs !== undefined) lateAtMs = Math.max(lateAtMs ?? 0, cell.lateAtMs);
        late += cell.late;
      }
    }
    const isTold = Array.from({ length: wide }, (_, index) => reported.has(slot + index)).includes(true);
    const { gauge, duration } = all;
    const spread = gauge === undefined ? duration && { min: duration.min, max: duration.max, count: duration.count } : { min: gauge[1], max: gauge[2], count: gauge[4] };
    return {
      at: isoTime(slot * stepMs),
      value: valueOf(metric, all, isTold),
      ...spread,
      ...(duration === undefined ? {} : { quantiles: quantilesOf(duration) }),
      nodes: expected(slot * stepMs, (slot + wide) * stepMs),
      reported: told,
      ...((slot + wide) * stepMs > nowMs ? { open: true as const } : {}),
      ...(lateAtMs === undefined ? {} : { revised: { at: isoTime(lateAtMs), from: valueOf(metric, onTime, Object.keys(onTime).length > 0), times: late } }),
    };
  }
}

function same(amount: Amount): Cell {
  return { all: amount, onTime: amount, lateAtMs: undefined, late: 0 };
}

const mergeAmounts = (one: Amount, other: Amount): Amount => ({
  ...(one.sum === undefined && other.sum === undefined ? {} : { sum: (one.sum ?? 0) + (other.sum ?? 0) }),
  ...(other.gauge === undefined ? (one.gauge === undefined ? {} : { gauge: one.gauge }) : { gauge: mergeGauges(one.gauge, other.gauge) }),
  ...(other.duration === undefined ? (one.duration === undefined ? {} : { duration: one.duration }) : { duration: mergeDurations(one.duration, other.duration) }),
});

/** A sum that nobody added to is nothing where somebody told, and unknown where nobody did. */
function valueOf({ kind }: Metric, { sum, gauge, duration }: Amount, isTold: boolean): number | null {
  if (kind === "sum") return sum ?? (isTold ? 0 : null);
  if (kind === "gauge") return gauge === undefined || gauge[4] === 0 ? null : gauge[3] / gauge[4];
  return duration === undefined || duration.count === 0 ? null : duration.sum / duration.count;
}

function quantilesOf(duration: Duration): NonNullable<SeriesPoint["quantiles"]> {
  const sketch = sketchOf(duration);
  const at = (q: number): number => Math.min(duration.max, Math.max(duration.min, sketch.quantile(q) ?? 0));
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}
