/** Runs one session in a thread of its own, which whoever watches can end. */
import { parentPort, workerData } from "node:worker_threads";
import { fuzz } from "./session.ts";
import { targets } from "./targets.ts";

const { name, seed, spanMs, inputsMin, corpus, shared } = workerData as { name: string; seed: number; spanMs: number; inputsMin: number; corpus: readonly Uint8Array[]; shared: SharedArrayBuffer };
const target = targets.find((candidate) => candidate.name === name);
if (target === undefined) throw new Error(`there is no parser ${name}`);
const counters = new Int32Array(shared, 0, 2);
const room = new Uint8Array(shared, 8);

const report = await fuzz(target, {
  seed, spanMs, inputsMin, corpus,
  begins(input) {
    room.set(input);
    Atomics.store(counters, 1, input.length);
    Atomics.add(counters, 0, 1);
  },
  kept: (input) => parentPort?.postMessage({ kept: input }),
});
parentPort?.postMessage({ report });
