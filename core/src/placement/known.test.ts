import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeReportSchema } from "../schema/node-report.ts";
import { knownValues, knownValueSchema } from "./known.ts";

const nowMs = 1_800_000_000_000;
const measured = (value: number, ageMs = 0) => ({ value, asOfMs: nowMs - ageMs, source: "measured" as const });

test("each value has its source and its time; what is old is stale, what nobody knows is unknown and not nought", () => {
  const report = nodeReportSchema.parse({
    capacity: { processors: 4, asOfMs: nowMs, source: "measured" },
    load: {},
    providers: ["cpu"],
    uplink: { parent: "cloud-1", latencyMs: measured(12, 8 * 86_400_000), bytesPerSecond: measured(2.5e6) },
    powerSource: { value: "battery", asOfMs: nowMs, source: "measured" },
    prices: { perKilowattHour: { value: -0.01, asOfMs: nowMs, source: "declared" } },
    power: {},
  });
  const curve = { kind: "carbon" as const, startMs: nowMs, values: [120, 130, 140], asOfMs: nowMs, from: "file grid.csv" };
  const rows = knownValues({ report, curve: (kind) => (kind === "carbon" ? curve : undefined), inferences: { "pump/judge": 3.2 }, trust: { level: "enrolled", asOfMs: nowMs }, nowMs });
  for (const row of rows) knownValueSchema.parse(row);
  const of = (what: string) => rows.find((row) => row.what === what) ?? assert.fail(`no line of ${what}`);
  assert.deepEqual([of("link latency").value, of("link latency").stale], ["12 ms", true]);
  assert.deepEqual([of("link bandwidth").value, of("link bandwidth").source, of("link bandwidth").stale], ["2.5 MB/s", "measured", false]);
  const fast = knownValues({ report: { ...report, uplink: { parent: "cloud-1", bytesPerSecond: measured(8_192_000) } }, curve: () => undefined, inferences: {}, trust: undefined, nowMs });
  assert.equal(fast.find(({ what }) => what === "link bandwidth")?.value, "at least 8.192 MB/s", "more than the probe can tell");
  const declared = knownValues({ report: { ...report, uplink: { parent: "cloud-1", bytesPerSecond: { value: 1e8, asOfMs: nowMs, source: "declared" } } }, curve: () => undefined, inferences: {}, trust: undefined, nowMs });
  assert.equal(declared.find(({ what }) => what === "link bandwidth")?.value, "100 MB/s");
  assert.deepEqual([of("link price").value, of("link price").asOfMs, of("link price").source], [null, null, null]);
  assert.deepEqual([of("power source").value, of("price of electricity").value, of("inference in pump/judge").value], ["battery", "-0.01 a kWh", "3.2 ms"]);
  assert.deepEqual([of("curve of carbon").value, of("curve of carbon").source, of("curve of price").value], ["120 g/kWh now, 3 h ahead", "file grid.csv", null]);
  assert.deepEqual([of("memory").value, of("execution providers").source], [null, "assumed"]);
  const mixed = knownValues({ report: { ...report, capacity: { processors: 4, memoryBytes: 8e9, diskBytes: 1e11, asOfMs: nowMs, source: "declared", sources: { diskBytes: "measured" } } }, curve: () => undefined, inferences: {}, trust: undefined, nowMs });
  assert.deepEqual(["processors", "memory", "disk, free"].map((what) => mixed.find((row) => row.what === what)?.source), ["declared", "declared", "measured"], "each from where it is");
  assert.ok(knownValues({ report: undefined, curve: () => undefined, inferences: {}, trust: undefined, nowMs }).every(({ value }) => value === null));
});
