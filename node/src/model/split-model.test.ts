import assert from "node:assert/strict";
import { test } from "node:test";
import { denseGraph } from "@holon/core/model/dense.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { createModel } from "@holon/sim/model.ts";
import { splitModel, type SplitQuestion } from "./split-model.ts";

let seed = 5;
const uniform = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
/** Narrow after the first layer, with most of its work behind that. */
const graph = writeOnnx(denseGraph({ name: "net", layers: [400, 40, 12, 300, 300, 10] }, uniform));
const rows = 30;
const data = { x: Float32Array.from({ length: rows * 400 }, () => uniform()), labels: new Uint8Array(rows), features: 400, classes: 10 };
const means = () => {
  let nowMs = 0;
  return { model: createModel(), nowMs: () => (nowMs += 1) };
};
const question = (more: Partial<SplitQuestion> = {}): SplitQuestion => ({ places: [{ name: "gateway-1", wholeMs: 60, perProcessorHour: 0.05 }, { name: "cloud-1", wholeMs: 2, perProcessorHour: 0.05 }], ways: [{ latencyMs: 5, bytesPerSecond: 200_000, perGigabyte: 0.1 }], rowsPerMonth: 3_000_000, perMillisecond: 0.01, ...more });

test("the cut lies where little crosses and most of the work is behind, and its parts answer as the whole", async () => {
  const { graphs, report } = await splitModel(means(), graph, data, question());
  assert.deepEqual(report.parts, [{ place: "gateway-1", ends: report.points[2]?.value }, { place: "cloud-1", ends: "y" }]);
  assert.deepEqual([report.points[2]?.bytes, report.rows, report.difference], [64, rows, 0]);
  assert.ok(report.rowBytes > 2_000 && (report.points[2]?.share ?? 1) < 0.2);
  assert.ok(report.points.every(({ alone }) => alone.cost >= report.plan.cost));
  assert.deepEqual(graphs.map((part) => readOnnx(part, "part").nodes.length), [3, 6]);
});

test("a line that is slow or dear keeps all of it where the rows are, a bound of latency decides, and what keeps none is refused", async () => {
  const slow = await splitModel(means(), graph, data, question({ ways: [{ latencyMs: 5_000, bytesPerSecond: 200_000, perGigabyte: 0.1 }], perMillisecond: 1 }));
  assert.deepEqual([slow.report.parts, slow.graphs.length], [[{ place: "gateway-1", ends: "y" }], 1]);
  const bound = await splitModel(means(), graph, data, question({ perMillisecond: 0, latencyMsMax: 25, places: [{ name: "gateway-1", wholeMs: 60, perProcessorHour: 0 }, { name: "cloud-1", wholeMs: 2, perProcessorHour: 9 }] }));
  assert.equal(bound.report.parts.length, 2);
  assert.ok(bound.report.plan.latencyMs <= 25);
  await assert.rejects(splitModel(means(), graph, data, question({ latencyMsMax: 1 })), { code: "HOLON_PLACEMENT_UNMET", message: /no cut of model net answers within 1 ms from gateway-1/ });
});

test("over three nodes it is cut twice where that pays", async () => {
  const places = [{ name: "gateway-1", wholeMs: 4_660, perProcessorHour: 0 }, { name: "edge-1", wholeMs: 466, perProcessorHour: 0.01 }, { name: "cloud-1", wholeMs: 46, perProcessorHour: 0.01 }];
  const narrow = { ...data, x: data.x.slice(0, rows * 64), features: 64 };
  const { graphs, report } = await splitModel(means(), writeOnnx(denseGraph({ name: "net", layers: [64, 16, 120, 4, 200, 200, 10] }, uniform)), narrow, question({ places, ways: [{ latencyMs: 0.2, bytesPerSecond: 20_000, perGigabyte: 0 }, { latencyMs: 1, bytesPerSecond: 500, perGigabyte: 0 }], perMillisecond: 1, rowsPerMonth: 1 }));
  assert.deepEqual(report.parts.map(({ place }) => place), ["gateway-1", "edge-1", "cloud-1"]);
  assert.deepEqual([graphs.length, report.difference], [3, 0]);
});

test("a model without a place to cut, or with several inputs, is refused", async () => {
  const flat = writeOnnx({ ...denseGraph({ name: "flat", layers: [400, 10] }, uniform) });
  await assert.rejects(splitModel(means(), flat, data, question()), { code: "HOLON_MODEL_UNSUPPORTED", message: /no value that alone leads/ });
});
