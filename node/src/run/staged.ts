/**
 * What stands in line for the disk, for units that have nothing else to do: they begin with it at once, and what they make of it is stored only when
 * it is on the disk itself. So the wait for the disk and the work pass at the same time, and nothing else changes: an append that fails is one that
 * was never handed over, and whoever was handed it starts again from what is there.
 */
import { limits } from "@holon/core/limits.ts";
import { laneName, type Lane, type LogRecord, type NewRecord } from "@holon/core/log/log.ts";
import type { Epoch, NodeName } from "@holon/core/units.ts";

/** Records of one lane that follow one another. */
export interface Staged {
  readonly lane: Lane;
  /** Sequences of the first and the last record. */
  readonly first: number;
  readonly last: number;
  readonly records: readonly LogRecord[];
  /** Whether it came to be on the disk. */
  readonly settled: Promise<boolean>;
}

/** One append, by lane. */
export function stagedRuns(records: readonly NewRecord[], sequences: readonly number[], settled: Promise<boolean>, { origin, epoch }: { readonly origin: NodeName; readonly epoch: Epoch }): readonly Staged[] {
  const [only] = records;
  if (only !== undefined && records.length === 1) {
    const [sequence = 0] = sequences;
    return [{ lane: { origin, stream: only.stream }, first: sequence, last: sequence, records: [{ origin, stream: only.stream, epoch, sequence, bytes: only.bytes }], settled }];
  }
  const byStream = new Map<Lane["stream"], LogRecord[]>();
  for (const [index, { stream, bytes }] of records.entries()) {
    const record: LogRecord = { origin, stream, epoch, sequence: sequences[index] ?? 0, bytes };
    const known = byStream.get(stream);
    if (known === undefined) byStream.set(stream, [record]);
    else known.push(record);
  }
  return [...byStream].map(([stream, run]) => ({ lane: { origin, stream }, first: run[0]?.sequence ?? 0, last: run.at(-1)?.sequence ?? 0, records: run, settled }));
}

/** Of one unit: of each lane what follows its position without a gap. What finds no room is read from the disk. */
export interface EarlyRuns {
  /** Whether there is something in it to begin with. */
  offer(run: Staged, position: number): boolean;
  /** Whether `next` has something. */
  isDue(): boolean;
  /** What comes next, all that was wanted and what lies between, up to `max` records. */
  next(positions: ReadonlyMap<string, number>, max: number): Staged | undefined;
  /** How far the unit may pass without looking, up to what is on the disk. */
  pass(lane: string, position: number, head: number): number;
  clear(): void;
}

export const createEarlyRuns = (isWanted: (record: LogRecord) => boolean): EarlyRuns => new LinedRuns(isWanted);

/** A class, since a node has one for each of perhaps a thousand units: methods are shared by all of them, closures are each one's own. */
class LinedRuns implements EarlyRuns {
  readonly #isWanted: (record: LogRecord) => boolean;
  #byLane: Map<string, Staged[]> | undefined;
  /** The last that was handed out of each lane. */
  #reached: Map<string, number> | undefined;
  #bytes = 0;
  #wanted = 0;

  constructor(isWanted: (record: LogRecord) => boolean) {
    this.#isWanted = isWanted;
  }

  offer(run: Staged, position: number): boolean {
    const lane = laneName(run.lane);
    const runs = this.#following(lane, position);
    if (run.first !== (runs.at(-1)?.last ?? Math.max(position, this.#reached?.get(lane) ?? 0)) + 1) return false;
    const mine = run.records.every(this.#isWanted) ? run : { ...run, records: run.records.filter(this.#isWanted) };
    const size = mine.records.reduce((sum, record) => sum + record.bytes.length, 0);
    if (this.#bytes + size > limits.stagedBytesMax || runs.length >= limits.stagedRunsMax) return false;
    if (runs.length === 0) (this.#byLane ??= new Map()).set(lane, [mine]);
    else runs.push(mine);
    this.#bytes += size;
    if (mine.records.length > 0) this.#wanted += 1;
    void run.settled.then((isKept) => (isKept ? undefined : this.#drop(lane))); // other records may have these names now
    return mine.records.length > 0;
  }

  isDue(): boolean {
    return this.#wanted > 0;
  }

  next(positions: ReadonlyMap<string, number>, max: number): Staged | undefined {
    for (const lane of this.#byLane?.keys() ?? []) {
      const position = positions.get(lane) ?? 0;
      const runs = this.#following(lane, position);
      if (runs[0]?.first !== position + 1) {
        this.#drop(lane);
        continue;
      }
      const [only, second] = runs;
      if (only !== undefined && second === undefined && only.records.length > 0 && only.records.length <= max) return this.#takeOnly(lane, only, runs);
      const taken = upTo(max, runs);
      const [first, last] = [taken[0], taken.at(-1)];
      if (first === undefined || last === undefined) {
        if (runs.some(({ records }) => records.length > 0)) this.#drop(lane); // more at once than may be taken: from the disk, in parts
        continue;
      }
      for (const run of runs.splice(0, taken.length)) this.#forget(run);
      (this.#reached ??= new Map()).set(lane, last.last);
      return { lane: last.lane, first: first.first, last: last.last, records: taken.flatMap(({ records }) => records), settled: last.settled };
    }
    return undefined;
  }

  pass(lane: string, position: number, head: number): number {
    let passed = position;
    for (const { first, last, records } of this.#following(lane, position)) {
      if (first !== passed + 1 || records.length > 0 || last > head) break;
      passed = last;
    }
    return passed;
  }

  clear(): void {
    this.#byLane = undefined;
    this.#reached = undefined;
    this.#bytes = 0;
    this.#wanted = 0;
  }

  /** As it mostly is: a reading comes alone. */
  #takeOnly(lane: string, only: Staged, runs: Staged[]): Staged {
    runs.pop();
    this.#forget(only);
    (this.#reached ??= new Map()).set(lane, only.last);
    return only;
  }

  #forget(run: Staged): void {
    for (const record of run.records) this.#bytes -= record.bytes.length;
    if (run.records.length > 0) this.#wanted -= 1;
  }

  #drop(lane: string): void {
    for (const run of this.#byLane?.get(lane) ?? []) this.#forget(run);
    this.#byLane?.delete(lane);
  }

  /** Without what was read from the disk meanwhile. */
  #following(lane: string, position: number): Staged[] {
    const runs = this.#byLane?.get(lane) ?? [];
    for (let first = runs[0]; first !== undefined && first.last <= position; first = runs[0]) {
      this.#forget(first);
      runs.shift();
    }
    return runs;
  }
}

/** Of the first runs those that hold up to so many records, the last of them not in vain. */
function upTo(max: number, runs: readonly Staged[]): readonly Staged[] {
  const taken: Staged[] = [];
  for (let count = 0; taken.length < runs.length; ) {
    const run = runs[taken.length];
    if (run === undefined || (count += run.records.length) > max) break;
    taken.push(run);
  }
  while (taken.at(-1)?.records.length === 0) taken.pop();
  return taken;
}
