/**
 * The one thread of a process in which models run. An inference blocks its thread, and here that is nobody else's.
 * Each user has a line of its own with its own models and bound parameters; when the line closes, they are let go.
 */
import { parentPort, workerData } from "node:worker_threads";
import { HolonError } from "@holon/core/errors.ts";
import { checkElementTypes, chooseInputs } from "@holon/core/model/inputs.ts";
import { freeInputs, type OnnxValue } from "@holon/core/model/onnx-graph.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import type { Tensor, Tensors } from "@holon/core/ports.ts";
import { toCrossing } from "@holon/core/run/crossing.ts";
import type { InferenceSession, Tensor as RuntimeTensor } from "onnxruntime-web";
import { compact, type ModelLine, type ModelReply, type ModelRequest } from "./model-protocol.ts";
import { loadModelRuntime, type ModelRuntime } from "./model-runtime.ts";

interface LoadedModel {
  readonly name: string;
  readonly session: InferenceSession;
  readonly inputs: readonly OnnxValue[];
  readonly parametersBySubject: Map<string, Tensors>;
}

const { wasmOnly } = workerData as { readonly wasmOnly: boolean };
/** Loaded at the first model: it takes time and memory that a node without models does not spend. */
let runtime: Promise<ModelRuntime> | undefined;
/** Parameters are the same objects in each run: wrapped once. */
const wrapped = new WeakMap<Tensor, RuntimeTensor>();

parentPort?.on("message", (line: ModelLine) => serve(line));

function serve({ port, bell }: ModelLine): void {
  const models = new Map<string, LoadedModel>();
  let sealed = false;
  const reply = (message: ModelReply): void => {
    port.postMessage(message);
    Atomics.add(bell, 0, 1);
    Atomics.notify(bell, 0);
  };
  const answer = async (request: Extract<ModelRequest, { readonly id: number }>): Promise<ModelReply> => {
    if (request.kind === "run") return { kind: "ran", id: request.id, outputs: await run(modelNamed(models, request.model), request.inputs, request.subject) };
    if (sealed) throw new HolonError("HOLON_INTERNAL", `model ${request.model}: this line takes no more models`);
    const model = await load(request.model, request.graph);
    models.set(request.model, model);
    return { kind: "loaded", id: request.id, names: { inputs: model.inputs.map((input) => input.name), outputs: model.session.outputNames } };
  };
  port.on("message", (request: ModelRequest) => {
    if (request.kind === "seal") sealed = true;
    else if (request.kind === "bind") models.get(request.model)?.parametersBySubject.set(request.subject, request.parameters);
    else answer(request).then(reply, (error: unknown) => reply({ kind: "failed", id: request.id, error: toCrossing(error) }));
  });
  port.on("close", () => {
    for (const { session } of models.values()) void session.release();
  });
}

function modelNamed(models: ReadonlyMap<string, LoadedModel>, name: string): LoadedModel {
  const model = models.get(name);
  if (model === undefined) throw new HolonError("HOLON_MODEL_INPUT_BAD", `model ${name} is not loaded`);
  return model;
}

async function load(name: string, graph: Uint8Array): Promise<LoadedModel> {
  const parsed = readOnnx(graph, name);
  checkElementTypes(parsed, name);
  runtime ??= loadModelRuntime(wasmOnly);
  const { InferenceSession: Session } = await runtime;
  try {
    const session = await Session.create(graph, { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: "sequential", logSeverityLevel: 4 });
    return { name, session, inputs: freeInputs(parsed), parametersBySubject: new Map() };
  } catch (error) {
    throw loadError(name, error);
  }
}

/** The runtimes tell an unknown operator from a broken file in words only. */
function loadError(name: string, error: unknown): HolonError {
  const message = error instanceof Error ? error.message : String(error);
  const operator = /not a registered|not registered|No Op registered|NOT_IMPLEMENTED|Could not find an implementation|opset .* is under development|only \*?guarantees/i;
  if (operator.test(message)) return new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${name} needs what the runtime does not have: ${message.slice(0, 300)}`, { cause: error });
  return new HolonError("HOLON_MODEL_NOT_ONNX", `model ${name} is no valid ONNX graph: ${message.slice(0, 300)}`, { cause: error });
}

async function run(model: LoadedModel, inputs: Tensors, subject: string | undefined): Promise<Tensors> {
  const bound = subject === undefined ? undefined : model.parametersBySubject.get(subject);
  const chosen = chooseInputs(model.inputs, inputs, bound ?? {}, model.name);
  const { Tensor: RuntimeTensor } = await (runtime ?? loadModelRuntime(wasmOnly));
  const feeds: Record<string, RuntimeTensor> = {};
  for (const [name, tensor] of Object.entries(chosen)) {
    let feed = wrapped.get(tensor);
    if (feed === undefined) {
      feed = new RuntimeTensor("float32", tensor.values, tensor.shape);
      if (bound?.[name] === tensor) wrapped.set(tensor, feed);
    }
    feeds[name] = feed;
  }
  let results: InferenceSession.OnnxValueMapType;
  try {
    results = await model.session.run(feeds);
  } catch (error) {
    throw new HolonError("HOLON_MODEL_INPUT_BAD", `model ${model.name} does not run on inputs of these shapes`, { cause: error });
  }
  return Object.fromEntries(
    Object.entries(results).map(([name, { data, dims }]) => {
      if (!(data instanceof Float32Array)) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${model.name}: output ${name} is not of 32-bit floats`);
      return [name, { shape: dims, values: compact(data) }];
    }),
  );
}
