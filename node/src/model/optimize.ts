/**
 * Makes a smaller variant of a classifier and measures both on the same rows: size, latency, accuracy. A variant that loses more than
 * is allowed is refused, whatever else it gains.
 */
import { HolonError } from "@holon/core/errors.ts";
import type { OnnxGraph } from "@holon/core/model/onnx-graph.ts";
import { readOnnx } from "@holon/core/model/onnx-reader.ts";
import { writeOnnx } from "@holon/core/model/onnx-writer.ts";
import { pruneByMagnitude } from "@holon/core/model/prune.ts";
import { quantizeDynamic } from "@holon/core/model/quantize-dynamic.ts";
import { calibratedValues, quantizeStatic, withOutputs, type ValueRange } from "@holon/core/model/quantize-static.ts";
import { parameterCount } from "@holon/core/model/weights.ts";
import type { Codec, Model, Random } from "@holon/core/ports.ts";
import { accuracyOf, partOf, rowsOf, scoresOf, type Labelled } from "./labelled.ts";
import { trainDense } from "./train.ts";

export type Method =
  | { readonly kind: "int8-dynamic" }
  /** Ranges are taken from the first rows of the calibration set. */
  | { readonly kind: "int8-static"; readonly calibration: Labelled }
  | { readonly kind: "prune"; readonly share: number }
  /** A dense student of these hidden sizes learns from the model on the training set. */
  | { readonly kind: "distil"; readonly training: Labelled; readonly hidden: readonly number[]; readonly epochs: number; readonly temperature: number; readonly share: number };

export interface Measured {
  readonly sizeBytes: number;
  /** As it travels over a link. */
  readonly compressedBytes: number;
  readonly parameters: number;
  /** One row at a time, median. */
  readonly latencyUsP50: number;
  /** Part of the rows that it names right. */
  readonly accuracy: number;
}

export interface VariantReport {
  readonly method: Method["kind"];
  readonly rows: number;
  readonly before: Measured;
  readonly after: Measured;
  /** Percentage points of accuracy that the variant has less; negative where it has more. */
  readonly lostPoints: number;
}

export interface OptimizeMeans {
  readonly model: Model;
  readonly random: Pick<Random, "uniform">;
  readonly codec: Pick<Codec, "compress">;
  nowMs(): number;
}

export interface Variant {
  readonly graph: Uint8Array;
  readonly report: VariantReport;
}

/** `data`: what both are measured on. `HOLON_MODEL_WORSE` for a variant that loses more points than `lostPointsMax`. */
export async function optimizeModel(means: OptimizeMeans, graph: Uint8Array, method: Method, data: Labelled, lostPointsMax: number): Promise<Variant> {
  const parsed = readOnnx(graph, "to optimise");
  const variant = writeOnnx(await variantOf(means, parsed, graph, method));
  const before = await measure(means, graph, data);
  const after = await measure(means, variant, data);
  const report: VariantReport = { method: method.kind, rows: data.labels.length, before, after, lostPoints: pointsOf(before.accuracy - after.accuracy) };
  if (report.lostPoints > lostPointsMax) {
    throw new HolonError("HOLON_MODEL_WORSE", `${method.kind} of model ${parsed.name} loses ${report.lostPoints} points (${pointsOf(before.accuracy)} to ${pointsOf(after.accuracy)} % of ${report.rows} rows); ${lostPointsMax} are allowed`);
  }
  return { graph: variant, report };
}

async function variantOf(means: OptimizeMeans, parsed: OnnxGraph, graph: Uint8Array, method: Method): Promise<OnnxGraph> {
  switch (method.kind) {
    case "int8-dynamic":
      return quantizeDynamic(parsed);
    case "int8-static":
      return quantizeStatic(parsed, await calibrate(means.model, parsed, method.calibration));
    case "prune":
      return pruneByMagnitude(parsed, method.share);
    case "distil": {
      const { training, hidden, epochs, temperature, share } = method;
      const teacher = await withSession(means.model, graph, (session) => scoresOf(session, training));
      return trainDense(means.model, means.random, training, { name: parsed.name, hidden, epochs, teacher: { scores: teacher, temperature, share } });
    }
  }
}

const calibrationRowsMax = 1_000;

/** The least and the most that each value to be quantised came to on the calibration set. */
export async function calibrate(model: Model, graph: OnnxGraph, data: Labelled): Promise<ReadonlyMap<string, ValueRange>> {
  const names = calibratedValues(graph);
  const watched = writeOnnx(withOutputs(graph, names));
  return withSession(model, watched, async (session) => {
    const ranges = new Map<string, ValueRange>();
    const [input = ""] = session.inputs;
    const rows = Math.min(calibrationRowsMax, data.labels.length);
    for (let from = 0; from < rows; from += 100) {
      const given = { [input]: rowsOf(data, from, Math.min(rows, from + 100)) };
      const seen = { ...(await session.run(given)), ...given };
      for (const name of names) ranges.set(name, widened(ranges.get(name), seen[name]?.values ?? new Float32Array(0)));
    }
    return ranges;
  });
}

function widened(range: ValueRange | undefined, values: Float32Array): ValueRange {
  let { min, max } = range ?? { min: Infinity, max: -Infinity };
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { min, max };
}

const timedRows = 300;

async function measure({ model, codec, nowMs }: OptimizeMeans, graph: Uint8Array, data: Labelled): Promise<Measured> {
  return withSession(model, graph, async (session) => {
    const accuracy = accuracyOf(await scoresOf(session, data), data);
    const taken: number[] = [];
    for (let row = 0; row < Math.min(timedRows, data.labels.length); row++) {
      const startMs = nowMs();
      await scoresOf(session, partOf(data, row, row + 1));
      taken.push(nowMs() - startMs);
    }
    const latencyMs = taken.sort((a, b) => a - b)[taken.length >> 1] ?? 0;
    return { sizeBytes: graph.length, compressedBytes: codec.compress(graph).length, parameters: parameterCount(readOnnx(graph, "measured")), latencyUsP50: Math.round(latencyMs * 1e4) / 10, accuracy };
  });
}

async function withSession<T>(model: Model, graph: Uint8Array, work: (session: Awaited<ReturnType<Model["load"]>>) => Promise<T>): Promise<T> {
  const session = await model.load(graph, {});
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** Percentage points, to the hundredth. */
const pointsOf = (share: number): number => Math.round(share * 1e4) / 100;
