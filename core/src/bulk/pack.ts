/**
 * Makes records of a batch: the texts of its events are checked and taken as they are, with lengths and checksums as a run's tables hold them. The
 * attributes that the events have from birth are the preamble that they share. No object is made for an event.
 */
import { HolonError } from "../errors.ts";
import { createJsonScanner } from "../json-scan.ts";
import { limits } from "../limits.ts";
import { crc32OfRange } from "../log/crc32.ts";
import type { PackedRecords } from "../log/log.ts";
import { timeMsMax, timeMsMin, type Preamble } from "../log/preamble.ts";
import { batchHeaderBytes, type BulkBatch } from "./batch.ts";

/** The attributes of an event as JSON text, without its data; its text has the member `time`, and nothing else depends on the time. */
export type AttributesOf = (subject: string | undefined, timeMs: number | undefined) => string;

const encoder = new TextEncoder();
/** Of whatever producer: their texts are taken apart by their shapes. */
const scanner = createJsonScanner(limits.payloadDepthMax);
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** With what else is in its commit, a batch makes a run that is within bounds as it is read. Subjects as long as they may be do not come near. */
const addedBytesMax = limits.runSharedBytesMax - limits.batchBytesMax;

export type Packed = Omit<PackedRecords, "stream" | "class">;

/** The batch without its first `skip` events, put into what `room` gives, which has so many bytes. `HOLON_BATCH_BAD` names the event whose text or time is none: nothing of the batch is taken. */
export function packBatch(batch: BulkBatch, skip: number, attributesOf: AttributesOf, room: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes)): Packed {
  const { bytes: frame, view, lengthsAt } = batch;
  let from = batchHeaderBytes;
  for (let index = 0; index < skip; index++) from += view.getUint32(lengthsAt + 4 * index, true);
  const count = batch.count - skip;
  const tableBytes = 4 * count;
  const dataBytes = lengthsAt - from;
  const hasTimes = checkTimes(batch, skip);
  const whole = room(2 * tableBytes + (hasTimes ? 8 * count : 0) + 2 * count + dataBytes);
  let at = 0;
  const take = (size: number): Uint8Array => whole.subarray(at, (at += size));
  const copy = (start: number, size: number): Uint8Array => {
    const part = take(size);
    part.set(frame.subarray(start, start + size));
    return part;
  };
  const lengths = copy(lengthsAt + 4 * skip, tableBytes);
  const checksums = take(tableBytes);
  writeChecksums(batch, skip, from, checksums);
  const times = hasTimes && batch.timesAt !== undefined ? copy(batch.timesAt + 8 * skip, 8 * count) : undefined;
  const { preambles, places, addedBytes } = createPreambles(batch, skip, attributesOf, take);
  if (addedBytes > addedBytesMax) throw new HolonError("HOLON_BATCH_BAD", `the attributes of the ${count} events from ${batch.base + skip} have ${addedBytes} bytes; a batch may have ${addedBytesMax}`);
  return { count, bytes: copy(from, dataBytes), lengths, checksums, times, places, preambles, recordBytes: dataBytes + addedBytes };
}

/** Looks at each text, and sums it up. */
function writeChecksums(batch: BulkBatch, skip: number, dataAt: number, checksums: Uint8Array): void {
  const { view, count, lengthsAt } = batch;
  const table = new DataView(checksums.buffer, checksums.byteOffset, checksums.byteLength);
  let from = dataAt;
  for (let index = skip; index < count; index++) {
    const end = from + view.getUint32(lengthsAt + 4 * index, true);
    checkText(batch, index, from, end);
    table.setUint32(4 * (index - skip), crc32OfRange(view, from, end), true);
    from = end;
  }
}

/** Whether an event has a time of its own. */
function checkTimes({ view, count, timesAt, base }: BulkBatch, skip: number): boolean {
  let hasTimes = false;
  for (let index = skip; timesAt !== undefined && index < count; index++) {
    const time = view.getFloat64(timesAt + 8 * index, true);
    if (Number.isNaN(time)) continue;
    if (!(time >= timeMsMin && time <= timeMsMax)) throw new HolonError("HOLON_BATCH_BAD", `event ${base + index} has a time that is none`);
    hasTimes = true;
  }
  return hasTimes;
}

/** What stands before the data, once for each subject that events have. */
function createPreambles({ view, count, subjectsAt, subjects }: BulkBatch, skip: number, attributesOf: AttributesOf, take: (size: number) => Uint8Array): Pick<Packed, "preambles" | "places"> & { readonly addedBytes: number } {
  if (subjectsAt === undefined) {
    const preamble = makePreamble(attributesOf(subjects[0], undefined));
    return { preambles: [preamble], places: undefined, addedBytes: (count - skip) * (preamble.bytes.length + 1) };
  }
  const made = new Map<number, number>();
  const preambles: Preamble[] = [];
  const places = take(2 * (count - skip));
  const target = new DataView(places.buffer, places.byteOffset, places.byteLength);
  let addedBytes = 0;
  for (let index = skip; index < count; index++) {
    const subject = view.getUint16(subjectsAt + 2 * index, true);
    let place = made.get(subject);
    if (place === undefined) {
      place = preambles.push(makePreamble(attributesOf(subjects[subject], undefined))) - 1;
      made.set(subject, place);
    }
    target.setUint16(2 * (index - skip), place, true);
    addedBytes += (preambles[place]?.bytes.length ?? 0) + 1;
  }
  return { preambles, places, addedBytes };
}

function makePreamble(attributes: string): Preamble {
  const text = `${attributes.slice(0, -1)},"data":`;
  const timeKey = '"time":"'; // a quote within a text is escaped, so this is the member and nothing else
  return { text, bytes: encoder.encode(text), timeAt: encoder.encode(text.slice(0, text.indexOf(timeKey))).length + timeKey.length };
}

function checkText(batch: BulkBatch, index: number, from: number, end: number): void {
  const found = scanner.scan(batch.view, from, end);
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
