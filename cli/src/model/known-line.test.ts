import assert from "node:assert/strict";
import { test } from "node:test";
import { knownLine, type KnownNode } from "./known-line.ts";

const nowMs = Date.UTC(2027, 0, 20);
const day = 86_400_000;
const told = (value: number, days = 1) => ({ value, asOfMs: nowMs - days * day, source: "measured" as const });
const cloud: KnownNode = { name: "cloud-1", tier: "cloud", inventory: { prices: { perProcessorHour: told(0.05) } } };
type Uplink = NonNullable<NonNullable<KnownNode["inventory"]>["uplink"]>;
const gateway = (uplink: Partial<Uplink>, price = told(0.1)): KnownNode => ({ name: "gateway-1", tier: "gateway", inventory: { prices: { perProcessorHour: price }, uplink: { parent: "cloud-1", latencyMs: told(10, 3), bytesPerSecond: told(1e6, 2), perGigabyte: told(0.1), ...uplink } } });
const line = (node: KnownNode) => knownLine([node, cloud], { from: "gateway-1", to: "cloud-1", nowMs, staleAfterMs: 7 * day, wholeMs: (name) => (name === "cloud-1" ? 2 : 40) });

test("a line is made of what is known, and as old as the oldest of it", () => {
  const { places, ways, notes, asOfMs } = line(gateway({}));
  assert.deepEqual(places.map(({ name, tier, wholeMs, perProcessorHour }) => [name, tier, wholeMs, perProcessorHour]), [["gateway-1", "gateway", 40, 0.1], ["cloud-1", "cloud", 2, 0.05]]);
  assert.deepEqual([ways, notes, asOfMs], [[{ latencyMs: 10, bytesPerSecond: 1e6, perGigabyte: 0.1 }], [], nowMs - 3 * day]);
});

test("what was told of a way more than a week ago is no figure to cut by, and a price is left out with a word", () => {
  for (const [uplink, what] of [[{ latencyMs: told(10, 8) }, "latency"], [{ bytesPerSecond: told(1e6, 200) }, "bandwidth"]] as const) {
    assert.throws(() => line(gateway(uplink)), { code: "HOLON_PLACEMENT_UNMET", message: new RegExp(`the ${what} of the way up from gateway-1 was told last as of 202.*Z, and is taken for unknown`) });
  }
  assert.throws(() => line(gateway({ latencyMs: undefined })), { message: /the latency of the way up from gateway-1 is unknown/ });
  const { ways, places, notes } = line(gateway({ perGigabyte: told(0.5, 9) }, told(3, 30)));
  assert.deepEqual([ways[0]?.perGigabyte, places[0]?.perProcessorHour, notes.length], [0, 0, 2]);
  assert.match(notes.join("\n"), /a processor of gateway-1 costs was told last as of 2026-12-21T00:00:00.000Z, and is taken for unknown, and left out\nwhat a gigabyte up from gateway-1 costs was told last/);
});
