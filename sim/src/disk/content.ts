import { DiskPages } from "./pages.ts";
import type { SeededRandom } from "../random.ts";

/** What a disk writes whole or not at all. */
export const sectorBytes = 512;

/** What was written since one `sync` began and before the next: enough to undo it. */
interface Layer {
  sizeBefore: number;
  /** Sectors touched, as they were before. */
  readonly sectorsBefore: Map<number, Uint8Array>;
  /** Those that were zeros, or beyond the end of the file. */
  readonly fresh: SectorRange[];
}

interface SectorRange {
  readonly first: number;
  last: number;
}

/**
 * The bytes of one file as they are read now, and, in layers, what a power cut may undo. A sync closes the newest layer when it
 * is asked for and drops it, with all older ones, when it is done: what was written in between stays in a layer of its own.
 */
export class FileContent {
  readonly #bytes = new DiskPages();
  #size = 0;
  /** How far there is room for it on the disk: less than its size where that is found at the sync only. */
  #heldBytes = 0;
  /** Oldest first. Empty where everything is durable. */
  #layers: Layer[] = [];
  /** The layer that takes writes, if there is one. */
  #open: Layer | undefined;

  /** What is read now, all of it durable: a copy of the file on another disk. */
  copy(): FileContent {
    const copy = new FileContent();
    copy.#bytes.write(0, this.#bytes.read(0, this.#size));
    copy.#size = this.#size;
    copy.#heldBytes = this.#size;
    return copy;
  }

  get size(): number {
    return this.#size;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The disk has room for it up to there. */
  hold(end: number): void {
    this.#heldBytes = Math.max(this.#heldBytes, end);
  }

  /** A copy of up to `length` bytes from `position`. */
  read(position: number, length: number): Uint8Array {
    return this.#bytes.read(Math.min(position, this.#size), Math.min(position + length, this.#size));
  }

  write(position: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const end = position + bytes.length;
    this.#touch(position, end);
    this.#bytes.write(position, bytes);
    if (end > this.#size) this.#size = end;
  }

  truncate(size: number): void {
    if (size === this.#size) return;
    if (size < this.#size) {
      this.#touch(size, this.#size);
      this.#bytes.clear(size, this.#size);
    } else this.#touch(size, size);
    this.#size = size;
    this.#heldBytes = Math.min(this.#heldBytes, size);
  }

  /** Closes the layer that takes writes: the result, handed to `endSync`, makes everything up to here durable. */
  beginSync(): Layer | undefined {
    this.#open = undefined;
    return this.#layers.at(-1);
  }

  endSync(upTo: Layer | undefined): void {
    if (upTo !== undefined) this.#layers.splice(0, this.#layers.indexOf(upTo) + 1);
  }

  /** What found no room, and was written, does not reach the disk; its last sector does, if it is one that there was. */
  dropUnheld(): void {
    const kept = Math.ceil(this.#heldBytes / sectorBytes) * sectorBytes;
    if (this.#heldBytes < this.#size) this.truncate(Math.min(kept, this.#size));
    this.#heldBytes = this.#size;
  }

  /** Keeps what is durable and, of the rest, whatever chance leaves. */
  cutPower(random: SeededRandom): void {
    const kept = new Set<number>();
    let sizeIsSettled = false;
    for (const layer of this.#layers.toReversed()) {
      if (!sizeIsSettled) {
        const size = sizeAfterCut(layer.sizeBefore, this.#size, random);
        sizeIsSettled = size !== layer.sizeBefore;
        this.#size = size;
      }
      const touched = sectorsOf(layer);
      const keeps = chooseKept(touched.length, random);
      let place = 0;
      for (const sector of touched) {
        if (kept.has(sector)) continue;
        if (keeps(place++)) kept.add(sector);
        else this.#restore(sector, layer.sectorsBefore.get(sector));
      }
    }
    this.#size = Math.min(this.#size, this.#heldBytes); // for what is behind it there was never a place
    this.#heldBytes = this.#size;
    this.#bytes.clear(this.#size, Infinity);
    this.#layers = [];
    this.#open = undefined;
  }

  /** Damage at rest: flips one bit of what is stored. */
  flipBit(position: number, bit: number): void {
    if (position < this.#size) this.#bytes.write(position, this.read(position, 1).map((byte) => byte ^ (1 << (bit & 7))));
  }

  /** Damage at rest: other bytes stand where these were stored. */
  overwrite(position: number, bytes: Uint8Array): void {
    if (position < this.#size) this.#bytes.write(position, bytes.subarray(0, this.#size - position));
  }

  #touch(from: number, end: number): void {
    this.#open ??= this.#addLayer();
    const { sectorsBefore, fresh } = this.#open;
    const last = Math.floor(Math.max(from, end - 1) / sectorBytes);
    for (let sector = Math.floor(from / sectorBytes); sector <= last; sector++) {
      if (sectorsBefore.has(sector)) continue;
      const known = fresh.find((range) => range.first <= sector && sector <= range.last);
      const start = sector * sectorBytes;
      const zeros = start < this.#size ? Math.floor(this.#bytes.zerosUntil(start) / sectorBytes) - 1 : last;
      if (known !== undefined) sector = known.last;
      else if (zeros < sector) sectorsBefore.set(sector, this.#bytes.read(start, Math.min(start + sectorBytes, this.#size)));
      else {
        addRange(fresh, { first: sector, last: Math.min(zeros, last) });
        sector = Math.min(zeros, last);
      }
    }
  }

  #addLayer(): Layer {
    const layer: Layer = { sizeBefore: this.#size, sectorsBefore: new Map(), fresh: [] };
    this.#layers.push(layer);
    return layer;
  }

  #restore(sector: number, before: Uint8Array | undefined): void {
    const start = sector * sectorBytes;
    this.#bytes.clear(start, start + sectorBytes);
    if (before !== undefined) this.#bytes.write(start, before);
  }
}

/** Writes mostly go on where the last one ended. */
function addRange(ranges: SectorRange[], range: SectorRange): void {
  const end = ranges.at(-1);
  if (end !== undefined && end.last + 1 === range.first) end.last = range.last;
  else ranges.push(range);
}

/** All sectors that a layer touched, in order. */
function sectorsOf({ sectorsBefore, fresh }: Layer): readonly number[] {
  const sectors = new Set(sectorsBefore.keys());
  for (const { first, last } of fresh) for (let sector = first; sector <= last; sector++) sectors.add(sector);
  return [...sectors].sort((a, b) => a - b);
}

/** All of the sectors, none, a prefix (the write was torn) or any subset. */
function chooseKept(count: number, random: SeededRandom): (place: number) => boolean {
  const manner = random.uniform();
  if (manner < 0.2) return () => true;
  if (manner < 0.45) return () => false;
  if (manner < 0.7) {
    const prefix = random.integer(0, count);
    return (place) => place < prefix;
  }
  return () => random.chance(0.5);
}

/** The size is written apart from the bytes: grown, as before, or somewhere between. */
function sizeAfterCut(before: number, now: number, random: SeededRandom): number {
  const manner = random.uniform();
  if (manner < 0.45) return now;
  if (manner < 0.8) return before;
  return random.integer(Math.min(before, now), Math.max(before, now));
}
