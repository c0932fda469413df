import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { encodeSafetensors } from "@holon/core/model/safetensors.ts";
import { trainDense } from "@holon/node/model/train.ts";
import { tempFolder } from "@holon/node/testing/temp-log.ts";
import { createModel } from "@holon/platform/model.ts";
import { z } from "zod";
import { startNode } from "./machine/compose.ts";
import { makeToken } from "./machine/token.ts";
import { assertRefused } from "./testing/assert-refused.ts";
import { runHolon, type Ended } from "./testing/holon-process.ts";
import { onItsTurn } from "../../scripts/testing/turns.ts";

let seed = 4;
const uniform = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;

/** Pictures of 8 × 8 whose class is the quarter that is bright. */
function pictures(rows: number): { readonly bytes: Uint8Array; readonly labels: Uint8Array } {
  const labels = Uint8Array.from({ length: rows }, (_, row) => row % 4);
  const bytes = Uint8Array.from({ length: rows * 64 }, (_, index) => {
    const [row, pixel] = [Math.floor(index / 64), index % 64];
    const quarter = (pixel >= 32 ? 2 : 0) + (pixel % 8 >= 4 ? 1 : 0);
    return Math.floor(120 * uniform() + (quarter === labels[row] ? 60 : 0));
  });
  return { bytes, labels };
}

function idx(shape: readonly number[], bytes: Uint8Array): Uint8Array {
  const head = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  head.setUint32(0, 0x800 + shape.length);
  shape.forEach((size, axis) => head.setUint32(4 + 4 * axis, size));
  return Buffer.concat([new Uint8Array(head.buffer), bytes]);
}

