/** Events as they stand in records, and as they are shown. */
import { HolonError } from "../errors.ts";
import { printRecordName } from "../log/identity.ts";
import type { LogRecord } from "../log/log.ts";
import { isoTime } from "./iso-time.ts";
import { storedEventSchema, type Event, type StoredEvent } from "../schema/event.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** JSON in UTF-8. `type` stands first, so that a reader can tell events of a type apart without parsing them. */
export const encodeStoredEvent = (event: StoredEvent): Uint8Array => encodeText(JSON.stringify(event));

/** The same event from its attributes as JSON text, which many events of a moment share, and its data. */
export function encodeWithData(attributes: string, data: unknown): Uint8Array {
  const text = JSON.stringify(data) as string | undefined; // undefined has no JSON
  return encodeText(text === undefined ? attributes : `${attributes.slice(0, -1)},"data":${text}}`);
}

function encodeText(text: string): Uint8Array {
  if (slabUsed + 3 * text.length > slab.length) {
    slab = new Uint8Array(Math.max(slabBytes, 3 * text.length));
    slabUsed = 0;
  }
  const { written } = encoder.encodeInto(text, slab.subarray(slabUsed));
  const bytes = slab.subarray(slabUsed, slabUsed + written);
  slabUsed += written;
  return bytes;
}
/** Events are encoded into slabs, eight times as fast as one buffer each; a record that is kept keeps its slab. */
const slabBytes = 64 * 1024;
let slab = new Uint8Array(slabBytes);
let slabUsed = 0;

const typeBegins = encoder.encode(`{"type":"`);
const quote = 0x22;

/** How the text of every stored event of that type begins. */
export const storedEventPrefix = (type: string): Uint8Array => encoder.encode(`{"type":${JSON.stringify(type)},`);

export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let index = 0; index < prefix.length; index++) if (bytes[index] !== prefix[index]) return false;
  return true;
}

/** Type of the event in a record, from how its text begins; undefined where it begins otherwise. Types are plain words: nothing in them is escaped. */
export function storedType(bytes: Uint8Array): string | undefined {
  if (!startsWith(bytes, typeBegins)) return undefined;
  const end = bytes.indexOf(quote, typeBegins.length);
  return end < 0 ? undefined : decoder.decode(bytes.subarray(typeBegins.length, end));
}

/** The event in a record that this program wrote; checked by the record's CRC, so its shape is trusted. */
export const decodeStoredEvent = (bytes: Uint8Array): StoredEvent => JSON.parse(decoder.decode(bytes)) as StoredEvent;

/** The event in a record, with its shape checked: for what others wrote. `HOLON_LOG_DAMAGED` if it is none. */
export function parseStoredEvent(bytes: Uint8Array, name: string): StoredEvent {
  try {
    return storedEventSchema.parse(JSON.parse(decoder.decode(bytes)));
  } catch (cause) {
    throw new HolonError("HOLON_LOG_DAMAGED", `record ${name} holds no event`, { cause });
  }
}

/** A record as CloudEvents 1.0. One that this version does not understand is shown as that, so that it does not hide the others. */
export function showEvent(record: LogRecord): Event {
  const id = printRecordName(record);
  return { specversion: "1.0", id, ...understood(record, id), sequence: String(record.sequence) };
}

function understood(record: LogRecord, id: string): StoredEvent {
  try {
    return parseStoredEvent(record.bytes, id);
  } catch {
    const never = isoTime(0);
    return { type: "holon.event.unknown", source: `/${record.origin}`, time: never, recordedtime: never, clock: "unknown", class: "public", jurisdiction: "XX", data: { bytes: record.bytes.length } };
  }
}
