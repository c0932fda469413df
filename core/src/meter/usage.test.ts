import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addUsage, costOf, generalPower, joulesOf, noUsage, type Usage } from "./usage.ts";

const count = fc.integer({ min: 0, max: 1_000_000 });
const usages: fc.Arbitrary<Usage> = fc.record({
  invocations: count, events: count, failures: count, processorMs: count, memoryByteMs: count, inferenceMs: count, bytesIn: count, bytesOut: count, bytesUp: count,
  inferences: fc.dictionary(fc.constantFrom("a", "b", "c"), count),
});
const plain = (usage: Usage): unknown => JSON.parse(JSON.stringify({ ...usage, inferences: Object.fromEntries(Object.entries(usage.inferences).sort()) }));

test("usage adds up in any order, and nothing changes it not", () => {
  fc.assert(
    fc.property(usages, usages, usages, (a, b, c) => {
      assert.deepEqual(plain(addUsage(a, b)), plain(addUsage(b, a)));
      assert.deepEqual(plain(addUsage(addUsage(a, b), c)), plain(addUsage(a, addUsage(b, c))));
      assert.deepEqual(plain(addUsage(a, noUsage)), plain(a));
    }),
  );
});

test("an hour of a core is its watts in watt-hours; money follows the prices", () => {
  const usage: Usage = { ...noUsage, invocations: 2_000_000, processorMs: 3_600_000, memoryByteMs: 1e9 * 3_600_000, inferences: { a: 500_000, b: 500_000 }, bytesUp: 3e9 };
  assert.equal(joulesOf(usage), generalPower.coreWatts * 3_600);
  assert.equal(joulesOf({ ...usage, processorMs: 0 }, { coreWatts: 1, inferenceJoules: 0.001 }), 1_000);
  const { money } = costOf(usage, { coreWatts: 1_000 }, { currency: "EUR", perProcessorHour: 1, perGigabyteHour: 10, perMillionInvocations: 100, perMillionInferences: 1_000, perGigabyteUp: 10_000, perKilowattHour: 100_000 });
  assert.deepEqual(money, { amount: 1 + 10 + 200 + 1_000 + 30_000 + 100_000, currency: "EUR" });
  assert.equal(costOf(usage, undefined, undefined).money, undefined);
});
