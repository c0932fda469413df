/**
 * Small graphs are run where they are asked for: to wake another thread and to be woken by it takes longer than a few thousand multiplications. What is
 * larger, and what has operators that are not known here, goes to the model worker; so does a call with many rows.
 */
import { HolonError } from "@holon/core/errors.ts";
import { limits } from "@holon/core/limits.ts";
import { loadEvaluatedModel, type EvaluatedModel } from "@holon/core/model/evaluator.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import { copyTensors } from "@holon/core/model/tensor.ts";
import type { ModelSession, Tensors } from "@holon/core/ports.ts";

/** From this version of the operators on they are as they are evaluated here (ONNX operator set 13: Softmax, ReduceSum). */
const opsetMin = 13;

/** A weight that is not used costs memory alone. */
const graphBytesMax = 1 << 20;

/** `inWorker` loads the graph where large calls go, when the first one comes. `undefined`: all of it goes there. */
export function loadInPlace(graph: Uint8Array, parameters: Tensors, inWorker: () => Promise<ModelSession>): ModelSession | undefined {
  const model = modelInPlace(graph);
  if (model === undefined) return undefined;
  const bound = copyTensors(parameters);
  let worker: Promise<ModelSession> | undefined;
  let isOpen = true;
  const runNow = (inputs: Tensors): Tensors | undefined => (isOpen ? runInPlace(model, inputs, bound) : undefined);
  return {
    runNow,
    inputs: model.inputs.filter((input) => !Object.hasOwn(bound, input)),
    outputs: model.outputs,
    async run(inputs) {
      if (!isOpen) throw new HolonError("HOLON_INTERNAL", "the model session is closed");
      const outputs = runNow(inputs);
      if (outputs !== undefined) return outputs;
      worker ??= inWorker();
      return (await worker).run(inputs);
    },
    async close() {
      isOpen = false;
      await (await worker?.catch(() => undefined))?.close();
    },
  };
}

/** `undefined` where it is none for here. */
export function modelInPlace(graph: Uint8Array): EvaluatedModel | undefined {
  const { name, opset } = readOnnx(graph, "to load");
  return opset < opsetMin || graph.length > graphBytesMax ? undefined : evaluated(graph, name || "without a name");
}

/** Whatever does not run here has its answer, or its error, from the library: what is asked may be anything. */
export function runInPlace(model: EvaluatedModel, inputs: Tensors, bound: Tensors): Tensors | undefined {
  try {
    return model.runWithin(limits.modelInPlaceWork, inputs, bound);
  } catch {
    return undefined;
  }
}

function evaluated(graph: Uint8Array, name: string): EvaluatedModel | undefined {
  try {
    return loadEvaluatedModel(graph, name);
  } catch (error) {
    if (error instanceof HolonError && error.code === "HOLON_MODEL_UNSUPPORTED") return undefined;
    throw error;
  }
}

