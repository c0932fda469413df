/**
 * Inference through Holon beside a bare onnxruntime session in the same run, in turns; and calls that come in a crowd beside the same
 * calls one by one. A function's calls are made where a function makes them: in its isolate, and in a worker thread for `runtime: worker`.
 */
import { once } from "node:events";
import { Worker, type Transferable } from "node:worker_threads";
import { denseGraph } from "@holon/core/model/dense.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import type { Tensors } from "@holon/core/ports.ts";
import { createModel, type PlatformModel } from "@holon/platform/model.ts";
import { startIsolateCalls } from "./models-isolate.ts";
import { contender, repeated, runInTurns, type Work } from "./rounds.ts";
import { round } from "./statistics.ts";
import type { Suite, SuiteContext, SuiteResult } from "./suite.ts";

/** Sizes of the layers: one that takes tens of microseconds, one that takes a millisecond or more. */
const layers = { small: [784, 200, 10], large: [784, 2048, 2048, 10] } as const;
/** In one batch of the function in its isolate. */
const isolateCalls = { small: 100, large: 10 } as const;
/** Calls that wait at any time, under load. */
const crowd = 64;
const turns = 4;

export const modelsSuite: Suite = {
  measures: "inference through Holon beside a bare session; a crowd of calls beside single ones",
  async run(context: SuiteContext): Promise<SuiteResult> {
    const small = await measureAdded("small", context);
    const large = await measureAdded("large", context);
    const batching = await measureBatching("large", context);
    const batchingSmall = await measureBatching("small", context);
    return {
      figures: {
        inferenceBareUsP50: small.bareUs,
        inferenceAddedUsP50: small.functionUs - small.bareUs,
        inferenceAddedUsQuiet: small.quietUs,
        inferenceAddedIsolateUsP50: small.isolateUs - small.bareUs,
        inferenceAddedPortUsP50: small.portUs - small.bareUs,
        threadHopUsP50: small.hopUs,
        inferenceLargeBareUsP50: large.bareUs,
        inferenceLargeAddedUsP50: large.functionUs - large.bareUs,
        singleCallsPerSecond: batching.single,
        batchedCallsPerSecond: batching.batched,
        singleSmallCallsPerSecond: batchingSmall.single,
        batchedSmallCallsPerSecond: batchingSmall.batched,
      },
      ratios: {
        inferenceVsBare: large.functionUs / large.bareUs,
        inferenceIsolateVsBare: large.isolateUs / large.bareUs,
        inferencePortVsBare: large.portUs / large.bareUs,
        batchingVsSingle: batching.batched / batching.single,
        batchingVsSingleSmall: batchingSmall.batched / batchingSmall.single,
      },
    };
  },
};

type Size = keyof typeof layers;

const graphOf = (size: Size): Uint8Array => writeOnnx(denseGraph({ name: size, layers: layers[size] }, () => Math.sin(seed++)));
let seed = 1;
const image = Float32Array.from({ length: 784 }, (_, index) => (index % 7) / 7);

interface Added {
  readonly bareUs: number;
  readonly functionUs: number;
  readonly isolateUs: number;
  readonly portUs: number;
  readonly hopUs: number;
  /** In a function, over bare, while the machine is left alone. */
  readonly quietUs: number;
}

