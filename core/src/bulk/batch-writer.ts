/** Writes one batch, event by event, into the bytes that go out: each text is copied once. */
import { limits } from "../limits.ts";
import { batchHeaderBytes, batchKind, batchParts, noSubject } from "./batch.ts";

export interface BatchWriter {
  readonly count: number;
  /** Of the texts. */
  readonly dataBytes: number;
  /** What `finish` would give has about so many bytes. */
  readonly sizeBytes: number;
  /** Adds an event whose data is this JSON text. False, and nothing is added, where the batch has no room for it: it goes into the next. */
  add(json: Uint8Array, subject: string | undefined, timeMs: number | undefined): boolean;
  /** The frame. The writer is used up. */
  finish(base: number): Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();
const firstBytes = 64 << 10;
/** Of each event in the tables, at most. */
const tableBytes = 4 + 8 + 2;

/** `room` is written over; what `finish` gives may lie in it. */
export function createBatchWriter(room: Uint8Array<ArrayBuffer> = new Uint8Array(firstBytes)): BatchWriter {
  let bytes = room;
  let end = batchHeaderBytes;
  let count = 0;
  let dataBytes = 0;
  let lengths = new Uint32Array(1024);
  /** Of each event; undefined until one has a time, or a subject that is not the others'. */
  let times: number[] | undefined;
  let subjects: number[] | undefined;
  const names = new Map<string, number>();
  const encodedNames: Uint8Array[] = [];
  let namesBytes = 0;
  /** Of the event before: most have the same. */
  let lastSubject: string | undefined;
  let lastPlace = noSubject;

  function reserve(size: number): void {
    if (size <= bytes.length) return;
    const larger = new Uint8Array(Math.max(size, 2 * bytes.length));
    larger.set(bytes.subarray(0, end));
    bytes = larger;
  }

  function placeOf(subject: string | undefined): number {
    if (subject === undefined) return noSubject;
    const known = names.get(subject);
    if (known !== undefined) return known;
    const encoded = encoder.encode(subject);
    names.set(subject, encodedNames.length);
    encodedNames.push(encoded);
    namesBytes += 2 + encoded.length;
    return encodedNames.length - 1;
  }

  const sizeBytes = (): number => end + tableBytes * count + namesBytes;

  return {
    get count() {
      return count;
    },
    get dataBytes() {
      return dataBytes;
    },
    get sizeBytes() {
      return sizeBytes();
    },
    add(json, subject, timeMs) {
      const size = sizeBytes() + json.length + tableBytes + (subject === lastSubject ? 0 : 2 + 4 * (subject?.length ?? 0));
      if (count >= limits.bulkBatchEventsMax || size > limits.bulkFrameBytesMax || names.size >= noSubject) return false;
      const place = subject === lastSubject ? lastPlace : placeOf(subject);
      if (subjects === undefined && count > 0 && place !== lastPlace) subjects = Array.from({ length: count }, () => lastPlace);
      subjects?.push(place);
      if (timeMs !== undefined) times ??= Array.from({ length: count }, () => Number.NaN);
      times?.push(timeMs ?? Number.NaN);
      [lastSubject, lastPlace] = [subject, place];
      if (count === lengths.length) {
        const larger = new Uint32Array(2 * count);
        larger.set(lengths);
        lengths = larger;
      }
      lengths[count++] = json.length;
      reserve(end + json.length);
      bytes.set(json, end);
      end += json.length;
      dataBytes += json.length;
      return true;
    },
    finish(base) {
      reserve(sizeBytes());
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let index = 0; index < count; index++, end += 4) view.setUint32(end, lengths[index] ?? 0, true);
      for (const time of times ?? []) {
        view.setFloat64(end, time, true);
        end += 8;
      }
      for (const place of subjects ?? []) {
        view.setUint16(end, place, true);
        end += 2;
      }
      for (const name of encodedNames) {
        view.setUint16(end, name.length, true);
        bytes.set(name, end + 2);
        end += 2 + name.length;
      }
      view.setUint32(0, end - 4, true);
      view.setUint8(4, batchKind);
      view.setUint8(5, (times === undefined ? 0 : batchParts.times) | (subjects === undefined ? 0 : batchParts.subjects));
      view.setUint16(6, encodedNames.length, true);
      view.setUint32(8, count, true);
      view.setUint32(12, dataBytes, true);
      view.setFloat64(16, base, true);
      return bytes.subarray(0, end);
    },
  };
}
