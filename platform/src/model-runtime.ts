/** The library that runs models: native where it loads, WebAssembly where it does not. */
import type { InferenceSessionFactory, TensorConstructor } from "onnxruntime-web";

export interface ModelRuntime {
  /** For people. */
  readonly name: string;
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
}

export async function loadModelRuntime(wasmOnly: boolean): Promise<ModelRuntime> {
  return (wasmOnly ? undefined : await loadNative()) ?? (await loadWasm());
}

/** Optional: there is no native library for some platforms, and some systems lack what it links to. Then the other one serves. */
async function loadNative(): Promise<ModelRuntime | undefined> {
  try {
    const { InferenceSession, Tensor } = await import("onnxruntime-node");
    return { name: "onnxruntime, native", InferenceSession, Tensor };
  } catch {
    return undefined;
  }
}

async function loadWasm(): Promise<ModelRuntime> {
  const { env, InferenceSession, Tensor } = await import("onnxruntime-web");
  env.wasm.numThreads = 1;
  env.logLevel = "fatal";
  return { name: "onnxruntime, WebAssembly", InferenceSession, Tensor };
}
