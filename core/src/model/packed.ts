/**
 * A tensor as it crosses a link in JSON: base 64 of its values, as bytes where each is a whole number of 255ths (a grey picture) or of
 * ones up to 255, else as 32-bit floats. Comes back bit for bit.
 */
import { z } from "zod";
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Tensor } from "../ports.ts";
import { fromBase64, toBase64 } from "../series/base64.ts";

export const packedSchema = z.strictObject({
  shape: z.array(z.int().min(0).max(limits.tensorValuesMax)).max(8),
  as: z.enum(["floats", "255ths", "ones"]),
  values: z.string().max(limits.callBytesMax),
});
export type PackedTensor = z.infer<typeof packedSchema>;

const steps = { "255ths": 255, ones: 1 } as const;

export function packTensor({ shape, values }: Tensor): PackedTensor {
  for (const as of ["255ths", "ones"] as const) {
    const bytes = bytesOf(values, steps[as]);
    if (bytes !== undefined) return { shape: [...shape], as, values: toBase64(bytes) };
  }
  const floats = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => floats.setFloat32(index * 4, value, true));
  return { shape: [...shape], as: "floats", values: toBase64(new Uint8Array(floats.buffer)) };
}

/** `HOLON_MODEL_INPUT_BAD` where the values do not fill the shape. */
export function unpackTensor({ shape, as, values }: PackedTensor): Tensor {
  const bytes = bytesIn(values);
  const count = shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== count * (as === "floats" ? 4 : 1)) throw new HolonError("HOLON_MODEL_INPUT_BAD", `a packed tensor has ${bytes.length} bytes for the shape [${shape.join(", ")}]`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { shape, values: Float32Array.from({ length: count }, (_, index) => (as === "floats" ? view.getFloat32(index * 4, true) : (bytes[index] ?? 0) / steps[as])) };
}

function bytesIn(text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new HolonError("HOLON_MODEL_INPUT_BAD", "a packed tensor is no base 64", { cause });
  }
}

function bytesOf(values: Float32Array, step: number): Uint8Array | undefined {
  const bytes = new Uint8Array(values.length);
  for (const [index, value] of values.entries()) {
    const byte = Math.round(value * step) + 0; // of a zero below zero, the other
    if (!(byte >= 0 && byte <= 255) || !Object.is(Math.fround(byte / step), value)) return undefined;
    bytes[index] = byte;
  }
  return bytes;
}
