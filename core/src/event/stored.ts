/** Events as they stand in records, and as they are shown. */
import { HolonError } from "../errors.ts";
import { printRecordName } from "../log/identity.ts";
import type { LogRecord } from "../log/log.ts";
import { storedEventSchema, type Event, type StoredEvent } from "../schema/event.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export const isoTime = (ms: number): string => new Date(ms).toISOString();

/** JSON in UTF-8. `type` stands first, so that a reader can tell events of a type apart without parsing them. */
export const encodeStoredEvent = (event: StoredEvent): Uint8Array => encoder.encode(JSON.stringify(event));

/** How the text of every stored event of that type begins. */
export const storedEventPrefix = (type: string): Uint8Array => encoder.encode(`{"type":${JSON.stringify(type)},`);

export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let index = 0; index < prefix.length; index++) if (bytes[index] !== prefix[index]) return false;
  return true;
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

/** A record as CloudEvents 1.0. */
export function showEvent(record: LogRecord): Event {
  const stored = parseStoredEvent(record.bytes, printRecordName(record));
  return { specversion: "1.0", id: printRecordName(record), ...stored, sequence: String(record.sequence) };
}
