/**
 * Measures this node and writes it into its own log: one window at a time, each closed at a multiple of its interval so that windows of different nodes fall together. While the uplink is
 * down, windows wait as cells for what `thin` says; sums that outlive a run are counted from a baseline that is written with them, so that a power cut neither doubles nor loses any of them.
 */
import { parseJson } from "@holon/core/link/frame.ts";
import { limits } from "@holon/core/limits.ts";
import type { CellChange, NewRecord } from "@holon/core/log/log.ts";
import type { Clock, Timer, Trace } from "@holon/core/ports.ts";
import type { TelemetrySettings } from "@holon/core/telemetry/settings.ts";
import { thin } from "@holon/core/telemetry/thinning.ts";
import { createDurationMeter, gaugeOf, windowSchema, windowType, type DurationMeter, type Window } from "@holon/core/telemetry/window.ts";
import { z } from "zod";
import type { Events } from "../event/events.ts";
import type { SegmentLog } from "../log/segment-log.ts";

/** What a node shows at one moment, by key (`holon.log.records{stream="data"}`). */
export interface Sample {
  /** That go on over restarts. */
  readonly lasting: ReadonlyMap<string, number>;
  /** Since this start. */
  readonly sums: ReadonlyMap<string, number>;
  readonly gauges: ReadonlyMap<string, number>;
}

export interface RecorderOptions {
  readonly settings: TelemetrySettings;
  readonly log: SegmentLog;
  readonly events: Events;
  readonly ports: { readonly clock: Clock; readonly trace: Trace };
  sample(): Promise<Sample>;
  /** When the uplink was lost, wall clock; undefined while it is open, or where there is none. */
  incident(): number | undefined;
  /** Bytes an hour that the uplink may cost; undefined without a bound. */
  budget(): number | undefined;
  /** A window is closed: for who looks at this node here. */
  closed(window: Window): void;
  /** Instead of the rule, for a test of the checkers. */
  readonly thin?: typeof thin | undefined;
}

