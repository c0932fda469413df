/** The limit of suite models: the runtime itself, in a thread that does nothing else. */
import { parentPort, workerData } from "node:worker_threads";
import { loadModelRuntime, openSession } from "@holon/platform/model/runtime.ts";
import { repeated } from "./rounds.ts";

const runtime = await loadModelRuntime(false);
const session = await openSession(runtime, workerData as Uint8Array, "bare");
const values = Float32Array.from({ length: 784 }, (_, index) => (index % 7) / 7);
const work = repeated(() => session.run({ x: new runtime.Tensor("float32", values, [1, 784]) }));

parentPort?.on("message", (asked: number | "end") => {
  if (asked === "end") void session.release().then(() => parentPort?.close());
  else void work(asked).then((samples) => parentPort?.postMessage(samples));
});
