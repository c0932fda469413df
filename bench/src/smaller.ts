/**
 * Suite `smaller`: a teacher is trained on MNIST, made smaller in each way, and its student put in front of it as a cascade of two
 * real nodes over TLS. Bytes are those of the gateway's socket.
 */
import { join } from "node:path";
import { fitGate } from "@holon/core/model/gate.ts";
import { createLinkBudget } from "@holon/core/link/budget.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import type { Model, ModelSession } from "@holon/core/ports.ts";
import { isNodeName } from "@holon/core/units.ts";
import { answerHandler, answerMethod } from "@holon/node/model/answer.ts";
import { createCascade } from "@holon/node/model/cascade.ts";
import { createModelDecider, type Decider, type Decision } from "@holon/node/model/decision.ts";
import { bestClass, partOf, rowsOf, scoresOf, type Labelled } from "@holon/node/model/labelled.ts";
import { optimizeModel, type Method, type VariantReport } from "@holon/node/model/optimize.ts";
import { trainDense } from "@holon/node/model/train.ts";
import type { HolonNode } from "@holon/node/node.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createModel } from "@holon/platform/model.ts";
import { benchAuthority, certify } from "./certify.ts";
import { hasDigits, readDigits } from "./digits.ts";
import { openBenchNode } from "./link-node.ts";
import type { Suite, SuiteContext, SuiteResult } from "./suite.ts";

const teacherHidden = [512, 256];
const studentHidden = [64];
const epochs = 5;
/** Rows of the training set that nobody is trained on: the gate is fitted on them. */
const calibrationRows = 5_000;
const lostPointsMax = 0.3;

export const smallerSuite: Suite = {
  measures: "MNIST: INT8, pruning, a student, and a cascade of two nodes: bytes, latency, accuracy",
  async run(context): Promise<SuiteResult> {
    if (!hasDigits()) {
      context.say("left out: data/mnist is not in the folder shared/ beside the repository");
      return { figures: {}, ratios: {} };
    }
    const [all, testing] = [readDigits("train"), readDigits("t10k")];
    const training = partOf(all, 0, all.labels.length - calibrationRows);
    const calibration = partOf(all, training.labels.length, all.labels.length);
    const model = createModel();
    try {
      const random = drawn(7);
      const teacher = writeOnnx(await trainDense(model, random, training, { name: "digits", hidden: teacherHidden, epochs, told: (epoch, loss) => context.say(`teacher, epoch ${epoch + 1} of ${epochs}: loss ${loss.toFixed(4)}`) }));
      const methods: readonly Method[] = [{ kind: "int8-dynamic" }, { kind: "int8-static", calibration }, { kind: "prune", share: 0.7 }, { kind: "distil", training, hidden: studentHidden, epochs, temperature: 3, share: 0.7 }];
      const figures: Record<string, number> = {};
      const ratios: Record<string, number> = {};
      let student: Uint8Array = teacher;
      for (const method of methods) {
        const { graph, report } = await optimizeModel({ model, random, codec: createCodec(), nowMs: () => performance.now() }, teacher, method, testing, 100);
        if (method.kind === "distil") student = graph;
        tell(report, context, figures, ratios);
      }
      const cascade = await measureCascade({ model, teacher, student, calibration, testing }, context);
      return { figures: { ...figures, ...cascade.figures }, ratios: { ...ratios, ...cascade.ratios } };
    } finally {
      await model.close();
    }
  },
};

const names = { "int8-dynamic": "int8Dynamic", "int8-static": "int8Static", prune: "pruned", distil: "student" } as const;

function tell({ method, before, after, lostPoints }: VariantReport, { say }: SuiteContext, figures: Record<string, number>, ratios: Record<string, number>): void {
  const name = names[method];
  say(`${method}: ${before.sizeBytes} to ${after.sizeBytes} bytes (compressed ${before.compressedBytes} to ${after.compressedBytes}), ${before.latencyUsP50} to ${after.latencyUsP50} us, ${before.accuracy} to ${after.accuracy}`);
  figures["teacherAccuracy"] = before.accuracy;
  figures["teacherBytes"] = before.sizeBytes;
  figures[`${name}Accuracy`] = after.accuracy;
  figures[`${name}LostPoints`] = lostPoints;
  ratios[`${name}SizeVsTeacher`] = after.sizeBytes / before.sizeBytes;
  ratios[`${name}CompressedVsTeacher`] = after.compressedBytes / before.compressedBytes;
  ratios[`${name}ParametersVsTeacher`] = after.parameters / before.parameters;
  ratios[`${name}LatencyVsTeacher`] = after.latencyUsP50 / before.latencyUsP50;
}

interface CascadeParts {
  readonly model: Model;
  readonly teacher: Uint8Array;
  readonly student: Uint8Array;
  readonly calibration: Labelled;
  readonly testing: Labelled;
}

