/** The library that runs models, by what this machine has: native where it loads, WebAssembly where it does not. */
import { HolonError } from "@holon/core/errors.ts";
import type { InferenceSession, InferenceSessionFactory, TensorConstructor } from "onnxruntime-web";

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

/** Faster than the processor for large models, where the library brings them and the machine has the device. */
const accelerators = ["cuda", "coreml", "dml"];

/** Optional: there is no native library for some platforms, and some systems lack what it links to. Then the other one serves. */
async function loadNative(): Promise<ModelRuntime | undefined> {
  try {
    const { InferenceSession, Tensor, listSupportedBackends } = await import("onnxruntime-node");
    const bundled = new Set(listSupportedBackends().filter((backend) => backend.bundled).map(({ name }) => name));
    return { name: "onnxruntime, native", InferenceSession, Tensor, providers: [...accelerators.filter((name) => bundled.has(name)), "cpu"] };
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

/** A session of the best provider that takes it. `HOLON_MODEL_NOT_ONNX`, `HOLON_MODEL_UNSUPPORTED`. */
export async function openSession({ InferenceSession: Session, providers }: ModelRuntime, graph: Uint8Array, name: string): Promise<InferenceSession> {
  let failed: unknown;
  for (const [index, provider] of providers.entries()) {
    try {
      const session = await Session.create(graph, { executionProviders: [provider], intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: "sequential", logSeverityLevel: 4 });
      providers.splice(0, index); // what came before failed on a graph that is good: this machine does not have it
      return session;
    } catch (error) {
      failed = error;
    }
  }
  throw loadError(name, failed);
}

/** The runtimes tell an unknown operator from a broken file in words only. */
function loadError(name: string, error: unknown): HolonError {
  const message = error instanceof Error ? error.message : String(error);
  const operator = /not a registered|not registered|No Op registered|NOT_IMPLEMENTED|Could not find an implementation|opset .* is under development|only \*?guarantees/i;
  if (operator.test(message)) return new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${name} needs what the runtime does not have: ${message.slice(0, 300)}`, { cause: error });
  return new HolonError("HOLON_MODEL_NOT_ONNX", `model ${name} is no valid ONNX graph: ${message.slice(0, 300)}`, { cause: error });
}
