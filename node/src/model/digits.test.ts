import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after as afterAll, before as beforeAll, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { toHolonError } from "@holon/core/errors.ts";
import { createLinkBudget } from "@holon/core/link/budget.ts";
import { fitGate } from "@holon/core/model/gate.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createModel } from "@holon/platform/model.ts";
import { childName, parentName, SimFamily } from "../testing/sim-family.ts";
import { answerHandler, answerMethod } from "./answer.ts";
import { createCascade } from "./cascade.ts";
import { createModelDecider } from "./decision.ts";
import { accuracyOf, bestClass, partOf, rowsOf, scoresOf, type Labelled } from "./labelled.ts";
import { optimizeModel, type Variant } from "./optimize.ts";
import { splitModel, type SplitQuestion } from "./split-model.ts";
import { trainDense } from "./train.ts";

const folder = fileURLToPath(new URL("../../../../shared/data/mnist/", import.meta.url));
const skip = existsSync(folder) ? false : "data/mnist is not in the folder shared/ beside the repository";
const model = createModel();
let seed = 7;
const random = { uniform: (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647 };
const means = { model, random, codec: createCodec(), nowMs: () => performance.now() };

function digits(part: string, rows: number): Labelled {
  const read = (kind: string, start: number, width: number): Uint8Array => gunzipSync(readFileSync(`${folder}${part}-${kind}-ubyte.gz`)).subarray(start, start + rows * width);
  return { x: Float32Array.from(read("images-idx3", 16, 784), (byte) => byte / 255), labels: Uint8Array.from(read("labels-idx1", 8, 1)), features: 784, classes: 10 };
}

/** How much each layer takes is measured: what else the machine does in that moment may leave no cut within the bound. */
async function splitWhenQuiet<T>(split: () => Promise<T>): Promise<T> {
  for (let left = 5; left > 0; left--) {
    try {
      return await split();
    } catch (error) {
      if (toHolonError(error).code !== "HOLON_PLACEMENT_UNMET") throw error;
    }
  }
  return split();
}

/** A part of the data, so that it takes seconds; the bench suite `smaller` does the same with all of it. */
describe("MNIST, a part", { skip }, () => {
  let training: Labelled;
  let calibration: Labelled;
  let testing: Labelled;
  let teacher: Uint8Array;
  let student: Variant;
  beforeAll(async () => {
    const all = digits("train", 13_000);
    [training, calibration, testing] = [partOf(all, 0, 10_000), partOf(all, 10_000, 13_000), digits("t10k", 10_000)];
    teacher = writeOnnx(await trainDense(model, random, training, { name: "digits", hidden: [256, 128], epochs: 3 }));
    student = await optimizeModel(means, teacher, { kind: "distil", training, hidden: [28], epochs: 4, temperature: 3, share: 0.7 }, testing, 3);
  });
  afterAll(() => model.close());

  it("both ways of INT8 take at most 30 % of the size for at most 0.3 points", async () => {
    for (const method of [{ kind: "int8-dynamic" }, { kind: "int8-static", calibration }] as const) {
      const { report } = await optimizeModel(means, teacher, method, testing, 0.3);
      assert.ok(report.before.accuracy > 0.94 && report.after.sizeBytes <= 0.3 * report.before.sizeBytes, JSON.stringify(report));
    }
  });

  it("a student has a tenth of the parameters", () => assert.ok(student.report.after.parameters <= student.report.before.parameters / 10 && student.report.lostPoints < 3, JSON.stringify(student.report)));

  it("a model in two parts names every digit as the whole does", async () => {
    const places = [{ name: "gateway-1", wholeMs: 100, perProcessorHour: 0.05 }, { name: "cloud-1", wholeMs: 1, perProcessorHour: 0.05 }];
    const question: SplitQuestion = { places, ways: [{ latencyMs: 2, bytesPerSecond: 1e6, perGigabyte: 0.05 }], rowsPerMonth: 1e6, perMillisecond: 0.01, latencyMsMax: 96 };
    const { graphs: [head, tail], report } = await splitWhenQuiet(() => splitModel(means, teacher, testing, question));
    assert.ok(head !== undefined && tail !== undefined && report.difference <= 1e-5 && report.plan.latencyMs <= 96, JSON.stringify(report));
    const [first, second, whole] = [await model.load(head, {}), await model.load(tail, {}), await model.load(teacher, {})];
    const part = partOf(testing, 0, 2_000);
    const crossing = await first.run({ x: rowsOf(part, 0, 2_000) });
    const scores = (await second.run(crossing))["y"]?.values ?? assert.fail();
    const expected = await scoresOf(whole, part);
    for (let row = 0; row < 2_000; row++) assert.equal(bestClass(scores, row, 10), bestClass(expected, row, 10));
  });

  it("a cascade of two nodes asks for less than a fifth of the rows at nearly the teacher's accuracy, and answers all when cut off", async () => {
    const [large, small] = [await model.load(teacher, {}), await model.load(student.graph, {})];
    const part = partOf(testing, 0, 2_000);
    const { gate } = fitGate({ scores: await scoresOf(small, calibration), above: await scoresOf(large, calibration), labels: calibration.labels, classes: 10 }, 1);
    // The simulated world has no threads: what the models say is known before, the nodes, the link and the cascade are the real ones.
    const [largeScores, smallScores] = [await scoresOf(large, part), await scoresOf(small, part)];
    const said = (scores: Float32Array) => ({ inputs: ["x"], outputs: ["y"], run: ({ x }: Readonly<Record<string, { readonly values: Float32Array }>>) => Promise.resolve({ y: { shape: [1, 10], values: scoresAt(scores, x?.values[0] ?? 0) } }), close: () => Promise.resolve() });
    const scoresAt = (scores: Float32Array, row: number): Float32Array => scores.slice(row * 10, (row + 1) * 10);
    const family = new SimFamily();
    await family.start();
    family.parentNode.handlers.set(answerMethod, answerHandler(new Map([["digits", createModelDecider({ session: said(largeScores), self: parentName })]])));
    const cascade = createCascade({ small: createModelDecider({ session: said(smallScores), self: childName, gate }), above: { model: "digits", ask: (parameters, _, deadlineMs) => family.childNode.calls.call(parentName, answerMethod, parameters, deadlineMs) }, clock: { monotonicMs: () => family.world.nowMs }, budget: createLinkBudget("free", undefined, 0), deadlineMs: 5_000 });
    const right = async (): Promise<number> => {
      let count = 0;
      for (let row = 0; row < 2_000; row++) {
        const [decision] = await family.world.drive(cascade.decide({ shape: [1, 1], values: Float32Array.of(row) }, { told: (own) => own }));
        if (decision !== undefined && bestClass(decision.scores, 0, 10) === part.labels[row]) count += 1;
      }
      return count;
    };
    const linked = await right();
    const { here, above } = cascade.status();
    assert.ok(above < 2_000 / 5 && here + above === 2_000, `${above} of 2000 rows were asked`);
    assert.ok(accuracyOf(largeScores, part) - linked / 2_000 < 0.015, `${linked} right of 2000, ${accuracyOf(largeScores, part)} by asking always`);
    family.childNode.cutUplink();
    await family.until("the link is down", () => !family.isLinked());
    const alone = await right();
    assert.equal(alone / 2_000, accuracyOf(smallScores, part));
    assert.equal(cascade.status().kept.cut, above);
  });
});
