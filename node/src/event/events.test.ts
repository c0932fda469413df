import assert from "node:assert/strict";
import { test } from "node:test";
import { isoTime } from "@holon/core/event/iso-time.ts";
import { decodeStoredEvent, parseStoredEvent } from "@holon/core/event/stored.ts";
import { printOnEvent } from "@holon/core/policy/transform.ts";
import type { Clock } from "@holon/core/ports.ts";
import { dataClasses, streamNames, type StoredEvent } from "@holon/core/schema/event.ts";
import * as fc from "fast-check";
import { createEvents, type EventInput } from "./events.ts";

const nowMs = Date.parse("2026-03-01T12:00:00.123Z");
const clock = { wall: () => ({ ms: nowMs, state: "synced" }) } as unknown as Clock;
const events = createEvents({ name: "gateway-1", jurisdiction: "EU/DE" }, clock);

const input: fc.Arbitrary<EventInput> = fc.record(
  {
    stream: fc.constantFrom(...streamNames),
    type: fc.constantFrom("pump.alert", "a", "holon.window.late"),
    class: fc.constantFrom(...dataClasses),
    producer: fc.constantFrom("pump-watch/judge", "node"),
    subject: fc.string({ unit: "binary", minLength: 1, maxLength: 20 }).filter((text) => text.isWellFormed()),
    timeMs: fc.integer({ min: 0, max: nowMs * 2 }),
    through: fc.constantFrom({ kind: "redact" } as const, { kind: "aggregate", count: 10 } as const),
    causedBy: fc.constantFrom('n/1/data/4"', "n/1/data/5"),
    traceparent: fc.constant("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    deviceCounter: fc.nat(),
    data: fc.jsonValue(),
  },
  { requiredKeys: ["stream", "type", "class", "producer", "data"] },
);

test("the text of an event is that of its attributes, in the order of their names, whatever a subject holds", () => {
  fc.assert(
    fc.property(input, (given) => {
      const recorded = isoTime(nowMs);
      const expected = {
        type: given.type,
        source: `/gateway-1/${given.producer}`,
        subject: given.subject,
        time: given.timeMs === undefined ? recorded : isoTime(given.timeMs),
        recordedtime: recorded,
        clock: "synced",
        class: given.class,
        jurisdiction: "EU/DE",
        through: given.through && printOnEvent(given.through),
        causedby: given.causedBy,
        traceparent: given.traceparent,
        devicecounter: given.deviceCounter,
        data: given.data,
      } satisfies StoredEvent;
      const { bytes } = events.record(given);
      assert.equal(new TextDecoder().decode(bytes), JSON.stringify(expected));
      assert.deepEqual(parseStoredEvent(bytes, "the event"), decodeStoredEvent(bytes));
    }),
  );
});
