/**
 * Contenders measured in turns, A B A B …, because the machine is shared: what disturbs one round disturbs all who run in it. Each
 * round begins with another contender, so that none always runs after the same one.
 */
import { median, percentile, sum } from "./statistics.ts";

/** Does its work for about so long; returns the milliseconds of each operation. At least one. */
export type Contender = (durationMs: number) => Promise<readonly number[]>;

export interface Measured {
  /** Median of the rounds' medians: robust against a round that was disturbed. */
  readonly p50Ms: number;
  /** Over all operations of all rounds. */
  readonly p99Ms: number;
  /** Operations a second over all rounds, counting only the time in operations. */
  readonly perSecond: number;
}

export interface RoundsOptions {
  /** Time of each contender over all rounds. */
  readonly seconds: number;
  readonly rounds: number;
}

export async function measureInTurns<Name extends string>(contenders: Readonly<Record<Name, Contender>>, { seconds, rounds }: RoundsOptions): Promise<Record<Name, Measured>> {
  const names = Object.keys(contenders) as Name[]; // Object.keys forgets the names of the type
  const medians = new Map<Name, number[]>(names.map((name) => [name, []]));
  const samples = new Map<Name, number[]>(names.map((name) => [name, []]));
  const slotMs = (seconds * 1000) / rounds;
  for (const name of names) await contenders[name](slotMs / 2); // not counted: compilers and caches warm up
  for (let index = 0; index < rounds; index++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(index + turn) % names.length];
      if (name === undefined) continue;
      const taken = await contenders[name](slotMs);
      medians.get(name)?.push(median(taken));
      for (const sample of taken) samples.get(name)?.push(sample);
    }
  }
  const measured = (name: Name): Measured => {
    const all = samples.get(name) ?? [];
    return { p50Ms: median(medians.get(name) ?? []), p99Ms: percentile(all, 0.99), perSecond: (1000 * all.length) / sum(all) };
  };
  return Object.fromEntries(names.map((name) => [name, measured(name)])) as Record<Name, Measured>; // one entry a name
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
