/**
 * What records of a run share. Events that came in together begin alike: what stands before their data, the preamble, then stands once in the run's
 * header, and a record's own bytes are its data alone.
 *
 *     [times, f64 each, NaN for the preamble's own]   [places, u16 each; 65535: the record's own bytes are all of it]   preambles {u16 length, u16 timeAt, UTF-8}
 *     record as it is read = preamble, with its own time at `timeAt`, then its own bytes, then "}"
 *
 * Times stand there where a record has one, places where records do not all have the first preamble.
 */
import { isoTime } from "../event/iso-time.ts";
import { limits } from "../limits.ts";

export interface Preamble {
  readonly text: string;
  /** The text in UTF-8. */
  readonly bytes: Uint8Array;
  /** Where a time stands in it, of 24 characters. */
  readonly timeAt: number;
}

/** What a part of a run says of its records' preambles. */
export interface Preambled {
  readonly count: number;
  readonly preambles: readonly Preamble[];
  /** f64 of each record, NaN for none; undefined where none has one. */
  readonly times: Uint8Array | undefined;
  /** u16 of each record, a place among the preambles; undefined where all have the first. */
  readonly places: Uint8Array | undefined;
}

/** The preambles of a whole run, of all its parts. */
export interface SharedPart {
  readonly preambles: readonly Preamble[];
  readonly hasTimes: boolean;
  readonly hasPlaces: boolean;
  readonly sizeBytes: number;
}

export const sharedFlag = { shared: 0x10, times: 0x20, places: 0x40 } as const;
/** Place of a record whose own bytes are all of it. */
export const standsWhole = 0xffff;
export const timeBytes = 24;
/** Of years with four digits, whose text always has the same length. */
export const timeMsMin = -62_167_219_200_000;
export const timeMsMax = 253_402_300_799_999;
const preambleHeadBytes = 4;
const closing = 0x7d; // }
const encoder = new TextEncoder();

export const flagsOf = ({ hasTimes, hasPlaces }: SharedPart): number => sharedFlag.shared | (hasTimes ? sharedFlag.times : 0) | (hasPlaces ? sharedFlag.places : 0);

/** `parts` of a run in order; a record that stands by itself is `undefined`. Undefined where nothing is shared. */
export function shareOf(parts: readonly (Preambled | undefined)[]): SharedPart | undefined {
  const byText = new Map<string, Preamble>();
  let count = 0;
  let hasTimes = false;
  let hasPlaces = false;
  for (const part of parts) {
    count += part?.count ?? 1;
    for (const preamble of part?.preambles ?? []) byText.set(preamble.text, preamble);
    hasTimes ||= part?.times !== undefined;
    hasPlaces ||= part?.places !== undefined || part === undefined;
  }
  if (byText.size === 0) return undefined;
  const preambles = [...byText.values()];
  hasPlaces ||= preambles.length > 1;
  const blockBytes = preambles.reduce((sum, { bytes }) => sum + preambleHeadBytes + bytes.length, 0);
  return { preambles, hasTimes, hasPlaces, sizeBytes: blockBytes + (hasTimes ? 8 * count : 0) + (hasPlaces ? 2 * count : 0) };
}

/** Writes what `shareOf` said of the same parts. */
export function writeShared(target: Uint8Array, view: DataView, from: number, shared: SharedPart, parts: readonly (Preambled | undefined)[], count: number): void {
  const { preambles, hasTimes, hasPlaces } = shared;
  const places = new Map(preambles.map(({ text }, place) => [text, place]));
  const timesAt = from;
  const placesAt = timesAt + (hasTimes ? 8 * count : 0);
  let index = 0;
  for (const part of parts) {
    const many = part?.count ?? 1;
    if (hasTimes) writeTimes(target, view, timesAt + 8 * index, part?.times, many);
    if (hasPlaces) writePlaces(view, placesAt + 2 * index, part, places);
    index += many;
  }
  let at = placesAt + (hasPlaces ? 2 * count : 0);
  for (const { bytes, timeAt } of preambles) {
    view.setUint16(at, bytes.length, true);
    view.setUint16(at + 2, timeAt, true);
    target.set(bytes, at + preambleHeadBytes);
    at += preambleHeadBytes + bytes.length;
  }
}

