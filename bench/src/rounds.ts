/**
 * Contenders measured in turns, A B B A …, because the machine is shared: what disturbs one round disturbs all who run in it. Each
 * round has another order, so that none always runs after the same one.
 */
import { median, percentile, sum } from "./statistics.ts";

/** Does its work for about so long; returns the milliseconds of each operation. At least one. */
export type Work = (durationMs: number) => Promise<readonly number[]>;

export interface Measured {
  /** Median of the rounds' medians: robust against a round that was disturbed. */
  readonly p50Ms: number;
  /** Over all operations of all rounds: what it takes while the machine is left alone, nearly. */
  readonly p10Ms: number;
  readonly p99Ms: number;
  /** Operations a second over all rounds, counting only the time in operations. */
  readonly perSecond: number;
}

export interface Contender {
  readonly work: Work;
  /** Takes note of one round. */
  took(samples: readonly number[]): void;
  measured(): Measured;
}

export function contender(work: Work): Contender {
  const medians: number[] = [];
  const all: number[] = [];
  return {
    work,
    took(samples) {
      medians.push(median(samples));
      for (const sample of samples) all.push(sample);
    },
    measured: () => ({ p50Ms: median(medians), p10Ms: percentile(all, 0.1), p99Ms: percentile(all, 0.99), perSecond: (1000 * all.length) / sum(all) }),
  };
}

/** Short, so that a disturbance of a second meets all contenders; long enough for several operations. */
const slotMsMax = 50;
const roundsMin = 5;

/** `seconds` is the time of each contender over all rounds. */
export async function runInTurns(contenders: readonly Contender[], { seconds }: { readonly seconds: number }): Promise<void> {
  const rounds = Math.max(roundsMin, Math.ceil((seconds * 1000) / slotMsMax));
  const slotMs = (seconds * 1000) / rounds;
  for (const { work } of contenders) await work(4 * slotMs); // not counted: compilers and caches warm up
  for (let round = 0; round < rounds; round++) {
    for (const { work, took } of inOrder(contenders, round)) took(await work(slotMs));
  }
}

/** Rotated from round to round, and every other time backwards. */
function inOrder<Item>(items: readonly Item[], round: number): readonly Item[] {
  const start = (round >> 1) % items.length;
  const rotated = [...items.slice(start), ...items.slice(0, start)];
  return round % 2 === 0 ? rotated : rotated.toReversed();
}

/** Repeats one operation until the time is over. */
export const repeated =
  (operation: () => void | Promise<unknown>): Work =>
  async (durationMs) => {
    const taken: number[] = [];
    const endMs = performance.now() + durationMs;
    for (let startMs = performance.now(); startMs < endMs || taken.length === 0; startMs = performance.now()) {
      await operation();
      taken.push(performance.now() - startMs);
    }
    return taken;
  };
