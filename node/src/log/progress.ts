/**
 * How far a log is known while it is read from one end to the other, and what is found missing on the way.
 *
 * A lane is dense, so where it goes on says what is missing before. Where it does not go on, rolls and snapshots say how far it went: a roll
 * speaks for so many numbers before its batch, and if these reach over all that could not be read, every lane's end is known. Until then more may
 * be gone than is named, and of which lanes is kept.
 */
import { laneName, type CellChange, type Lane } from "@holon/core/log/log.ts";
import type { RolledRun } from "@holon/core/log/roll.ts";
import { runMark, runRecords, type Integrity, type RunHeader } from "@holon/core/log/run.ts";
import { createHeads, type Heads } from "./heads.ts";
import type { Inspected, InspectedRun } from "./inspect.ts";
import { Rolling } from "./rolling.ts";
import type { Salvaged } from "./salvage.ts";
import type { ScannedBatch } from "./scan.ts";

/** A part of a segment that is not as it was written. */
export interface Damage {
  readonly segment: string;
  readonly fromByte: number;
  readonly toByte: number;
  readonly what: string;
}

/** Records of a lane that are damaged: exact. */
export interface LostRange {
  readonly lane: string;
  readonly first: number;
  readonly last: number;
}

/** Behind that record of the lane more may be lost, and nothing that is left says how many; so may lanes of others that nothing is left of. */
export interface UnsettledLane {
  readonly lane: string;
  readonly after: number;
}

export class Progress {
  readonly heads: Heads = createHeads();
  readonly cells = new Map<string, Uint8Array>();
  readonly damage: Damage[] = [];
  readonly lost: LostRange[] = [];
  readonly rolling = new Rolling();
  nextBatch = 1;
  mended = 0;
  /** Cells whose newest value may be among what was lost. */
  readonly staleCells = new Set<string>();
  /** What is before the first snapshot is not asked for. */
  readonly #trustsFirst: boolean;
  #isBegun = false;
  /** Number of the last batch before which everything is known. */
  #knownThrough = 0;
  /** Since then there was something that could not be read. */
  #isBroken = false;
  /** Numbers from there on are not all spoken for; the lanes are those whose end is known all the same. */
  #unsettled: { readonly since: number; readonly settled: Set<string> } | undefined;

  constructor(trustsFirst: boolean) {
    this.#trustsFirst = trustsFirst;
  }

  /** Whether something behind this may still say more of what is lost. */
  get isOpen(): boolean {
    return this.#isBroken || this.#unsettled !== undefined;
  }

  damaged(piece: Damage): void {
    this.damage.push(piece);
  }

  /** A batch whose frame is intact. */
  apply(batch: ScannedBatch, inspected: Inspected, integrity: Integrity): void {
    const { number, reach } = batch.header;
    if (inspected.heads !== undefined) this.#applySnapshot(number, inspected);
    else this.#applyRoll(number, inspected.roll === undefined ? 0 : reach, inspected.roll ?? []);
    for (const run of inspected.runs) this.#applyRun(run, integrity);
    if (inspected.lostCells > 0) this.#staleAll();
    for (const cell of inspected.cells) this.#setCell(cell);
    if (!batch.header.snapshot) this.rolling.took(number, inspected.runs.map(({ header }) => header));
    this.nextBatch = number + 1;
    this.#isBegun = true;
    this.#isBroken = inspected.lostRuns > 0 || (batch.header.snapshot && inspected.heads === undefined);
    this.#knownThrough = this.#isBroken ? number - 1 : number;
  }

  /** What is left of bytes that are no batch any more. */
  applySalvaged({ runs, cells, roll, isWhole }: Salvaged, integrity: Integrity): void {
    for (const run of roll ?? []) this.#applyRolled(run);
    for (const run of runs) this.#applyRun(run, integrity);
    const unsure = cells.filter(({ key, value }) => value?.length === 0 && (this.cells.get(key)?.length ?? 0) > 0);
    if (!isWhole || unsure.length > 0) this.#staleAll();
    for (const cell of cells) if (!unsure.includes(cell)) this.#setCell(cell);
    this.#isBegun = true;
    if (isWhole) this.nextBatch += 1;
    else this.#isBroken = true;
    this.rolling.took(this.nextBatch - 1, runs.map(({ header }) => header));
  }