test("a model is registered, made smaller, refused where it loses too much, and listed with its lineage", onItsTurn(1, 2), async (context) => {
  const folder = tempFolder(context);
  const file = (name: string, content: Uint8Array): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const [training, testing] = [pictures(2_000), pictures(1_000)];
  const asRows = ({ bytes, labels }: typeof training) => ({ x: Float32Array.from(bytes, (byte) => byte / 255), labels, features: 64, classes: 4 });
  const model = createModel();
  const graph = writeOnnx(await trainDense(model, { uniform }, asRows(training), { name: "quarters", hidden: [48], epochs: 4 }));
  await model.close();
  const onnx = file("quarters.onnx", graph);
  const idxFiles = ["--labelled", file("test.gz", gzipSync(idx([1_000, 8, 8], testing.bytes))), "--labels", file("test-labels", idx([1_000], testing.labels))];
  const trainingFiles = ["--training", file("train.gz", gzipSync(idx([2_000, 8, 8], training.bytes))), "--training-labels", file("train-labels", idx([2_000], training.labels))];
  const tensors = file("test.safetensors", encodeSafetensors({ tensors: { x: { shape: [1_000, 64], values: asRows(testing).x }, labels: { shape: [1_000], values: Float32Array.from(testing.labels) } }, metadata: {} }));

  const data = join(folder, "data");
  const token = await makeToken(data);
  const cloud = await startNode({ config: { apiVersion: "holon/v1", name: "cloud-1", site: "cloud", tier: "cloud", jurisdiction: "EU/DE", control: true, siblings: [] }, data, api: "127.0.0.1:0", token, trace: { level: "error", output: process.stderr } });
  context.after(() => cloud.close());
  const holon = (...words: readonly string[]): Promise<Ended> => runHolon(context, ["model", ...words, "--api", cloud.api, "--data", data]);
  const told = async (...words: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await holon(...words);
    assert.equal(exitCode, 0, stderr);
    return stdout;
  };

  assert.match(await told("list"), /^no models$/m);
  const registered: unknown = JSON.parse(await told("register", onnx, "--licence", "CC0-1.0", "--metric", "accuracy=0.9", "--json"));
  assert.ok(typeof registered === "object" && registered !== null && "version" in registered && typeof registered.version === "string");
  const parent = registered.version;
  const reports = [
    await told("optimize", "quarters", "--method", "int8-dynamic", ...idxFiles, "--allow-points", "1", "--json"),
    await told("optimize", parent, "--method", "int8-static", ...idxFiles, ...trainingFiles, "--allow-points", "1", "--json"),
    await told("optimize", parent.slice(0, 8), "--method", "distil", "--labelled", tensors, ...trainingFiles, "--hidden", "8", "--allow-points", "5", "--json"),
  ].map((text) => JSON.parse(text) as { readonly before: Record<string, number>; readonly after: Record<string, number>; readonly lostPoints: number; readonly version: string });
  for (const { before, after, lostPoints } of reports) {
    assert.ok((after["sizeBytes"] ?? Infinity) < 0.5 * (before["sizeBytes"] ?? 0) && (after["latencyUsP50"] ?? 0) > 0);
    assert.ok(Math.abs(lostPoints - 100 * ((before["accuracy"] ?? 0) - (after["accuracy"] ?? 0))) < 0.01);
  }

  assertRefused(await holon("optimize", parent, "--method", "prune", "--share", "0.98", ...idxFiles), "HOLON_MODEL_WORSE", /prune of model quarters loses/);
  assertRefused(await holon("optimize", "other", "--method", "prune", ...idxFiles), "HOLON_MODEL_MISSING", /other/);
  assertRefused(await holon("optimize", parent, "--method", "int8-static", ...idxFiles, "--training", idxFiles[1] ?? "", "--training-labels", idxFiles[3] ?? ""), "HOLON_ARGUMENT_BAD", /same rows/);
  assertRefused(await holon("optimize", parent, "--method", "squeeze", ...idxFiles), "HOLON_ARGUMENT_BAD", /squeeze/);
  assertRefused(await holon("optimize", parent, "--method", "prune", "--labelled", onnx, "--labels", idxFiles[3] ?? ""), "HOLON_SOURCE_UNREADABLE", /quarters\.onnx is no idx file/);
  assertRefused(await holon("register", idxFiles[3] ?? "", "--licence", "CC0-1.0"), "HOLON_MODEL_NOT_ONNX", /test-labels/);

  const listed = JSON.parse(await told("list", "--json")) as { readonly version: string; readonly document: { readonly lineage: { readonly parent?: string; readonly method: string } } }[];
  assert.deepEqual(listed.map(({ document: { lineage } }) => [lineage.method, lineage.parent]), [["registered", undefined], ["int8-dynamic", parent], ["int8-static", parent], ["distil 8 at 3", parent]]);
  assert.match(await told("list"), /quarters +[0-9a-f]{16} +int8-static/);
  assert.match(await told("show", listed[1]?.version ?? ""), /"lostPointsMax": 1/);
  const small = cloud.control?.models()[1]?.document.graph;
  assert.ok(small !== undefined && readOnnx((await cloud.control?.blobs.read(small)) ?? new Uint8Array(0), "small").nodes.some(({ operator }) => operator === "MatMulInteger"));
  assertRefused(await holon("split", onnx, "--from", "cloud-1", "--to", "cloud-2", "--rows-per-month", "1000", ...idxFiles), "HOLON_NODE_UNKNOWN", /cloud-2/);
  const alone = z.object({ parts: z.array(z.object({ place: z.string() })), points: z.array(z.object({ value: z.string(), bytes: z.number() })), because: z.string(), difference: z.number() }).parse(JSON.parse(await told("split", onnx, "--from", "cloud-1", "--to", "cloud-1", "--rows-per-month", "1000", ...idxFiles, "--json")));
  assert.deepEqual([alone.parts.map(({ place }) => place), alone.points.length > 0, alone.difference], [["cloud-1"], true, 0]);
  assert.match(alone.because, /^not cut: all of it is cheapest on cloud-1/);
});
