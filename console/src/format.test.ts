import assert from "node:assert/strict";
import { test } from "node:test";
import { aheadOf, age, bytes, clock, energy, roughAge, withClocks } from "./format.ts";
import { alertState, saysOf } from "./event.ts";

test("sizes and energies are plain figures of three digits, up to the next unit", () => {
  assert.deepEqual([0, 1_000, 1_024, 1_023 * 1_024, 1_536_000].map(bytes), ["0 B", "1000 B", "1.00 KiB", "1023 KiB", "1.46 MiB"]);
  assert.deepEqual([0.5, 999.7, 3_600].map(energy), ["0.500 J", "1000 J", "1.00 Wh"]);
});

test("an age in a narrow column is its largest unit", () => {
  const ages = [0, 59_000, 71_000, 3_600_000 * 25, 3_600_000 * 2 + 60_000];
  assert.deepEqual(ages.map(age), ["0 s", "59 s", "1 min 11 s", "1 d 1 h", "2 h 1 min"]);
  assert.deepEqual(ages.map(roughAge), ["0 s", "59 s", "1 min", "1 d", "2 h"]);
});

test("alerts of silence open and close like others", () => {
  const stateOf = (state: unknown): unknown => alertState({ data: { state } } as unknown as Parameters<typeof alertState>[0]);
  assert.deepEqual(["open", "firing", "closed", "resolved", "idle", 1].map(stateOf), ["open", "open", "closed", "closed", undefined, undefined]);
});

test("an event says its own words first, and figures as they are", () => {
  const says = (data: unknown): string => saysOf({ data } as unknown as Parameters<typeof saysOf>[0]);
  assert.equal(says({ id: "silence/gateway-1/2026", kind: "silence", state: "firing", message: "gateway-1 is silent" }), "gateway-1 is silent");
  assert.equal(says({ startMs: 1_795_000_123_456, share: 0.123456 }), "start 2026-11-18T11:08:43.456Z · share 0.1235");
  assert.equal(says({ state: "open", episode: 3, causes: [{ sensor: "a", share: 0.5 }] }), "a 50 % · episode 3");
});

test("times within a sentence are shown as clocks here show them, and nothing else of it changes", () => {
  const [since, through] = ["2026-01-02T12:00:31.250Z", "2026-01-02T12:00:00Z"];
  const nowMs = Date.parse("2026-01-02T12:01:00Z");
  assert.equal(withClocks(`gateway-1 is silent since ${since}; its telemetry is known through ${through}`, nowMs), `gateway-1 is silent since ${clock(since, nowMs)}; its telemetry is known through ${clock(through, nowMs)}`);
  assert.match(clock("2554-07-21T23:34:33Z", nowMs), /2554/, "a time of another year says so");
  assert.doesNotMatch(clock("2026-07-20T12:00:00Z", nowMs), /2026/);
  assert.equal(withClocks("pump.alert of 2026-01 at gateway-1", nowMs), "pump.alert of 2026-01 at gateway-1");
});

test("how old something is that a node measured goes by the node's own clock", () => {
  const [hereMs, nodeMs] = [1_795_000_000_000, 90_000]; // the node stands at 1970
  assert.equal(age(hereMs + 2_000 + aheadOf(nodeMs, hereMs) - 30_000), "1 min 2 s");
  assert.equal(aheadOf(undefined, hereMs), 0, "a node of before does not tell it");
});