function writeTimes(target: Uint8Array, view: DataView, at: number, times: Uint8Array | undefined, count: number): void {
  if (times !== undefined) target.set(times, at);
  else for (let index = 0; index < count; index++) view.setFloat64(at + 8 * index, Number.NaN, true);
}

function writePlaces(view: DataView, at: number, part: Preambled | undefined, places: ReadonlyMap<string, number>): void {
  if (part === undefined) return view.setUint16(at, standsWhole, true);
  const own = part.preambles.map(({ text }) => places.get(text) ?? standsWhole);
  const told = part.places && new DataView(part.places.buffer, part.places.byteOffset, part.places.byteLength);
  for (let index = 0; index < part.count; index++) view.setUint16(at + 2 * index, own[told?.getUint16(2 * index, true) ?? 0] ?? standsWhole, true);
}

/** What a run's header says its records share. */
export interface ReadShared {
  readonly preambles: readonly { readonly bytes: Uint8Array; readonly timeAt: number }[];
  /** Bytes of all records together as they are read, beyond those of their own. */
  readonly addedBytes: number;
  /** Whether there are records whose own bytes are all of them. */
  readonly hasWhole: boolean;
  placeOf(index: number): number;
  /** NaN for none. */
  timeOf(index: number): number;
}

/** The part of `bytes` from `from` to before `end`; `undefined` where it is not what a program of ours writes, or would be beyond bounds as it is read. */
export function readShared(bytes: Uint8Array, view: DataView, from: number, end: number, flags: number, count: number): ReadShared | undefined {
  const placesAt = from + ((flags & sharedFlag.times) === 0 ? 0 : 8 * count);
  const blockAt = placesAt + ((flags & sharedFlag.places) === 0 ? 0 : 2 * count);
  const preambles: ReadShared["preambles"][number][] = [];
  let at = blockAt;
  while (at + preambleHeadBytes <= end) {
    const length = view.getUint16(at, true);
    const timeAt = view.getUint16(at + 2, true);
    const begin = at + preambleHeadBytes;
    at = begin + length;
    if (at > end || timeAt + timeBytes > length) return undefined;
    preambles.push({ bytes: bytes.subarray(begin, at), timeAt });
  }
  if (at !== end || preambles.length === 0) return undefined;
  const placeOf = placesAt === blockAt ? () => 0 : (index: number): number => view.getUint16(placesAt + 2 * index, true);
  const timeOf = placesAt === from ? () => Number.NaN : (index: number): number => view.getFloat64(from + 8 * index, true);
  let addedBytes = placesAt === blockAt ? count * ((preambles[0]?.bytes.length ?? 0) + 1) : 0;
  let hasWhole = false;
  for (let index = 0; placesAt !== blockAt && index < count; index++) {
    const place = placeOf(index);
    const preamble = preambles[place];
    if (place === standsWhole) hasWhole = true;
    else if (preamble === undefined) return undefined;
    else addedBytes += preamble.bytes.length + 1;
  }
  for (let index = 0; placesAt !== from && index < count; index++) if (!isTime(timeOf(index))) return undefined;
  return addedBytes > limits.runSharedBytesMax ? undefined : { preambles, addedBytes, hasWhole, placeOf, timeOf };
}

const isTime = (ms: number): boolean => Number.isNaN(ms) || (ms >= timeMsMin && ms <= timeMsMax);

/** The records as they are read, from their own bytes; those that are lost stay so. */
export function expandRecords(records: readonly (Uint8Array | undefined)[], shared: ReadShared): readonly (Uint8Array | undefined)[] {
  const all = new Uint8Array(records.reduce((sum, record) => sum + (record?.length ?? 0), shared.addedBytes));
  let at = 0;
  return records.map((record, index) => {
    const preamble = shared.preambles[shared.placeOf(index)];
    if (record === undefined || preamble === undefined) return record;
    const from = at;
    all.set(preamble.bytes, from);
    const time = shared.timeOf(index);
    if (!Number.isNaN(time)) encoder.encodeInto(isoTime(time), all.subarray(from + preamble.timeAt, from + preamble.timeAt + timeBytes));
    all.set(record, from + preamble.bytes.length);
    at = from + preamble.bytes.length + record.length + 1;
    all[at - 1] = closing;
    return all.subarray(from, at);
  });
}
