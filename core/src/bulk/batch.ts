/**
 * A batch of events on their way from a producer to the bulk door: a frame whose data is JSON texts, end to end, as the producer encoded them.
 *
 *     0  u32 length of what follows   4 u8 kind (2)   5 u8 parts   6 u16 subjects   8 u32 events   12 u32 bytes of data   16 f64 base sequence
 *     24 data, end to end   then lengths (u32 each)   [1: times, f64 each, ms since 1970, NaN for none]   [2: subjects, u16 each, 65535 for none]
 *     then the subjects {u16 length, UTF-8}. Little-endian. Without part 2, all events have the one subject, or none where there is none.
 *
 * The tables stand behind the data, so that a producer writes each text once, where it stays.
 */
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";

export const batchKind = 2;
export const batchHeaderBytes = 24;
export const batchParts = { times: 1, subjects: 2 } as const;
export const noSubject = 0xffff;

export interface BulkBatch {
  /** Sequence of the first event among the producer's. */
  readonly base: number;
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where the lengths stand, and the times and subjects of each event where there are such. */
  readonly lengthsAt: number;
  readonly timesAt: number | undefined;
  readonly subjectsAt: number | undefined;
  readonly subjects: readonly string[];
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The parts of a whole frame, all of them within it. `HOLON_BATCH_BAD`; the texts themselves are not looked at. */
export function parseBatch(bytes: Uint8Array): BulkBatch {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < batchHeaderBytes) throw bad("is shorter than its header");
  const parts = view.getUint8(5);
  if (parts > 3) throw bad(`has parts (${parts}) that this program does not know`);
  const count = view.getUint32(8, true);
  const base = view.getFloat64(16, true);
  if (count < 1 || count > limits.bulkBatchEventsMax) throw bad(`has ${count} events; the limit is ${limits.bulkBatchEventsMax}`);
  if (!Number.isSafeInteger(base) || base < 1 || !Number.isSafeInteger(base + count)) throw bad("has a base sequence that is none");
  const lengthsAt = batchHeaderBytes + view.getUint32(12, true);
  const timesAt = lengthsAt + 4 * count;
  const subjectsAt = timesAt + ((parts & batchParts.times) === 0 ? 0 : 8 * count);
  const namesAt = subjectsAt + ((parts & batchParts.subjects) === 0 ? 0 : 2 * count);
  if (namesAt > bytes.length) throw bad("ends within its tables");
  const subjects = readSubjects(bytes, view, namesAt, view.getUint16(6, true));
  let data = batchHeaderBytes;
  for (let index = 0; index < count; index++) data += view.getUint32(lengthsAt + 4 * index, true);
  if (data !== lengthsAt) throw bad("has lengths that do not add up to its data");
  const hasSubjects = (parts & batchParts.subjects) !== 0;
  if (!hasSubjects && subjects.length > 1) throw bad("has several subjects and does not say whose they are");
  for (let index = 0; hasSubjects && index < count; index++) {
    const subject = view.getUint16(subjectsAt + 2 * index, true);
    if (subject >= subjects.length && subject !== noSubject) throw bad(`has no subject ${subject}`);
  }
  return { base, count, bytes, view, lengthsAt, timesAt: timesAt === subjectsAt ? undefined : timesAt, subjectsAt: hasSubjects ? subjectsAt : undefined, subjects };
}

function readSubjects(bytes: Uint8Array, view: DataView, from: number, count: number): readonly string[] {
  const subjects: string[] = [];
  let at = from;
  for (let index = 0; index < count; index++) {
    const end = at + 2 <= bytes.length ? at + 2 + view.getUint16(at, true) : Infinity;
    if (end > bytes.length) throw bad("ends within its subjects");
    subjects.push(readSubject(bytes.subarray(at + 2, end)));
    at = end;
  }
  if (at !== bytes.length) throw bad("has more bytes than its parts");
  return subjects;
}

function readSubject(bytes: Uint8Array): string {
  try {
    const subject = decoder.decode(bytes);
    if (subject.length >= 1 && subject.length <= limits.subjectCharactersMax) return subject;
  } catch {
    // not UTF-8: said below
  }
  throw bad(`has a subject that is not UTF-8 of 1 to ${limits.subjectCharactersMax} characters`);
}

const bad = (what: string): HolonError => new HolonError("HOLON_BATCH_BAD", `a batch ${what}`);
