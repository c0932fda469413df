import assert from "node:assert/strict";
import { test } from "node:test";
import { sourceOf } from "@holon/core/schema/inventory.ts";
import { nodeReportSchema } from "@holon/core/schema/node-report.ts";
import { isNews } from "./news.ts";
import { reportOf, type ReportInput } from "./report.ts";

const capacity = { processors: 4, memoryBytes: 8e9, diskBytes: 1e11 };
const base: ReportInput = { config: {}, nowMs: 1_000, capacity, load: { processors: 25, memory: 50 }, way: { parent: "cloud-1", latencyMs: 12 } };
const measured = (value: number, asOfMs = 1_000) => ({ value, asOfMs, source: "measured" });

test("what is measured says so and when; what nobody knows is left out, and is not nought", () => {
  const report = reportOf(base);
  assert.deepEqual(nodeReportSchema.parse(report), report);
  assert.deepEqual(report, { capacity: { ...capacity, asOfMs: 1_000, source: "measured" }, load: { processors: measured(1), memoryBytes: measured(4e9) }, providers: ["cpu"], uplink: { parent: "cloud-1", latencyMs: measured(12) }, prices: {}, power: {} });
  assert.deepEqual(reportOf({ config: {}, nowMs: 1, capacity: {}, load: {}, way: undefined }), { capacity: { asOfMs: 1, source: "measured" }, load: {}, providers: ["cpu"], prices: {}, power: {} });
});

test("what the operator declares goes before what is measured; a price that metering has by default is not declared", () => {
  const prices = { currency: "EUR", perProcessorHour: 0.02, perGigabyteHour: 0, perMillionInvocations: 0, perMillionInferences: 0, perGigabyteUp: 0.1, perKilowattHour: 0 };
  const { capacity: has, ...report } = reportOf({ ...base, config: { prices, power: { coreWatts: 9 }, inventory: { processors: 2, prices: { perKilowattHour: -0.01 }, uplink: { latencyMs: 7 } } } });
  assert.deepEqual(has, { processors: 2, memoryBytes: 8e9, diskBytes: 1e11, asOfMs: 1_000, source: "declared", sources: { memoryBytes: "measured", diskBytes: "measured" } });
  const values = (of: object) => Object.fromEntries(Object.entries(of).map(([key, value]) => [key, value.value]));
  assert.deepEqual(values(report.prices), { perProcessorHour: 0.02, perKilowattHour: -0.01 });
  assert.deepEqual([values(report.power), report.uplink?.latencyMs?.source, report.uplink?.perGigabyte?.value], [{ processorWatts: 9 }, "declared", 0.1]);
});

test("how much of each a machine has is told with a source of its own, where they differ", () => {
  const of = (inventory: object) => nodeReportSchema.parse(reportOf({ ...base, config: { inventory } })).capacity;
  assert.deepEqual(of({ diskBytes: 5e9 }), { processors: 4, memoryBytes: 8e9, diskBytes: 5e9, asOfMs: 1_000, source: "declared", sources: { processors: "measured", memoryBytes: "measured" } });
  assert.deepEqual(of({ processors: 1, memoryBytes: 1e9, diskBytes: 5e9 }), { processors: 1, memoryBytes: 1e9, diskBytes: 5e9, asOfMs: 1_000, source: "declared" });
  assert.deepEqual(reportOf({ ...base, capacity: {}, config: { inventory: { processors: 1 } } }).capacity, { processors: 1, asOfMs: 1_000, source: "declared" }, "what nobody knows has no source");
  assert.deepEqual([sourceOf(of({ diskBytes: 5e9 }), "diskBytes"), sourceOf(of({ diskBytes: 5e9 }), "memoryBytes"), sourceOf({ processors: 2 }, "processors")], ["declared", "measured", undefined]);
});

test("small changes of what is measured are no news, and a later look at the same is none", () => {
  const before = reportOf(base);
  const news = (more: Partial<ReportInput>) => isNews(before, reportOf({ ...base, nowMs: 90_000, ...more }));
  assert.equal(news({}), undefined);
  assert.equal(news({ load: { ...base.load, processors: 45 } }), undefined);
  assert.equal(news({ load: { ...base.load, processors: 65 } }), "measured");
  assert.equal(news({ load: {} }), "measured");
  assert.equal(news({ way: { parent: "cloud-1", latencyMs: 14 } }), undefined);
  assert.equal(news({ way: { parent: "cloud-1", latencyMs: 30 } }), "measured");
  assert.equal(news({ speeds: { "a/f": 40 } }), "measured", "a speed is known that was not");
  assert.equal(isNews(reportOf({ ...base, speeds: { "a/f": 40 } }), reportOf({ ...base, speeds: { "a/f": 45 } })), undefined);
  assert.equal(isNews(reportOf({ ...base, speeds: { "a/f": 0.1 } }), reportOf({ ...base, speeds: { "a/f": 0.9 } })), undefined, "what takes no time takes none");
  assert.equal(isNews(reportOf({ ...base, speeds: { "a/f": 40 } }), reportOf({ ...base, speeds: { "a/f": 90 } })), "measured");
  assert.equal(news({ way: { parent: "edge-9", latencyMs: 12 } }), "told");
  assert.equal(news({ capacity: { ...capacity, processors: 8 } }), "told");
  assert.equal(news({ config: { inventory: { carbonGramsPerKilowattHour: 300 } } }), "told");
});
