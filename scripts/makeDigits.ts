/**
 * Makes the models of `examples/digits` from MNIST (`../shared/data/mnist` beside the repository): a large one as INT8, a small one that
 * learned from it, and the gate that says from where on the small one is sure. Prints the gate, which stands in the manifest, and what both are worth.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { fitGate } from "@holon/core/model/gate.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { accuracyOf, partOf, scoresOf, type Labelled } from "@holon/node/model/labelled.ts";
import { optimizeModel } from "@holon/node/model/optimize.ts";
import { trainDense } from "@holon/node/model/train.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createModel } from "@holon/platform/model.ts";
import { repositoryRoot } from "./check/files.ts";

const data = join(repositoryRoot, "../shared/data/mnist");
const models = join(repositoryRoot, "examples/digits/models");
const allowedPoints = 0.5;

function digits(part: "train" | "t10k", rows: number): Labelled {
  const read = (kind: string, start: number, width: number): Uint8Array => gunzipSync(readFileSync(join(data, `${part}-${kind}-ubyte.gz`))).subarray(start, start + rows * width);
  return { x: Float32Array.from(read("images-idx3", 16, 784), (byte) => byte / 255), labels: Uint8Array.from(read("labels-idx1", 8, 1)), features: 784, classes: 10 };
}

let seed = 7;
const random = { uniform: (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647 };
const model = createModel();
const means = { model, random, codec: createCodec(), nowMs: () => performance.now() };
const all = digits("train", 60_000);
const [training, calibration, testing] = [partOf(all, 0, 50_000), partOf(all, 50_000, 60_000), digits("t10k", 10_000)];

const teacher = writeOnnx(await trainDense(model, random, training, { name: "digits", hidden: [128], epochs: 6 }));
const large = await optimizeModel(means, teacher, { kind: "int8-static", calibration }, testing, 0.3);
const student = await optimizeModel(means, teacher, { kind: "distil", training, hidden: [16], epochs: 8, temperature: 3, share: 0.7 }, testing, 5);
const small = await optimizeModel(means, student.graph, { kind: "int8-static", calibration }, testing, 0.5);
for (const [name, { graph }] of [["large", large], ["small", small]] as const) writeFileSync(join(models, `${name}.onnx`), graph);

const [above, own] = [await model.load(large.graph, {}), await model.load(small.graph, {})];
const fit = fitGate({ scores: await scoresOf(own, calibration), above: await scoresOf(above, calibration), labels: calibration.labels, classes: 10 }, allowedPoints);
console.log(JSON.stringify({ ...fit, accuracy: { large: accuracyOf(await scoresOf(above, testing), testing), small: accuracyOf(await scoresOf(own, testing), testing) }, bytes: { large: large.graph.length, small: small.graph.length } }, undefined, 2));
await model.close();
