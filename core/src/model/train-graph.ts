/**
 * Training as a graph: several steps of stochastic gradient descent with momentum on a dense network, in one run.
 *
 *     forward    sum = active · W + b,  active = max(0, sum)
 *     loss       − Σ target · log softmax(y) / n                                  (hard: what it is)
 *                − T² Σ taught · log softmax(y / T) / n                           (soft: what the teacher thinks of it)
 *     backward   by hand, layer by layer
 *     update     v ← momentum · v + gradient,  W ← W − rate · v
 *
 * Distillation mixes both losses by `share`: Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015. Weights and
 * velocities go in and come out, batches come stacked along the first axis, the rate is an input.
 */
import { elementTypes, type OnnxConstant, type OnnxGraph, type OnnxNode, type OnnxValue } from "./onnx-graph.ts";
import { biasName, pairs, weightName } from "./dense.ts";

export interface TrainingShape {
  /** Features, hidden sizes, classes. */
  readonly layers: readonly number[];
  readonly momentum: number;
  /** Undefined: no teacher. */
  readonly distil?: Distillation | undefined;
}

export interface Distillation {
  /** Softens what the teacher thinks, so that its second thoughts count. */
  readonly temperature: number;
  /** Of the teacher's loss in all; the rest is that of the labels. */
  readonly share: number;
}

export const velocityName = (parameter: string): string => `${parameter}.velocity`;

/** Parameters in the order of the graph's state. */
export const parameterNames = (layers: readonly number[]): readonly string[] => pairs(layers).flatMap((_, layer) => [weightName(layer), biasName(layer)]);

/**
 * Inputs: parameters and their velocities by name, `x` [steps, rows, features], `target` [steps, rows, classes] and, with a teacher,
 * `taught` alike (its probabilities at the temperature), `rate` [1]. Outputs: the parameters and velocities as `<name>.next`, `loss` [steps].
 */
export function trainingGraph(shape: TrainingShape): OnnxGraph {
  const { layers, distil } = shape;
  const state = parameterNames(layers).flatMap((name) => [name, velocityName(name)]);
  const batches = ["x", "target", ...(distil === undefined ? [] : ["taught"])];
  const sizes = parameterSizes(layers);
  const sizesOf = (name: string): readonly number[] => sizes.get(name.replace(/\.velocity$/, "")) ?? [];
  const loop: OnnxNode = {
    operator: "Scan",
    domain: "",
    inputs: [...state, ...batches],
    outputs: [...state.map((name) => `${name}.next`), "loss"],
    attributes: { body: { kind: "graph", value: stepGraph(shape, state, sizesOf) }, num_scan_inputs: { kind: "integer", value: batches.length } },
  };
  const last = (name: string): number => (name === "x" ? (layers[0] ?? 0) : (layers.at(-1) ?? 0));
  return {
    name: "training",
    opset: 17,
    nodes: [loop],
    constants: [],
    inputs: [...state.map((name) => floats(name, ...sizesOf(name))), ...batches.map((name) => floats(name, "steps", "rows", last(name))), floats("rate", 1)],
    outputs: [...state.map((name) => floats(`${name}.next`, ...sizesOf(name))), floats("loss", "steps")],
  };
}

