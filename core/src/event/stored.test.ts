import assert from "node:assert/strict";
import { test } from "node:test";
import { eventSchema, type StoredEvent } from "../schema/event.ts";
import { parseRecordName } from "../log/identity.ts";
import { isoTime } from "./iso-time.ts";
import { decodeStoredEvent, encodeStoredEvent, parseStoredEvent, showEvent, startsWith, storedEventPrefix } from "./stored.ts";

const event: StoredEvent = { type: "pump.alert", source: "/gateway-1/pump-watch/judge", subject: "valve1/0", time: "2020-03-09T10:34:33.000Z", recordedtime: "2026-01-02T03:04:05.678Z", clock: "synced", class: "derived", jurisdiction: "EU/DE", data: { state: "open" } };
const name = parseRecordName("gateway-1/7k3f9qxa0bcde/alarm/42") ?? assert.fail();

test("an event is stored and read as it is", () => {
  assert.deepEqual(decodeStoredEvent(encodeStoredEvent(event)), event);
  assert.deepEqual(parseStoredEvent(encodeStoredEvent(event), "x"), event);
});

test("events of a type are told apart by how their text begins", () => {
  const bytes = encodeStoredEvent(event);
  assert.ok(startsWith(bytes, storedEventPrefix("pump.alert")));
  for (const other of ["pump.aler", "pump.alert.x", "pump"]) assert.ok(!startsWith(bytes, storedEventPrefix(other)), other);
  assert.ok(!startsWith(bytes.subarray(0, 5), storedEventPrefix("pump.alert")));
});

test("shown, it is CloudEvents 1.0 named by its record", () => {
  const shown = showEvent({ ...name, bytes: encodeStoredEvent(event) });
  assert.deepEqual(eventSchema.parse(shown), { specversion: "1.0", id: "gateway-1/7k3f9qxa0bcde/alarm/42", sequence: "42", ...event });
});

test("what is no event is refused, named, and not repeated", () => {
  for (const text of ["", "{", '{"type":"secret"}', JSON.stringify({ ...event, extra: "secret" }), JSON.stringify({ ...event, class: "secret" })]) {
    assert.throws(() => parseStoredEvent(new TextEncoder().encode(text), "gateway-1/data/7"), (error) => error instanceof Error && /gateway-1\/data\/7/.test(error.message) && !/secret/.test(error.message));
  }
  assert.throws(() => parseStoredEvent(Uint8Array.of(0x22, 0xff, 0x22), "x"), { code: "HOLON_LOG_DAMAGED" });
});

test("times are RFC 3339 in UTC with milliseconds", () => assert.equal(isoTime(1_583_750_073_000), "2020-03-09T10:34:33.000Z"));
