/**
 * What a small model is sure of. Its scores become probabilities at a temperature that makes them honest on a calibration set (Guo and
 * others, "On calibration of modern neural networks", 2017); what is at or above the threshold it answers itself.
 */
import { z } from "zod";
import { softmaxRows } from "./softmax.ts";

export const gateSchema = z.strictObject({ temperature: z.number().positive().max(100), threshold: z.number().min(0).max(2) });
export type Gate = z.infer<typeof gateSchema>;

export interface GateFit {
  readonly gate: Gate;
  /** Part of the calibration rows that it answers itself. */
  readonly answeredShare: number;
  /** Points that the whole loses on the calibration rows against asking always; negative where the small one knows better. */
  readonly lostPoints: number;
  /** Mean distance between confidence and accuracy over ten bins, weighed by rows: 0 is honest. */
  readonly calibrationError: number;
}

export interface CalibrationRows {
  /** Of the small model, `classes` values a row. */
  readonly scores: Float32Array;
  /** Of the model that is asked. */
  readonly above: Float32Array;
  readonly labels: Uint8Array;
  readonly classes: number;
}

/** What chance may add to a loss that was counted: one side of 95 %. */
const sureness = 1.64;
/** Above any probability: everything is asked. */
const never = 2;

/** The lowest threshold that, but for one chance in twenty, loses no more than `lostPointsMax`. */
export function fitGate(rows: CalibrationRows, lostPointsMax: number): GateFit {
  const { scores, above, labels, classes } = rows;
  const temperature = fitTemperature(rows);
  const likely = softmaxRows(scores, classes, temperature);
  const count = labels.length;
  const confidence = Float32Array.from({ length: count }, (_, row) => bestOf(likely, row, classes).value);
  const here = Uint8Array.from(labels, (label, row) => (bestOf(scores, row, classes).index === label ? 1 : 0));
  const there = Uint8Array.from(labels, (label, row) => (bestOf(above, row, classes).index === label ? 1 : 0));
  const order = Array.from(confidence.keys()).sort((a, b) => (confidence[b] ?? 0) - (confidence[a] ?? 0));
  let lost = 0;
  let apart = 0;
  let best = { threshold: never, answered: 0, lost: 0 };
  for (const [index, row] of order.entries()) {
    lost += (there[row] ?? 0) - (here[row] ?? 0);
    apart += there[row] === here[row] ? 0 : 1;
    const next = order[index + 1];
    if (next !== undefined && confidence[next] === confidence[row]) continue; // rows of one confidence go together
    if ((100 * (lost + sureness * Math.sqrt(apart))) / count <= lostPointsMax) best = { threshold: index === count - 1 ? 0 : (confidence[row] ?? never), answered: index + 1, lost };
  }
  return {
    gate: { temperature, threshold: best.threshold },
    answeredShare: best.answered / count,
    lostPoints: (100 * best.lost) / count,
    calibrationError: calibrationError(confidence, here),
  };
}

/** Probabilities of one model's scores, and the confidence of each row. */
export function confidenceOf(scores: Float32Array, classes: number, { temperature }: Pick<Gate, "temperature">): Float32Array {
  const likely = softmaxRows(scores, classes, temperature);
  const confidence = new Float32Array(Math.floor(scores.length / classes));
  for (let row = 0; row < confidence.length; row++) confidence[row] = bestOf(likely, row, classes).value;
  return confidence;
}

/** The temperature at which the labels are likeliest: a golden-section search, since the loss has one valley. */
function fitTemperature({ scores, labels, classes }: CalibrationRows): number {
  const loss = (temperature: number): number => {
    const likely = softmaxRows(scores, classes, temperature);
    return labels.reduce((sum, label, row) => sum - Math.log(Math.max(1e-12, likely[row * classes + label] ?? 0)), 0);
  };
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(0.1), Math.log(10)];
  for (let step = 0; step < 24; step++) {
    const [left, right] = [high - golden * (high - low), low + golden * (high - low)];
    if (loss(Math.exp(left)) < loss(Math.exp(right))) high = right;
    else low = left;
  }
  return Math.exp((low + high) / 2);
}

function calibrationError(confidence: Float32Array, right: Uint8Array): number {
  const bins = Array.from({ length: 10 }, () => ({ confidence: 0, right: 0 }));
  for (const [row, value] of confidence.entries()) {
    const bin = bins[Math.min(9, Math.floor(value * 10))];
    if (bin === undefined) continue;
    bin.confidence += value;
    bin.right += right[row] ?? 0;
  }
  return bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.right), 0) / confidence.length;
}

function bestOf(values: Float32Array, row: number, classes: number): { readonly index: number; readonly value: number } {
  let index = 0;
  for (let other = 1; other < classes; other++) if ((values[row * classes + other] ?? 0) > (values[row * classes + index] ?? 0)) index = other;
  return { index, value: values[row * classes + index] ?? 0 };
}