async function measureCascade({ model, teacher, student, calibration, testing }: CascadeParts, { folder, say }: SuiteContext): Promise<SuiteResult> {
  const [large, small] = [await model.load(teacher, {}), await model.load(student, {})];
  const fit = fitGate({ scores: await scoresOf(small, calibration), above: await scoresOf(large, calibration), labels: calibration.labels, classes: 10 }, lostPointsMax);
  say(`gate: temperature ${fit.gate.temperature.toFixed(2)}, threshold ${fit.gate.threshold.toFixed(4)}, answers ${(100 * fit.answeredShare).toFixed(1)} % of the calibration rows, calibration error ${fit.calibrationError.toFixed(4)}`);
  const cloud = await openBenchNode(join(folder, "cloud-1"), { name: "cloud-1", tier: "cloud", listen: "127.0.0.1:0" });
  try {
    if (cloud.node.address === undefined) throw new Error("the cloud does not listen");
    cloud.node.handlers.set(answerMethod, answerHandler(new Map([["digits", createModelDecider({ session: large, self: "cloud-1" })]])));
    await certify(await benchAuthority(join(folder, "cloud-1")), join(folder, "gateway-1"), { name: "gateway-1", site: "bench", tier: "gateway" });
    const gateway = await openBenchNode(join(folder, "gateway-1"), { name: "gateway-1", tier: "gateway", parent: cloud.node.address });
    try {
      await until("the link is open", () => gateway.node.status().uplink?.state === "open");
      const always = await runThrough(gateway.node, small, { temperature: 1, threshold: 2 }, testing);
      const gated = await runThrough(gateway.node, small, fit.gate, testing);
      gateway.node.cutUplink();
      await until("the link is cut", () => gateway.node.status().uplink?.state !== "open");
      const alone = await runThrough(gateway.node, small, fit.gate, testing);
      const lostPoints = 100 * (always.accuracy - gated.accuracy);
      say(`asked always: ${always.sentBytes} bytes up, ${always.accuracy}; cascade: ${gated.sentBytes} bytes up for ${gated.above} rows, ${gated.accuracy}; cut off: ${alone.accuracy}, ${alone.kept} rows marked`);
      return {
        figures: {
          cascadeAccuracy: gated.accuracy,
          cascadeLostPoints: lostPoints,
          cascadeBytesUp: gated.sentBytes,
          alwaysBytesUp: always.sentBytes,
          cascadeAnsweredHereShare: 1 - gated.above / testing.labels.length,
          cascadeCutAccuracy: alone.accuracy,
          cascadeCutAnswered: alone.answered,
          cascadeCutMarked: alone.kept,
          gateCalibrationError: fit.calibrationError,
        },
        ratios: { cascadeBytesVsAlways: gated.sentBytes / always.sentBytes },
      };
    } finally {
      await gateway.close();
    }
  } finally {
    await cloud.close();
  }
}

interface Passage {
  readonly accuracy: number;
  readonly sentBytes: number;
  readonly answered: number;
  readonly above: number;
  readonly kept: number;
}

/** Row by row, as pictures come, a few at a time. */
async function runThrough(node: HolonNode, session: ModelSession, gate: { readonly temperature: number; readonly threshold: number }, testing: Labelled): Promise<Passage> {
  const to = "cloud-1";
  if (!isNodeName(to)) throw new Error("no name");
  const small: Decider = createModelDecider({ session, self: "gateway-1", gate });
  const cascade = createCascade({ small, above: { model: "digits", ask: (parameters, _, deadlineMs) => node.calls.call(to, answerMethod, parameters, deadlineMs) }, clock: { monotonicMs: () => performance.now() }, budget: createLinkBudget("free", undefined, 0), deadlineMs: 10_000 });
  const sentBefore = node.status().uplink?.sentBytes ?? 0;
  const decided: Decision[] = [];
  let next = 0;
  const walk = async (): Promise<void> => {
    for (let row = next++; row < testing.labels.length; row = next++) decided[row] = (await cascade.decide(rowsOf(testing, row, row + 1), { told: (own) => own }))[0] ?? nothing;
  };
  await Promise.all(Array.from({ length: 16 }, walk));
  const right = decided.filter(({ scores }, row) => bestClass(scores, 0, 10) === testing.labels[row]).length;
  return {
    accuracy: right / testing.labels.length,
    sentBytes: (node.status().uplink?.sentBytes ?? 0) - sentBefore,
    answered: decided.filter(({ scores, confidence }) => scores.length === 10 && confidence > 0).length,
    above: decided.filter(({ answeredBy }) => answeredBy === to).length,
    kept: decided.filter(({ kept }) => kept !== undefined).length,
  };
}

const nothing: Decision = { scores: new Float32Array(0), confidence: 0, answeredBy: "", sure: false };

async function until(what: string, condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Park and Miller's generator. */
function drawn(start: number): { uniform(): number } {
  let seed = start;
  return { uniform: () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647 };
}
