/** The records that suites write: real stored events, encoded beforehand, each of exactly 200 bytes. */
import { createEvents, type Events } from "@holon/node/event/events.ts";
import type { NewRecord } from "@holon/core/log/log.ts";
import type { Clock } from "@holon/core/ports.ts";
import type { StreamName } from "@holon/core/schema/event.ts";
import { createClock } from "@holon/platform/clock.ts";

export const recordBytes = 200;

const config = { name: "gateway-1", jurisdiction: "EU" };
/** A reading that looks measured and is the same everywhere, so that runs can be compared. */
const reading = (index: number) => ({ v: Math.round(1000 * Math.sin(index / 7) * Math.cos(index / 3)) / 100 });

/** `count` events of class derived, a millisecond apart, of different contents. */
export function makeRecords(count: number, stream: StreamName): readonly NewRecord[] {
  const startMs = Date.UTC(2026, 0, 1);
  let nowMs = startMs;
  const clock: Clock = { ...createClock(), wall: () => ({ ms: nowMs, state: "synced" }) };
  const events = createEvents(config, clock);
  return Array.from({ length: count }, (_, index) => {
    nowMs = startMs + index;
    return exactly(recordBytes, (padding) => record(events, stream, { ...reading(index), n: "".padEnd(padding, String(index)) }));
  });
}

const record = (events: Events, stream: StreamName, data: unknown): NewRecord => events.record({ stream, type: "reading", class: "derived", producer: "b", data });

/** Pads until the size is met. */
function exactly(size: number, make: (padding: number) => NewRecord): NewRecord {
  const missing = size - make(0).bytes.length;
  const made = missing < 0 ? undefined : make(missing);
  if (made?.bytes.length !== size) throw new Error(`an event without padding has ${size - missing} bytes, which is over ${size}`);
  return made;
}

/** Contents of one event after the other, as a door would hand them over, for measuring the encoding itself. */
export function makeEncoder(): () => NewRecord {
  const events = createEvents(config, createClock());
  let index = 0;
  return () => record(events, "data", reading(index++));
}

/** Slices of `size`, the last one whole too: what does not fill one is left out. */
export const inBatches = (records: readonly NewRecord[], size: number): readonly (readonly NewRecord[])[] =>
  Array.from({ length: Math.floor(records.length / size) }, (_, index) => records.slice(index * size, (index + 1) * size));

/** Their bytes end to end, with nothing between. */
export function joined(records: readonly NewRecord[]): Uint8Array {
  const bytes = new Uint8Array(records.reduce((total, { bytes: part }) => total + part.length, 0));
  let position = 0;
  for (const { bytes: part } of records) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}
