/** Trains a dense network, by itself or from a teacher: batches in a fresh order each time, the rate falling to nothing. */
import { denseGraphOf, denseParameters } from "@holon/core/model/dense.ts";
import type { OnnxGraph } from "@holon/core/model/onnx-graph.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { softmaxRows } from "@holon/core/model/softmax.ts";
import { parameterNames, trainingGraph, velocityName, type Distillation } from "@holon/core/model/train-graph.ts";
import type { Model, Random, Tensor, Tensors } from "@holon/core/ports.ts";
import type { Labelled } from "./labelled.ts";

export interface TrainOptions {
  readonly name: string;
  /** Hidden sizes. */
  readonly hidden: readonly number[];
  readonly epochs: number;
  readonly rows?: number;
  readonly rate?: number;
  readonly momentum?: number;
  /** What the teacher says of each row of the data, before its softmax. */
  readonly teacher?: (Distillation & { readonly scores: Float32Array }) | undefined;
  /** Called after each epoch with its mean loss. */
  readonly told?: (epoch: number, loss: number) => void;
}

/** Steps in one run: what crosses to the runtime crosses once for all of them. */
const stepsInRun = 40;

/** The same data, options and chance give the same network. */
export async function trainDense(model: Model, random: Pick<Random, "uniform">, data: Labelled, options: TrainOptions): Promise<OnnxGraph> {
  const { name, hidden, epochs, rows = 64, rate = 0.1, momentum = 0.9, teacher } = options;
  const layers = [data.features, ...hidden, data.classes];
  const names = parameterNames(layers);
  const session = await model.load(writeOnnx(trainingGraph({ layers, momentum, distil: teacher })), {});
  const taught = teacher === undefined ? undefined : softmaxRows(teacher.scores, data.classes, teacher.temperature);
  let state: Record<string, Tensor> = {};
  for (const [parameter, tensor] of Object.entries(denseParameters({ name, layers }, () => random.uniform()))) {
    state[parameter] = tensor;
    state[velocityName(parameter)] = { shape: tensor.shape, values: new Float32Array(tensor.values.length) };
  }
  const stepsInEpoch = Math.floor(data.labels.length / rows);
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = shuffled(data.labels.length, random);
      let loss = 0;
      for (let step = 0; step < stepsInEpoch; step += stepsInRun) {
        const steps = Math.min(stepsInRun, stepsInEpoch - step);
        const progress = (epoch + step / stepsInEpoch) / epochs;
        const now = rate * 0.5 * (1 + Math.cos(Math.PI * progress));
        const outputs = await session.run({ ...state, ...batchesOf(data, taught, order.subarray(step * rows, (step + steps) * rows), rows), rate: { shape: [1], values: Float32Array.of(now) } });
        state = nextState(outputs, names);
        for (const value of outputs["loss"]?.values ?? []) loss += value;
      }
      options.told?.(epoch, loss / stepsInEpoch);
    }
  } finally {
    await session.close();
  }
  return denseGraphOf({ name, layers }, state);
}

function nextState(outputs: Tensors, names: readonly string[]): Record<string, Tensor> {
  const state: Record<string, Tensor> = {};
  for (const name of names.flatMap((parameter) => [parameter, velocityName(parameter)])) {
    const next = outputs[`${name}.next`];
    if (next !== undefined) state[name] = next;
  }
  return state;
}

function batchesOf({ x, labels, features, classes }: Labelled, taught: Float32Array | undefined, chosen: Uint32Array, rows: number): Tensors {
  const steps = chosen.length / rows;
  const inputs = new Float32Array(chosen.length * features);
  const target = new Float32Array(chosen.length * classes);
  const taughtRows = new Float32Array(taught === undefined ? 0 : chosen.length * classes);
  for (const [index, row] of chosen.entries()) {
    inputs.set(x.subarray(row * features, (row + 1) * features), index * features);
    target[index * classes + (labels[row] ?? 0)] = 1;
    if (taught !== undefined) taughtRows.set(taught.subarray(row * classes, (row + 1) * classes), index * classes);
  }
  const stacked = (values: Float32Array, width: number): Tensor => ({ shape: [steps, rows, width], values });
  return { x: stacked(inputs, features), target: stacked(target, classes), ...(taught === undefined ? {} : { taught: stacked(taughtRows, classes) }) };
}

/** Fisher and Yates. */
function shuffled(count: number, random: Pick<Random, "uniform">): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random.uniform() * (last + 1));
    const kept = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = kept;
  }
  return order;
}