/** One step. Its inputs have a name of their own, `<name>.now`; `rate` is seen from outside. */
function stepGraph({ layers, momentum, distil }: TrainingShape, state: readonly string[], sizesOf: (name: string) => readonly number[]): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const constants: OnnxConstant[] = [scalar("step.momentum", momentum), { name: "step.firstAxis", elementType: elementTypes.int64, shape: [1], values: [0] }];
  const add = (operator: string, inputs: readonly string[], output: string, attributes: OnnxNode["attributes"] = {}): string => {
    nodes.push({ operator, domain: "", inputs, outputs: [output], attributes });
    return output;
  };
  const constant = (name: string, value: number): string => {
    constants.push(scalar(name, value));
    return name;
  };
  const count = layers.length - 1;
  let active = "x.now";
  const actives = [active];
  for (let layer = 0; layer < count; layer++) {
    const sum = add("Gemm", [active, `${weightName(layer)}.now`, `${biasName(layer)}.now`], `step.sum${layer}`);
    if (layer < count - 1) actives.push((active = add("Relu", [sum], `step.active${layer}`)));
  }
  const y = `step.sum${count - 1}`;
  const rows = add("Cast", [add("Gather", [add("Shape", ["x.now"], "step.shape"), "step.firstAxis"], "step.rowsWhole")], "step.rows", { to: { kind: "integer", value: elementTypes.float32 } });
  let { loss, gradient } = crossEntropy(add, y, "target.now", "hard");
  if (distil !== undefined) {
    const { temperature, share } = distil;
    const softened = add("Div", [y, constant("step.temperature", temperature)], "step.softened");
    const taught = crossEntropy(add, softened, "taught.now", "soft");
    // The gradient through y / T is 1 / T of it; T² keeps it as strong as that of the labels.
    loss = add("Add", [add("Mul", [loss, constant("step.hardShare", 1 - share)], "step.hardPart"), add("Mul", [taught.loss, constant("step.softShare", share * temperature ** 2)], "step.softPart")], "step.bothLoss");
    gradient = add("Add", [add("Mul", [gradient, "step.hardShare"], "step.hardPull"), add("Mul", [taught.gradient, constant("step.softPullShare", share * temperature)], "step.softPull")], "step.bothGradient");
  }
  add("Squeeze", [add("Div", [loss, rows], "step.meanLoss")], "step.loss");
  let pull = add("Div", [gradient, rows], "step.pull");
  for (let layer = count - 1; layer >= 0; layer--) {
    const input = actives[layer] ?? "x.now";
    add("Gemm", [input, pull], `${weightName(layer)}.gradient`, { transA: { kind: "integer", value: 1 } });
    add("ReduceSum", [pull, "step.firstAxis"], `${biasName(layer)}.gradient`, { keepdims: { kind: "integer", value: 0 } });
    if (layer === 0) break;
    const back = add("Gemm", [pull, `${weightName(layer)}.now`], `step.back${layer}`, { transB: { kind: "integer", value: 1 } });
    pull = add("Mul", [back, add("Sign", [input], `step.isActive${layer}`)], `step.pull${layer}`);
  }
  for (const name of parameterNames(layers)) {
    const velocity = add("Add", [add("Mul", [`${velocityName(name)}.now`, "step.momentum"], `${name}.kept`), `${name}.gradient`], `${velocityName(name)}.then`);
    add("Sub", [`${name}.now`, add("Mul", [velocity, "rate"], `${name}.move`)], `${name}.then`);
  }
  const batches = ["x", "target", ...(distil === undefined ? [] : ["taught"])];
  return {
    name: "step",
    opset: 17,
    nodes,
    constants,
    inputs: [...state.map((name) => floats(`${name}.now`, ...sizesOf(name))), ...batches.map((name) => floats(`${name}.now`, "rows", name === "x" ? (layers[0] ?? 0) : (layers.at(-1) ?? 0)))],
    outputs: [...state.map((name) => floats(`${name}.then`, ...sizesOf(name))), floats("step.loss")],
  };
}

type Add = (operator: string, inputs: readonly string[], output: string, attributes?: OnnxNode["attributes"]) => string;

/** − Σ target · log softmax(y), and its gradient to y: softmax(y) − target, where each row's targets sum to 1. */
function crossEntropy(add: Add, y: string, target: string, name: string): { loss: string; gradient: string } {
  const logs = add("LogSoftmax", [y], `step.${name}Logs`);
  const loss = add("Neg", [add("ReduceSum", [add("Mul", [target, logs], `step.${name}Parts`)], `step.${name}Sum`, { keepdims: { kind: "integer", value: 0 } })], `step.${name}Loss`);
  return { loss, gradient: add("Sub", [add("Softmax", [y], `step.${name}Likely`), target], `step.${name}Gradient`) };
}

function parameterSizes(layers: readonly number[]): ReadonlyMap<string, readonly number[]> {
  return new Map(
    pairs(layers).flatMap(([inputs, outputs], layer): [string, readonly number[]][] => [
      [weightName(layer), [inputs, outputs]],
      [biasName(layer), [outputs]],
    ]),
  );
}

const floats = (name: string, ...shape: (number | string)[]): OnnxValue => ({ name, elementType: elementTypes.float32, shape });
const scalar = (name: string, value: number): OnnxConstant => ({ name, elementType: elementTypes.float32, shape: [], values: Float32Array.of(value) });
