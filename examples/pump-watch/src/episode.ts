/** An alarm from its beginning to its end: what people are told of, in place of rows. */
import { topCauses, type Cause } from "./causes.ts";
import type { Judgement, Statistic } from "./detector.ts";

export interface Episode {
  /** Counts the episodes of a subject from 1. */
  readonly number: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly rows: number;
  readonly peakScore: number;
  /** The statistic at the peak. */
  readonly statistic: Statistic;
  /** Shares by sensor, added up over the rows. */
  readonly weights: readonly number[];
}

export type AlertData =
  | { readonly state: "open"; readonly episode: number; readonly start: string; readonly causes: readonly Cause[] }
  | {
      readonly state: "closed";
      readonly episode: number;
      readonly start: string;
      /** Of the last reading that was out of the ordinary. */
      readonly end: string;
      readonly rows: number;
      readonly peakScore: number;
      readonly statistic: Statistic;
      readonly causes: readonly Cause[];
    };

export function extendEpisode(episode: Episode | undefined, before: number, timeMs: number, { score, statistic }: Judgement, weights: readonly number[]): Episode {
  if (episode === undefined) return { number: before + 1, startMs: timeMs, endMs: timeMs, rows: 1, peakScore: score, statistic, weights };
  return {
    ...episode,
    endMs: timeMs,
    rows: episode.rows + 1,
    ...(score > episode.peakScore ? { peakScore: score, statistic } : {}),
    weights: episode.weights.map((weight, sensor) => weight + (weights[sensor] ?? 0)),
  };
}

export const opened = (episode: Episode, sensors: readonly string[]): AlertData => ({
  state: "open",
  episode: episode.number,
  start: toTime(episode.startMs),
  causes: topCauses(sensors, episode.weights),
});

export const closed = (episode: Episode, sensors: readonly string[]): AlertData => ({
  state: "closed",
  episode: episode.number,
  start: toTime(episode.startMs),
  end: toTime(episode.endMs),
  rows: episode.rows,
  peakScore: Number(episode.peakScore.toPrecision(4)),
  statistic: episode.statistic,
  causes: topCauses(sensors, episode.weights),
});

const toTime = (timeMs: number): string => new Date(timeMs).toISOString();