export interface Recorder {
  /** The node runs: until then nothing is written, since a start that fails is no run of it. */
  begin(): void;
  /** A duration of a metric, milliseconds; `count` of them. */
  measured(key: string, milliseconds: number, count?: number): void;
  /** Windows that wait, and those that were found waiting at the start. */
  held(): readonly Window[];
  /** The uplink has opened or was lost: the window that is open ends here. */
  turned(): void;
  /** What was counted since this start, what is not told yet included; gauges as they are. */
  live(): Promise<Pick<Window, "sums" | "gauges" | "durations">>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

const heldPrefix = "telemetry/held/";
const baseCell = "telemetry/base";
const baseSchema = z.record(z.string(), z.number());
const encoder = new TextEncoder();
/** Of the bytes of a record, about what it costs on the wire, with its acknowledgement. */
const wireShare = 2 / 3;

export function createRecorder(options: RecorderOptions): Recorder {
  const { settings, log, events, ports } = options;
  const { clock } = ports;
  const rule = options.thin ?? thin;
  let base = baseOf(log);
  let sinceStart = new Map<string, number>();
  let durations = new Map<string, DurationMeter>();
  const held = heldIn(log);
  /** Since this start, for who asks for running totals. */
  const running = new Map<string, number>();
  const runningDurations = new Map<string, DurationMeter>();
  let startMs = clock.wall().ms;
  let everyMs = settings.everyMs;
  let timer: Timer | undefined;
  let writing: Promise<void> = Promise.resolve();
  let hasBegun = false;
  let closed = false;

  const failed = (error: unknown): void => ports.trace.note("warn", `telemetry: ${error instanceof Error ? error.message : String(error)}`);

  function later(): void {
    timer?.cancel();
    if (closed) return;
    const nowMs = clock.wall().ms;
    timer = clock.after(Math.max(1, (Math.floor(nowMs / everyMs) + 1) * everyMs - nowMs), () => void flush().catch(failed));
  }

  function flush(): Promise<void> {
    writing = writing.catch(() => undefined).then(closeWindow).finally(later);
    return writing;
  }

  const counted = ({ lasting, sums }: Sample): Record<string, number> => ({ ...grown(lasting, (key) => base[key] ?? 0), ...grown(sums, (key) => sinceStart.get(key) ?? 0) });

  async function closeWindow(): Promise<void> {
    const sample = await options.sample();
    const endMs = clock.wall().ms;
    // A clock that was set: what was measured is told, its time is where the clock says now.
    const isPlausible = endMs > startMs && endMs - startMs <= 2 * everyMs + limits.telemetryGraceMs;
    const sums = bounded(counted(sample));
    const measured = durations;
    const window: Window = {
      startMs: isPlausible ? startMs : endMs - 1,
      endMs,
      everyMs,
      merged: 1,
      sums,
      gauges: Object.fromEntries([...sample.gauges].slice(0, limits.telemetryKeysMax).map(([key, value]) => [key, gaugeOf(value)])),
      durations: Object.fromEntries([...measured].slice(0, limits.telemetryKeysMax).map(([key, meter]) => [key, meter.value()])),
    };
    const nextBase = { ...base, ...Object.fromEntries(sample.lasting) };
    const { write, hold } = rule([...held, window], options.incident(), settings);
    const kept = new Set(hold);
    const cells: CellChange[] = [{ key: baseCell, value: encoder.encode(JSON.stringify(nextBase)) }];
    for (const old of held) if (!kept.has(old)) cells.push({ key: cellOf(old), value: null });
    if (kept.has(window)) cells.push({ key: cellOf(window), value: encoder.encode(JSON.stringify(window)) });
    const records = write.map((one): NewRecord => events.record({ stream: "telemetry", type: windowType, class: "public", producer: "telemetry", timeMs: one.endMs, data: one }));
    durations = new Map();
    try {
      await log.append({ records, cells });
    } catch (error) {
      for (const [key, meter] of measured) durations.set(key, durations.get(key) ?? meter); // the sums are still to come, since their base stands
      throw error;
    }
    base = nextBase;
    sinceStart = new Map(sample.sums);
    startMs = endMs;
    held.splice(0, held.length, ...hold);
    for (const [key, sum] of Object.entries(sums)) running.set(key, (running.get(key) ?? 0) + sum);
    everyMs = affordable(records.reduce((most, { bytes }) => Math.max(most, bytes.length), 0));
    options.closed(window);
  }

  /** Where the uplink is dear, windows are longer. */
  function affordable(recordBytes: number): number {
    const budget = options.budget();
    if (budget === undefined || recordBytes === 0) return settings.everyMs;
    const leastMs = ((recordBytes * wireShare) / (budget * settings.share)) * 3_600_000;
    return Math.min(limits.telemetryEveryMsMax, settings.everyMs * Math.max(1, Math.ceil(leastMs / settings.everyMs)));
  }

  return {
    begin() {
      hasBegun = true;
      later();
    },
    measured(key, milliseconds, count) {
      for (const meters of [durations, runningDurations]) {
        const meter = meters.get(key) ?? createDurationMeter();
        meters.set(key, meter);
        meter.add(milliseconds, count);
      }
    },
    held: () => held,
    turned: () => void (closed || !hasBegun ? undefined : flush().catch(failed)), // the way up ends behind the last window of a node that stops
    async live() {
      const sample = await options.sample();
      const sums = new Map(running);
      for (const [key, sum] of Object.entries(counted(sample))) sums.set(key, (sums.get(key) ?? 0) + sum);
      return {
        sums: Object.fromEntries(sums),
        gauges: Object.fromEntries([...sample.gauges].map(([key, value]) => [key, gaugeOf(value)])),
        durations: Object.fromEntries([...runningDurations].map(([key, meter]) => [key, meter.value()])),
      };
    },
    flush,
    async close() {
      closed = true;
      timer?.cancel();
      if (hasBegun) await flush().catch(failed);
    },
  };
}

/** What was added since, by key; what went back (a log that was put back, a count that was lost with the power) counts from there. */
export function grown(now: ReadonlyMap<string, number>, before: (key: string) => number): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [key, value] of now) {
    const delta = value - before(key);
    if (delta > 0) sums[key] = delta;
  }
  return sums;
}

const bounded = (sums: Record<string, number>): Record<string, number> => Object.fromEntries(Object.entries(sums).slice(0, limits.telemetryKeysMax));

const cellOf = ({ endMs, startMs }: Window): string => `${heldPrefix}${String(Math.round(endMs)).padStart(15, "0")}-${Math.round(startMs)}`;

function heldIn(log: SegmentLog): Window[] {
  return [...log.cells(heldPrefix).values()].map((cell) => windowSchema.parse(parseJson(cell)));
}

function baseOf(log: SegmentLog): Readonly<Record<string, number>> {
  const cell = log.cell(baseCell);
  return cell === undefined ? {} : baseSchema.parse(parseJson(cell));
}
