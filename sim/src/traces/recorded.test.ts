import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "../random.ts";
import { betweenHomes, betweenSites, latencyAt } from "./recorded-latencies.ts";
import { outageWindow } from "./recorded-outages.ts";
import { fixedRates, mobileRates } from "./recorded-rates.ts";
import { missingRecordings } from "./recordings.ts";

const need = { skip: missingRecordings() ?? false };

test("every recorded line is one: its rates are those of real lines", need, () => {
  assert.ok(mobileRates().length > 200 && fixedRates().length > 50, `${mobileRates().length} and ${fixedRates().length}`);
  for (const rate of [...mobileRates(), ...fixedRates()]) assert.ok(rate.meanBytesPerMs > 0.5 && rate.meanBytesPerMs < 100_000, `${rate.name}: ${rate.meanBytesPerMs} bytes a millisecond`);
  assert.ok(mobileRates().some((rate) => rate.points().some(({ bytesPerMs }) => bytesPerMs === 0)), "real lines have stretches of nothing");
});

test("recorded ways take as long as real ones, and between homes not always the same", need, () => {
  const random = new SeededRandom("ways");
  let changes = 0;
  for (let round = 0; round < 200; round++) {
    const way = random.chance(0.5) ? betweenHomes(random) : betweenSites(random);
    const values = Array.from({ length: 60 }, (_, index) => latencyAt(way, index * 15_700));
    for (const ms of values) assert.ok(ms >= 0 && ms < 60_000, `${way.name}: ${ms}`);
    if (new Set(values).size > 1) changes += 1;
  }
  assert.ok(changes > 20);
});

test("a window of the record of outages has some, in order, within it, and the same for the same seed", need, () => {
  const lengthMs = 6 * 3_600_000;
  const causes = new Set<string>();
  for (let seed = 1; seed <= 60; seed++) {
    const window = outageWindow(new SeededRandom(`outages/${seed}`), lengthMs);
    assert.ok(window.outages.length > 0, window.name);
    const untilMs = new Map<string, number>();
    for (const { node, fromMs, toMs, cause } of window.outages) {
      causes.add(cause);
      assert.ok(fromMs >= (untilMs.get(node) ?? 0) && toMs > fromMs && toMs <= lengthMs, `${window.name}: ${node} ${fromMs} ${toMs}`);
      untilMs.set(node, toMs);
    }
    assert.deepEqual(outageWindow(new SeededRandom(`outages/${seed}`), lengthMs), window);
  }
  assert.ok(causes.has("power") && causes.has("process"), [...causes].join(" "));
});
