/**
 * A matrix as 8-bit integers: value ≈ scale · (byte − 128), symmetric round 0. Unsigned, because the kernels of processors
 * without a dot product of bytes add pairs of unsigned by signed products in 16 bits, which overflow.
 */
import { elementTypes, type OnnxConstant } from "./onnx-graph.ts";
import type { WeightNode } from "./weights.ts";

export const weightZero = 128;
const reach = 127;

export interface QuantizedMatrix {
  readonly bytes: Uint8Array;
  /** One for all, or one for each output. */
  readonly scales: Float32Array;
}

/** A scale for each output where that lowers the error, relative to each output's own weights, by a tenth or more; else one for all. */
export function quantizeMatrix({ matrix, inputs, outputs }: Pick<WeightNode, "matrix" | "inputs" | "outputs">): QuantizedMatrix {
  const largest = new Float32Array(outputs);
  for (let index = 0; index < inputs * outputs; index++) largest[index % outputs] = Math.max(largest[index % outputs] ?? 0, Math.abs(matrix[index] ?? 0));
  const each = quantize(matrix, outputs, largest.map(scaleOf));
  const all = quantize(matrix, outputs, Float32Array.of(scaleOf(largest.reduce((most, value) => Math.max(most, value), 0))));
  return each.relativeError < 0.9 * all.relativeError ? each : all;
}

/** What is smaller than any weight that matters is 0: its steps would be too small for 32 bits. */
const scaleOf = (largest: number): number => (largest < 1e-30 ? 1 : largest / reach);

function quantize(matrix: Float32Array, outputs: number, scales: Float32Array): QuantizedMatrix & { readonly relativeError: number } {
  const bytes = new Uint8Array(matrix.length);
  const squaredError = new Float64Array(outputs);
  const energy = new Float64Array(outputs);
  for (let index = 0; index < matrix.length; index++) {
    const output = index % outputs;
    const scale = scales[scales.length === 1 ? 0 : output] ?? 1;
    const value = matrix[index] ?? 0;
    const steps = Math.max(-reach, Math.min(reach, Math.round(value / scale)));
    bytes[index] = steps + weightZero;
    squaredError[output] = (squaredError[output] ?? 0) + (value - steps * scale) ** 2;
    energy[output] = (energy[output] ?? 0) + value ** 2;
  }
  let relativeError = 0;
  for (const [output, error] of squaredError.entries()) relativeError += energy[output] === 0 ? 0 : error / (energy[output] ?? 1);
  return { bytes, scales, relativeError };
}

/** The constants of a quantised matrix: `<name>.bytes`, `<name>.scale`, `<name>.zero`. */
export function quantizedConstants({ weight, inputs, outputs }: WeightNode, { bytes, scales }: QuantizedMatrix, zeroEach = false): readonly OnnxConstant[] {
  const shape = scales.length === 1 ? [] : [scales.length];
  const zeros = zeroEach ? scales.length : 1;
  return [
    { name: `${weight.name}.bytes`, elementType: elementTypes.uint8, shape: [inputs, outputs], values: [], raw: bytes },
    { name: `${weight.name}.scale`, elementType: elementTypes.float32, shape, values: scales },
    { name: `${weight.name}.zero`, elementType: elementTypes.uint8, shape: zeros === 1 ? [] : [zeros], values: [], raw: new Uint8Array(zeros).fill(weightZero) },
  ];
}