async function measureAdded(size: Size, { seconds, say }: SuiteContext): Promise<Added> {
  const graph = graphOf(size);
  const model = createModel();
  const bareThread = startThread(new URL("./models-bare.ts", import.meta.url), graph, []);
  const { line } = await model.connect({ [size]: graph }, () => undefined, { sleeps: true });
  const functionThread = startThread(new URL("./models-function.ts", import.meta.url), { line, model: size }, [line.port]);
  const isolated = await startIsolateCalls(graph, isolateCalls[size]);
  const hops = startHops();
  try {
    const session = await model.load(graph, {});
    const [hop, bare, inFunction, inIsolate, port] = [contender(hops.work), contender(bareThread.work), contender(functionThread.work), contender(isolated.work), contender(repeated(() => session.run({ x: { shape: [1, 784], values: image } })))];
    await runInTurns([hop, bare, inFunction, inIsolate, port], { seconds: seconds * 2 });
    const [hopUs, bareUs, functionUs, isolateUs, portUs] = [hop, bare, inFunction, inIsolate, port].map((one) => one.measured().p50Ms * 1000);
    if (hopUs === undefined || bareUs === undefined || functionUs === undefined || isolateUs === undefined || portUs === undefined) throw new Error("not measured");
    const quietUs = 1000 * (inFunction.measured().p10Ms - bare.measured().p10Ms);
    say(`${size}: bare ${round(bareUs)} us, in a function ${round(functionUs)} us, in an isolate ${round(isolateUs)} us, through the port ${round(portUs)} us; to another thread and back ${round(hopUs)} us`);
    return { bareUs, functionUs, isolateUs, portUs, hopUs, quietUs };
  } finally {
    await Promise.all([bareThread.end(), functionThread.end(), isolated.end(), hops.end()]);
    await model.close();
  }
}

function startHops(): { readonly work: Work; end(): Promise<unknown> } {
  const bell = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL("./models-hop.ts", import.meta.url), { workerData: bell });
  worker.postMessage("begin");
  const ring = (word: number): void => {
    Atomics.store(bell, 0, word);
    Atomics.notify(bell, 0);
  };
  let rung = 0;
  const hop = (): void => {
    rung += 1;
    ring(rung);
    while (Atomics.load(bell, 1) !== rung) Atomics.wait(bell, 1, rung - 1);
  };
  return {
    work: repeated(hop),
    end() {
      const exited = once(worker, "exit");
      ring(-1);
      return exited;
    },
  };
}

/** The same crowd of calls over the port of the same worker, with and without batches. */
async function measureBatching(size: Size, { seconds, say }: SuiteContext): Promise<{ readonly single: number; readonly batched: number }> {
  const graph = graphOf(size);
  const models = [createModel({ batch: { rowsMax: 1 } }), createModel()];
  try {
    const contenders = await Promise.all(models.map(async (model) => contender(await crowdOf(model, graph))));
    await runInTurns(contenders, { seconds: seconds * 2 });
    const [single = 0, batched = 0] = contenders.map((one) => (1000 * crowd * turns) / one.measured().p50Ms);
    say(`${size}: ${round(single)} calls a second one by one, ${round(batched)} in batches`);
    return { single, batched };
  } finally {
    await Promise.all(models.map((model) => model.close()));
  }
}

/** One sample: each of the crowd calls `turns` times, the next time when it was answered. */
async function crowdOf(model: PlatformModel, graph: Uint8Array): Promise<Work> {
  const session = await model.load(graph, {});
  const call = (): Promise<Tensors> => session.run({ x: { shape: [1, 784], values: image } });
  return repeated(async () => {
    const callers = Array.from({ length: crowd }, async () => {
      for (let turn = 0; turn < turns; turn++) await call();
    });
    await Promise.all(callers);
  });
}

/** By itself: a native session is let go of by its own thread. */
function ended(worker: Worker): Promise<unknown> {
  const exited = once(worker, "exit");
  worker.postMessage("end");
  return exited;
}

/** A worker thread that does one contender's work when it is its turn. */
function startThread(file: URL, workerData: unknown, transferList: readonly Transferable[]): { readonly work: Work; end(): Promise<unknown> } {
  const worker = new Worker(file, { workerData, transferList: [...transferList] });
  const work: Work = (durationMs) =>
    new Promise((resolve, reject) => {
      const failed = (error: unknown): void => reject(error instanceof Error ? error : new Error(String(error)));
      worker.once("error", failed);
      worker.once("message", (samples: readonly number[]) => {
        worker.off("error", failed);
        resolve(samples);
      });
      worker.postMessage(durationMs);
    });
  return { work, end: () => ended(worker) };
}
