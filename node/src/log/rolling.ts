/**
 * What the rolls of coming batches name: the newest run of each lane that changed last. A batch whose roll reaches back over all that was
 * destroyed before it says where every lane stood. Lanes are bounded; the one that changed longest ago is left out first, and with it the reach.
 */
import { limits } from "@holon/core/limits.ts";
import { encodeRoll, type RolledRun } from "@holon/core/log/roll.ts";
import { laneName, laneOf, type Lane, type Mark } from "@holon/core/log/log.ts";
import { runMark, type Integrity, type RunHeader } from "@holon/core/log/run.ts";

export interface EncodedRoll {
  readonly payload: Uint8Array;
  /** How many numbers before the batch's own it speaks for. */
  readonly reach: number;
  /** What is to be kept for the next. */
  readonly bytes: number;
}

export class Rolling {
  readonly #lanes: Map<string, { readonly run: RolledRun; readonly number: number }>;
  /** Of batches with a higher number every lane is known. */
  #since: number;
  /** Written since a roll named more than the batch before. */
  #bytes: number;

  constructor(from?: Rolling) {
    this.#lanes = new Map(from === undefined ? [] : from.#lanes);
    this.#since = from === undefined ? 0 : from.#since;
    this.#bytes = from === undefined ? Number.POSITIVE_INFINITY : from.#bytes;
  }

  /** A batch that was read or encoded. */
  took(number: number, runs: readonly RunHeader[]): void {
    const names = new Set<string>();
    for (const run of runs) {
      const name = laneName(run);
      const firstSequence = names.has(name) ? (this.#lanes.get(name)?.run.firstSequence ?? run.firstSequence) : run.firstSequence;
      names.add(name);
      this.#put(name, { lane: laneOf(run), firstSequence, mark: runMark(run) }, number);
    }
    this.#trim(number);
  }

  /** A batch with that roll is on the disk. */
  published(number: number, runs: readonly RunHeader[], roll: EncodedRoll): void {
    this.#bytes = roll.bytes;
    this.took(number, runs);
  }

  /** What a batch's roll says of the ones before it. `isBroken`: not all before it was read, nor does it speak for all of that. */
  told(number: number, reach: number, runs: readonly RolledRun[], isBroken: boolean): void {
    const since = Math.max(0, number - 1 - reach);
    for (const run of runs) this.#learn(run, number - 1);
    this.#since = isBroken ? since : Math.min(this.#since, since);
    this.#trim(number - 1);
  }

  /** Where all lanes stand after a batch. `isBroken`: not all before it was read. */
  stood(number: number, heads: readonly { readonly lane: Lane; readonly mark: Mark }[], isBroken: boolean): void {
    const areFew = heads.length <= limits.rollLanesMax;
    for (const { lane, mark } of heads) if (mark.sequence > 0 && (areFew || this.#lanes.has(laneName(lane)))) this.#learn({ lane, firstSequence: mark.sequence, mark }, number);
    if (areFew) this.#since = 0;
    else if (isBroken) this.#since = number;
  }

  /** For the batch of that number, of so many bytes. Naming all lanes each time would outweigh small batches: in between only the batch before is named. */
  encode(number: number, bytes: number, integrity: Integrity): EncodedRoll {
    const isWide = bytes === 0 || this.#bytes + bytes >= limits.rollEveryBytes;
    this.#bytes = isWide ? 0 : this.#bytes + bytes;
    const runs = [...this.#lanes.values()].filter((entry) => isWide || entry.number === number - 1).map(({ run }) => run);
    return { payload: encodeRoll(runs, integrity), reach: isWide ? number - 1 - this.#since : Math.min(1, number - 1 - this.#since), bytes: this.#bytes };
  }

  #learn(run: RolledRun, number: number): void {
    const name = laneName(run.lane);
    if ((this.#lanes.get(name)?.run.mark.sequence ?? 0) < run.mark.sequence) this.#put(name, run, number);
  }

  #put(name: string, run: RolledRun, number: number): void {
    this.#lanes.delete(name); // to the end: the map's order is that of the changes
    this.#lanes.set(name, { run, number });
  }

  /** The newest batch's lanes all stay. */
  #trim(newest: number): void {
    for (const [name, { number }] of this.#lanes) {
      if (this.#lanes.size <= limits.rollLanesMax || number >= newest) return;
      this.#lanes.delete(name);
      this.#since = Math.max(this.#since, number);
    }
  }
}
