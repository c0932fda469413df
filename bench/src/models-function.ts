/** Calls a model as a function in its sandbox does: over its own line to the model worker. */
import { parentPort, workerData } from "node:worker_threads";
import { createModelLink } from "@holon/platform/model/link.ts";
import type { ModelLine } from "@holon/platform/model/protocol.ts";
import { fromCrossing } from "@holon/core/run/crossing.ts";
import { repeated } from "./rounds.ts";

const line = workerData as { readonly line: ModelLine; readonly model: string };
const link = createModelLink(line.line, fromCrossing);
const values = Float32Array.from({ length: 784 }, (_, index) => (index % 7) / 7);
const work = repeated(() => link.run(line.model, { x: { shape: [1, 784], values } }, undefined));

parentPort?.on("message", (asked: number | "end") => {
  if (asked === "end") process.exit();
  else void work(asked).then((samples) => parentPort?.postMessage(samples));
});
