/**
 * Makes records of a batch: the texts of its events are checked and put behind the attributes that their events have from birth, with lengths
 * and checksums as a run's tables hold them. No object is made for an event, and what is the same for many is made once.
 */
import { HolonError } from "../errors.ts";
import { isoTime } from "../event/stored.ts";
import { scanJson } from "../json-scan.ts";
import { limits } from "../limits.ts";
import { crc32OfRange } from "../log/crc32.ts";
import type { PackedRecords } from "../log/log.ts";
import { batchHeaderBytes, noSubject, type BulkBatch } from "./batch.ts";

/** The attributes of an event as JSON text, without its data; its text has the member `time`, and nothing else depends on the time. */
export type AttributesOf = (subject: string | undefined, timeMs: number | undefined) => string;

/** What stands before the data of events of one subject. */
interface Prefix {
  readonly bytes: Uint8Array;
  readonly checksum: number;
  /** Where its time stands. */
  readonly timeAt: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const closing = 0x7d; // }
const timeBytes = 24;
/** Of years with four digits, whose text always has the same length. */
const timeMsMin = -62_167_219_200_000;
const timeMsMax = 253_402_300_799_999;

export type Packed = Pick<PackedRecords, "count" | "bytes" | "lengths" | "checksums">;

/** The batch without its first `skip` events, put into what `room` gives, which has so many bytes. `HOLON_BATCH_BAD` names the event whose text or time is none: nothing of the batch is taken. */
export function packBatch(batch: BulkBatch, skip: number, attributesOf: AttributesOf, room: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes)): Packed {
  const { view, count, lengthsAt, timesAt } = batch;
  const prefixes = createPrefixes(attributesOf, batch.subjects);
  const tableBytes = 4 * (count - skip);
  const whole = room(2 * tableBytes + packedBytes(batch, skip, prefixes.of));
  const tables = new DataView(whole.buffer, whole.byteOffset, 2 * tableBytes);
  const bytes = whole.subarray(2 * tableBytes);
  const target = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let from = batchHeaderBytes;
  let at = 0;
  for (let index = 0; index < count; index++) {
    const end = from + view.getUint32(lengthsAt + 4 * index, true);
    if (index >= skip) {
      checkText(batch, index, from, end);
      const { bytes: before, checksum, timeAt } = prefixes.of(subjectAt(batch, index));
      bytes.set(before, at);
      const time = timesAt === undefined ? Number.NaN : view.getFloat64(timesAt + 8 * index, true);
      const isTimed = !Number.isNaN(time) && writeTime(bytes, at + timeAt, time, batch.base + index);
      const dataAt = at + before.length;
      bytes.set(batch.bytes.subarray(from, end), dataAt);
      const close = dataAt + end - from;
      bytes[close] = closing;
      tables.setUint32(4 * (index - skip), close + 1 - at, true);
      tables.setUint32(tableBytes + 4 * (index - skip), isTimed ? crc32OfRange(target, at, close + 1) : crc32OfRange(target, dataAt, close + 1, checksum), true);
      at = close + 1;
    }
    from = end;
  }
  return { count: count - skip, bytes, lengths: whole.subarray(0, tableBytes), checksums: whole.subarray(tableBytes, 2 * tableBytes) };
}

function packedBytes({ view, count, lengthsAt, subjectsAt, ...batch }: BulkBatch, skip: number, prefixOf: (subject: number) => Prefix): number {
  let bytes = 0;
  for (let index = skip; index < count; index++) bytes += view.getUint32(lengthsAt + 4 * index, true) + 1;
  if (subjectsAt === undefined) return bytes + (count - skip) * prefixOf(batch.subjects.length === 0 ? noSubject : 0).bytes.length;
  for (let index = skip; index < count; index++) bytes += prefixOf(view.getUint16(subjectsAt + 2 * index, true)).bytes.length;
  return bytes;
}

const subjectAt = ({ view, subjectsAt, subjects }: BulkBatch, index: number): number => (subjectsAt === undefined ? (subjects.length === 0 ? noSubject : 0) : view.getUint16(subjectsAt + 2 * index, true));

/** By the place of the subject; the one asked for last is at hand. */
function createPrefixes(attributesOf: AttributesOf, subjects: readonly string[]): { of(place: number): Prefix } {
  const made = new Map<number, Prefix>();
  let lastPlace = -1;
  let last: Prefix | undefined;
  function make(place: number): Prefix {
    const text = `${attributesOf(subjects[place], undefined).slice(0, -1)},"data":`;
    const bytes = encoder.encode(text);
    const timeKey = '"time":"'; // a quote within a text is escaped, so this is the member and nothing else
    const timeAt = encoder.encode(text.slice(0, text.indexOf(timeKey))).length + timeKey.length;
    return { bytes, checksum: crc32OfRange(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length), timeAt };
  }
  return {
    of(place) {
      if (last !== undefined && place === lastPlace) return last;
      last = made.get(place) ?? make(place);
      made.set(place, last);
      lastPlace = place;
      return last;
    },
  };
}

function checkText(batch: BulkBatch, index: number, from: number, end: number): void {
  const found = scanJson(batch.view, from, end, limits.payloadDepthMax);
  if (found === "ascii" || (found === "unicode" && isUtf8(batch.bytes.subarray(from, end)))) return;
  throw new HolonError("HOLON_BATCH_BAD", `event ${batch.base + index} is no JSON in UTF-8, or nests deeper than ${limits.payloadDepthMax} levels`);
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function writeTime(bytes: Uint8Array, at: number, timeMs: number, sequence: number): true {
  if (!(timeMs >= timeMsMin && timeMs <= timeMsMax)) throw new HolonError("HOLON_BATCH_BAD", `event ${sequence} has a time that is none`);
  const { written } = encoder.encodeInto(isoTime(timeMs), bytes.subarray(at, at + timeBytes));
  if (written !== timeBytes) throw new HolonError("HOLON_INTERNAL", "a time of another length");
  return true;
}
