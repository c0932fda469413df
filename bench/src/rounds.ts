/**
 * Contenders measured in turns, A B B A …, because the machine is shared: what disturbs one round disturbs all who run in it. Each
 * round has another order, so that none always runs after the same one.
 */
import { median, percentile, sum } from "./statistics.ts";

/** Does its work for about so long; returns the milliseconds of each operation. At least one. */
export type Contender = (durationMs: number) => Promise<readonly number[]>;

export interface Measured {
  /** Median of the rounds' medians: robust against a round that was disturbed. */
  readonly p50Ms: number;
  /** Over all operations of all rounds: what it takes when the machine is left alone, nearly. */
  readonly p10Ms: number;
  readonly p99Ms: number;
  /** Operations a second over all rounds, counting only the time in operations. */
  readonly perSecond: number;
}

export interface RoundsOptions {
  /** Time of each contender over all rounds. */
  readonly seconds: number;
}

/** Short, so that a disturbance of a second meets all contenders; long enough for several operations. */
const slotMsMax = 50;
const roundsMin = 5;

export async function measureInTurns<Name extends string>(contenders: Readonly<Record<Name, Contender>>, { seconds }: RoundsOptions): Promise<Record<Name, Measured>> {
  const names = Object.keys(contenders) as Name[]; // Object.keys forgets the names of the type
  const medians = new Map<Name, number[]>(names.map((name) => [name, []]));
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]));
  const rounds = Math.max(roundsMin, Math.ceil((seconds * 1000) / slotMsMax));
  const slotMs = (seconds * 1000) / rounds;
  for (const name of names) await contenders[name](4 * slotMs); // not counted: compilers and caches warm up
  for (let index = 0; index < rounds; index++) {
    for (const name of inOrder(names, index)) {
      const taken = await contenders[name](slotMs);
      medians.get(name)?.push(median(taken));
      for (const sample of taken) samples.get(name)?.push(sample);
    }
  }
  const measured = (name: Name): Measured => {
    const all = samples.get(name) ?? [];
    return { p50Ms: median(medians.get(name) ?? []), p10Ms: percentile(all, 0.1), p99Ms: percentile(all, 0.99), perSecond: (1000 * all.length) / sum(all) };
  };
  return Object.fromEntries(names.map((name) => [name, measured(name)])) as Record<Name, Measured>; // one entry a name
}

/** Rotated from round to round, and every other time backwards. */
function inOrder<Name>(names: readonly Name[], round: number): readonly Name[] {
  const start = (round >> 1) % names.length;
  const rotated = [...names.slice(start), ...names.slice(0, start)];
  return round % 2 === 0 ? rotated : rotated.toReversed();
}

/** Repeats one operation until the time is over. */
export const repeated =
  (operation: () => void | Promise<unknown>): Contender =>
  async (durationMs) => {
    const taken: number[] = [];
    const endMs = performance.now() + durationMs;
    for (let startMs = performance.now(); startMs < endMs || taken.length === 0; startMs = performance.now()) {
      await operation();
      taken.push(performance.now() - startMs);
    }
    return taken;
  };