  /** Nothing follows: coming batches speak for the lanes as they are known now. */
  end(): void {
    this.rolling.stood(this.nextBatch - 1, [...this.heads.all().values()], this.isOpen);
  }

  /** The log was read to its end. Lanes of which more may be lost than is named; `own` ones also where nothing is left of them. */
  unsettled(own: readonly Lane[]): readonly UnsettledLane[] {
    if (!this.isOpen) return [];
    const settled = this.#isBroken ? undefined : this.#unsettled?.settled;
    const lanes = new Map([...own.map((lane): [string, number] => [laneName(lane), 0]), ...[...this.heads.all()].map(([name, { mark }]): [string, number] => [name, mark.sequence])]);
    return [...lanes].filter(([lane]) => settled?.has(lane) !== true).map(([lane, after]) => ({ lane, after }));
  }

  #applySnapshot(number: number, { heads, damaged }: Inspected): void {
    for (const { lane, mark } of heads?.values() ?? []) {
      if (!this.#isBegun && this.#trustsFirst) this.heads.settle(lane, mark);
      else this.#applyRolled({ lane, firstSequence: 1, mark });
    }
    this.rolling.stood(number, [...(heads?.values() ?? [])], this.isOpen || !this.#isBegun);
    this.#unsettled = undefined;
    if (damaged === 0) this.staleCells.clear();
  }

  #applyRoll(number: number, reach: number, roll: readonly RolledRun[]): void {
    const spokenFrom = number - 1 - reach;
    const isShort = this.#isBroken && spokenFrom > this.#knownThrough;
    if (isShort) this.#unsettled = { since: Math.min(this.#knownThrough, this.#unsettled?.since ?? this.#knownThrough), settled: new Set() };
    for (const run of roll) this.#applyRolled(run);
    if (!isShort && this.#unsettled !== undefined && spokenFrom <= this.#unsettled.since) this.#unsettled = undefined;
    this.rolling.told(number, reach, roll, isShort);
  }

  /** A run that follows its lane's head; a jump means that what is between was lost. */
  #applyRun({ header, bytes, damaged }: InspectedRun, integrity: Integrity): void {
    this.#loseThrough(header, header.firstSequence - 1);
    if ((this.heads.durable(header)?.sequence ?? 0) < runMark(header).sequence) this.heads.settle(header, runMark(header));
    this.#unsettled?.settled.add(laneName(header));
    if (damaged > 0) this.#loseRecords(header, bytes, integrity);
  }

  /** Batches before held the lane up to there: what of it was not found is lost, and the lane goes on behind it. */
  #applyRolled({ lane, mark }: RolledRun): void {
    this.#unsettled?.settled.add(laneName(lane));
    if ((this.heads.durable(lane)?.sequence ?? 0) >= mark.sequence) return;
    this.#loseThrough(lane, mark.sequence);
    this.heads.settle(lane, mark);
  }

  #loseThrough(lane: Lane, last: number): void {
    const first = (this.heads.durable(lane)?.sequence ?? 0) + 1;
    if (last >= first) this.lost.push({ lane: laneName(lane), first, last });
  }

  #loseRecords(header: RunHeader, bytes: Uint8Array, integrity: Integrity): void {
    let first: number | undefined;
    const { records } = runRecords(bytes, header, integrity);
    for (let index = 0; index <= records.length; index++) {
      const isLost = index < records.length && records[index] === undefined;
      if (isLost) first ??= header.firstSequence + index;
      else if (first !== undefined) {
        this.lost.push({ lane: laneName(header), first, last: header.firstSequence + index - 1 });
        first = undefined;
      }
    }
  }

  #staleAll(): void {
    for (const key of this.cells.keys()) this.staleCells.add(key);
  }

  #setCell({ key, value }: CellChange): void {
    this.staleCells.delete(key);
    if (value === null) this.cells.delete(key);
    else this.cells.set(key, value);
  }
}
