/** `holon model optimize`: makes a smaller variant of a registered model, measures both, and registers it if it loses no more than is allowed. */
import { HolonError } from "@holon/core/errors.ts";
import { optimizeModel, type Measured, type Method } from "@holon/node/model/optimize.ts";
import { createCodec } from "@holon/platform/codec.ts";
import { createModel } from "@holon/platform/model.ts";
import type { Client } from "../client.ts";
import { readLabelled, type LabelledFile } from "../model/labelled-file.ts";
import { printTable } from "../table.ts";
import { findModel, putModel } from "./model.ts";

export interface OptimizeOptions {
  readonly method: string;
  readonly labelled: string;
  readonly labels?: string;
  readonly rows?: string;
  readonly training?: string;
  readonly trainingLabels?: string;
  readonly allowPoints: string;
  readonly share: string;
  readonly hidden: string;
  readonly epochs: string;
  readonly temperature: string;
  readonly seed: string;
  readonly json?: boolean;
}

export async function optimizeRegistered(client: Client, which: string, options: OptimizeOptions): Promise<void> {
  const parent = await findModel(client, which);
  const { name, graph: hash, parameters, licence } = parent.document;
  if (parameters !== undefined) throw new HolonError("HOLON_MODEL_UNSUPPORTED", `model ${name} ${parent.version} has parameters apart from its graph, which are not optimised`, { next: "Register it with its weights in the graph." });
  const graph = await client.bytes(`/v1/blobs/${hash}`);
  const measured = await readLabelled(options.labelled, options.labels, options.rows === undefined ? Infinity : numberOf("--rows", options.rows, 1, 1e9));
  const method = await methodOf(options, measured);
  const allowed = numberOf("--allow-points", options.allowPoints, 0, 100);
  const model = createModel();
  try {
    const variant = await optimizeModel({ model, codec: createCodec(), random: seeded(numberOf("--seed", options.seed, 1, 2 ** 31 - 2)), nowMs: () => performance.now() }, graph, method, measured.data, allowed);
    const { before, after, lostPoints } = variant.report;
    const row = await putModel(client, { name, licence, graph: variant.graph, metrics: { ...after }, lineage: { parent: parent.version, method: wordsOf(method), data: measured.hash, lostPoints, lostPointsMax: allowed } });
    if (options.json === true) return void process.stdout.write(`${JSON.stringify({ ...variant.report, version: row.version, parent: parent.version })}\n`);
    const figures = (what: string, { sizeBytes, compressedBytes, parameters: count, latencyUsP50, accuracy }: Measured): readonly string[] => [what, String(sizeBytes), String(compressedBytes), String(count), String(latencyUsP50), String(accuracy)];
    process.stdout.write(`${printTable(["", "BYTES", "COMPRESSED", "PARAMETERS", "LATENCY US", "ACCURACY"], [figures("before", before), figures("after", after)])}\nregistered ${name} ${row.version}: ${wordsOf(method)} of ${parent.version}, ${lostPoints} points lost of ${allowed} allowed\n`);
  } finally {
    await model.close();
  }
}

async function methodOf(options: OptimizeOptions, measured: LabelledFile): Promise<Method> {
  const { method, training, trainingLabels } = options;
  if (method === "int8-dynamic") return { kind: method };
  if (method === "prune") return { kind: method, share: numberOf("--share", options.share, 0, 0.999) };
  if (method !== "int8-static" && method !== "distil") throw new HolonError("HOLON_ARGUMENT_BAD", `--method is int8-dynamic, int8-static, prune or distil, not ${method}`);
  if (training === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${method} needs --training: rows that it may be fitted on, other than those of --labelled`);
  const fitted = await readLabelled(training, trainingLabels);
  if (fitted.hash === measured.hash) throw new HolonError("HOLON_ARGUMENT_BAD", "--training and --labelled are the same rows: what is measured on them would say nothing");
  if (method === "int8-static") return { kind: method, calibration: fitted.data };
  const hidden = options.hidden.split(",").map((size) => numberOf("--hidden", size, 1, 65_536));
  return { kind: method, training: fitted.data, hidden, epochs: numberOf("--epochs", options.epochs, 1, 1_000), temperature: numberOf("--temperature", options.temperature, 0.1, 100), share: numberOf("--share", options.share, 0, 1) };
}

function wordsOf(method: Method): string {
  if (method.kind === "prune") return `prune ${method.share}`;
  return method.kind === "distil" ? `distil ${method.hidden.join("-")} at ${method.temperature}` : method.kind;
}

function numberOf(flag: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= min && value <= max)) throw new HolonError("HOLON_ARGUMENT_BAD", `${flag} is a number from ${min} to ${max}, not ${text}`);
  return value;
}

/** Park and Miller's generator: the same seed gives the same student. */
function seeded(start: number): { uniform(): number } {
  let seed = start;
  return { uniform: () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647 };
}
