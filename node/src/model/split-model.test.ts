import assert from "node:assert/strict";
import { test } from "node:test";
import { denseGraph } from "@holon/core/model/dense.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import type { Model } from "@holon/core/ports.ts";
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
  assert.deepEqual(report.parts.map(({ place, ends, bytes }) => ({ place, ends, bytes })), [{ place: "gateway-1", ends: report.points[2]?.value, bytes: 64 }, { place: "cloud-1", ends: "y", bytes: report.answerBytes }]);
  assert.equal(report.layers, "estimated", "nothing was slower than anything else");
  assert.deepEqual([report.points[2]?.bytes, report.rows, report.difference], [64, rows, 0]);
  assert.ok(report.rowBytes > 2_000 && (report.points[2]?.share ?? 1) < 0.2);
  assert.ok(report.points.every(({ alone }) => alone.cost >= report.plan.cost));
  assert.deepEqual(graphs.map((part) => readOnnx(part, "part").nodes.length), [3, 6]);
});

test("a line that is slow or dear keeps all of it where the rows are, a bound of latency decides, and what keeps none is refused", async () => {
  const slow = await splitModel(means(), graph, data, question({ ways: [{ latencyMs: 5_000, bytesPerSecond: 200_000, perGigabyte: 0.1 }], perMillisecond: 1 }));
  assert.deepEqual([slow.report.parts.map(({ place, ends }) => `${place} ${ends}`), slow.graphs.length], [["gateway-1 y"], 1]);
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

/** A runtime in which what rectifies takes its time, the rest none, and any run a little. */
function slowRectified() {
  let nowMs = 0;
  const inner = createModel();
  const model: Model = {
    async load(bytes, parameters) {
      const session = await inner.load(bytes, parameters);
      const rectified = readOnnx(bytes, "timed").nodes.filter(({ operator }) => operator === "Relu").length;
      return {
        inputs: session.inputs,
        outputs: session.outputs,
        close: () => session.close(),
        run(inputs) {
          nowMs += 1 + 10 * rectified;
          return session.run(inputs);
        },
      };
    },
  };
  return { model, nowMs: () => nowMs };
}

test("layers weigh what they take where that can be told from what any run takes, and their arithmetic elsewhere", async () => {
  const { report } = await splitModel(slowRectified(), graph, data, question());
  const rectified = readOnnx(graph, "net").nodes.filter(({ operator }) => operator === "Relu").length;
  assert.equal(report.layers, "measured");
  assert.equal(report.wholeMs, 1 + 10 * rectified);
  const shares = report.points.map(({ share }) => Number((share * rectified).toFixed(6)));
  assert.ok(shares.every((share, index) => Number.isInteger(share) && share >= (shares[index - 1] ?? 0)), shares.join(" "));
  assert.ok((report.points[0]?.share ?? 1) === 0 && shares.includes(1) && shares.includes(rectified - 1));
});

test("several cuts are made for a plan to choose from: each lets less through than all before it; rows go as they are only where that was said", async () => {
  const { graphs, report } = await splitModel(means(), graph, data, question({ cutsMax: 4 }));
  const bytes = report.parts.slice(0, -1).map((part) => part.bytes);
  assert.ok(bytes.length >= 2 && bytes.every((each, index) => each < (bytes[index - 1] ?? report.rowBytes)), bytes.join(" "));
  assert.ok(bytes.includes(64), "the best is among them");
  assert.deepEqual([graphs.length, report.difference], [report.parts.length, 0]);
  const all = report.parts.reduce((sum, { ms }) => sum + ms, 0);
  assert.ok(Math.abs(all - report.wholeMs) < 1e-9);
  const free = await splitModel(means(), graph, data, question({ cutsMax: 1, rowsMayLeave: true }));
  assert.deepEqual(free.report.parts.map((part) => [part.ms === 0, part.bytes]), [[true, free.report.rowBytes], [false, 64], [false, free.report.answerBytes]]);
  assert.deepEqual([readOnnx(free.graphs[0] ?? new Uint8Array(), "rows").nodes.map(({ operator }) => operator), free.report.difference], [["Identity"], 0]);
});
