/**
 * One-minute aggregates by event time. No extremes, since a minimum is a reading; no minute of few readings, since the mean
 * of one reading is that reading.
 */
import { deviation, noMoments, withValue, type Moments } from "./moments.ts";
import type { Row } from "./reading.ts";

/** A sensor's fewest readings for its minute to be published. */
export const readingsMin = 10;
const minuteMs = 60_000;
/** A reading that is older than its minute by more than this is no straggler: the clock or the recording went back. */
const stragglerMs = 10 * minuteMs;

export interface Minute {
  readonly startMs: number;
  readonly sensors: readonly Moments[];
  /** Readings for earlier minutes, which are published already; they are counted, not added. */
  readonly late: number;
}

/** What crosses: each list is in the order of the last `pump.sensors`; `null` where a sensor had too few readings. */
export interface MinuteData {
  /** Readings of each sensor; one number where all sensors had the same. */
  readonly count: number | readonly (number | null)[];
  /** 4 significant digits. */
  readonly mean: readonly (number | null)[];
  /** Standard deviation with n - 1, 4 significant digits. */
  readonly deviation: readonly (number | null)[];
  readonly late?: number;
}

/** Adds a row; `closed` is the minute before, where the row began another. */
export function addToMinute(minute: Minute | undefined, timeMs: number, row: Row): { readonly minute: Minute; readonly closed: Minute | undefined } {
  const startMs = Math.floor(timeMs / minuteMs) * minuteMs;
  if (minute === undefined || startMs > minute.startMs || minute.startMs - startMs > stragglerMs) {
    return { minute: withRow({ startMs, sensors: [], late: 0 }, row), closed: minute };
  }
  if (startMs < minute.startMs) return { minute: { ...minute, late: minute.late + 1 }, closed: undefined };
  return { minute: withRow(minute, row), closed: undefined };
}

/** What may be told of a minute; nothing if every sensor had too few readings. */
export function publish({ sensors, late }: Minute): MinuteData | undefined {
  const enough = sensors.map((moments) => (moments.count >= readingsMin ? moments : null));
  if (enough.every((moments) => moments === null)) return undefined;
  const counts = enough.map((moments) => moments?.count ?? null);
  const [first = null] = counts;
  return {
    count: first !== null && counts.every((count) => count === first) ? first : counts,
    mean: enough.map((moments) => moments && rounded(moments.mean)),
    deviation: enough.map((moments) => moments && rounded(deviation(moments))),
    ...(late > 0 ? { late } : {}),
  };
}

const withRow = (minute: Minute, row: Row): Minute => ({
  ...minute,
  sensors: row.map((value, sensor) => {
    const moments = minute.sensors[sensor] ?? noMoments;
    return value === null ? moments : withValue(moments, value);
  }),
});

const rounded = (value: number): number => Number(value.toPrecision(4));
