/** The library that runs models, by what this machine has: native where it loads, WebAssembly where it does not. */
import { HolonError } from "@holon/core/errors.ts";
import type { Tensor, Tensors } from "@holon/core/ports.ts";
import type { InferenceSession, InferenceSessionFactory, TensorConstructor } from "onnxruntime-web";
import { compact } from "./protocol.ts";

export interface ModelRuntime {
  /** For people. */
  readonly name: string;
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  /** Execution providers to try, best first. One that fails to make a session is not tried again. */
  readonly providers: string[];
}

export async function loadModelRuntime(wasmOnly: boolean): Promise<ModelRuntime> {
  return (wasmOnly ? undefined : await loadNative()) ?? (await loadWasm());
}

export const nativeName = "onnxruntime, native";

/** Faster than the processor for large models, where the library brings them and the machine has the device. */
const accelerators = ["cuda", "coreml", "dml"];

/** Optional: there is no native library for some platforms, and some systems lack what it links to. Then the other one serves. */
async function loadNative(): Promise<ModelRuntime | undefined> {
  try {
    const { InferenceSession, Tensor, listSupportedBackends } = await import("onnxruntime-node");
    const bundled = new Set(listSupportedBackends().filter((backend) => backend.bundled).map(({ name }) => name));
    return { name: nativeName, InferenceSession, Tensor, providers: [...accelerators.filter((name) => bundled.has(name)), "cpu"] };
  } catch {
    return undefined;
  }
}

async function loadWasm(): Promise<ModelRuntime> {
  const { env, InferenceSession, Tensor } = await import("onnxruntime-web");
  env.wasm.numThreads = 1;
  env.logLevel = "fatal";
  return { name: "onnxruntime, WebAssembly", InferenceSession, Tensor, providers: ["wasm"] };
}

const onOneThread = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: "sequential", logSeverityLevel: 4 } as const;

/** A session of the best provider that takes it. `HOLON_MODEL_NOT_ONNX`, `HOLON_MODEL_UNSUPPORTED`. */
export async function openSession({ InferenceSession: Session, providers }: ModelRuntime, graph: Uint8Array, name: string): Promise<InferenceSession> {
  let failed: unknown;
  for (const [index, provider] of providers.entries()) {
    try {
      const session = await Session.create(graph, { ...onOneThread, executionProviders: [provider] });
      providers.splice(0, index); // what came before failed on a graph that is good: this machine does not have it
      return session;
    } catch (error) {
      failed = error;
    }
  }
  throw loadError(name, failed);
}

/** A session that runs where it is called, at once: the library's own way lets a turn of the event loop pass first. */
export interface DirectSession {
  run(inputs: Tensors): Tensors;
  release(): void;
}

/** What a run gave. `HOLON_MODEL_UNSUPPORTED`. */
export function tensorsOf(results: Readonly<Record<string, { readonly data: unknown; readonly dims: readonly number[] }>>, name: string): Tensors {
  const outputs: Record<string, Tensor> = {};
  for (const [output, { data, dims }] of Object.entries(results)) {
    if (!(data instanceof Float32Array)) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${name}: output ${output} is not of 32-bit floats`);
    outputs[output] = { shape: dims, values: compact(data) };
  }
  return outputs;
}

/** Of what the library is made of. Undefined where it does not load, or is made otherwise: then the model worker runs it. */
export async function openDirectly(graph: Uint8Array, name: string, outputs: readonly string[]): Promise<DirectSession | undefined> {
  try {
    const { Tensor: RuntimeTensor } = await import("onnxruntime-node");
    const { binding, initOrt } = await import("onnxruntime-node/dist/binding.js");
    initOrt();
    const session = new binding.InferenceSession();
    session.loadModel(graph.slice().buffer, 0, graph.length, { ...onOneThread, executionProviders: ["cpu"] });
    const wanted = Object.fromEntries(outputs.map((output) => [output, null]));
    const feedsOf = (inputs: Tensors) => Object.fromEntries(Object.entries(inputs).map(([input, { shape, values }]) => [input, new RuntimeTensor("float32", values, shape)]));
    return {
      run: (inputs) => tensorsOf(session.run(feedsOf(inputs), wanted, {}), name),
      release: () => session.dispose(),
    };
  } catch {
    return undefined;
  }
}

/** The runtimes tell an unknown operator from a broken file in words only. */
function loadError(name: string, error: unknown): HolonError {
  const message = error instanceof Error ? error.message : String(error);
  const operator = /not a registered|not registered|No Op registered|NOT_IMPLEMENTED|Could not find an implementation|opset .* is under development|only \*?guarantees/i;
  if (operator.test(message)) return new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${name} needs what the runtime does not have: ${message.slice(0, 300)}`, { cause: error });
  return new HolonError("HOLON_MODEL_NOT_ONNX", `model ${name} is no valid ONNX graph: ${message.slice(0, 300)}`, { cause: error });
}
