/**
 * The safetensors format (huggingface/safetensors, "Format"), for 32-bit floats: 8 bytes with the header's length
 * (little-endian), a JSON header, the values. The same tensors and metadata give the same bytes.
 */
import { z } from "zod";
import { HolonError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Tensor, Tensors } from "../ports.ts";

export interface TensorFile {
  readonly tensors: Tensors;
  readonly metadata: Readonly<Record<string, string>>;
}

const alignment = 8;

/** Tensors in the order of their names; the header is padded so that the values are aligned. */
export function encodeSafetensors(file: TensorFile): Uint8Array {
  const names = Object.keys(file.tensors).sort();
  const header: Record<string, unknown> = { __metadata__: sorted(file.metadata) };
  let end = 0;
  for (const name of names) {
    const tensor = file.tensors[name];
    if (tensor === undefined) continue;
    header[name] = { dtype: "F32", shape: tensor.shape, data_offsets: [end, (end += tensor.values.length * 4)] };
  }
  const text = JSON.stringify(header);
  const length = new TextEncoder().encode(text).length;
  const padded = new TextEncoder().encode(text + " ".repeat((alignment - (length % alignment)) % alignment));
  const bytes = new Uint8Array(8 + padded.length + end);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(padded.length), true);
  bytes.set(padded, 8);
  let position = 8 + padded.length;
  for (const name of names) {
    for (const value of file.tensors[name]?.values ?? []) {
      view.setFloat32(position, value, true);
      position += 4;
    }
  }
  return bytes;
}

/** `HOLON_BLOB_BAD` for anything that is not exactly such a file; `name` names the blob in the message. */
export function decodeSafetensors(bytes: Uint8Array, name: string): TensorFile {
  const { header, start } = readHeader(bytes, name);
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors: [string, Tensor][] = [];
  let end = 0;
  // The format allows neither holes nor overlaps: in the order of their offsets, each tensor begins where the last ended.
  const ordered = Object.entries(entries).sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);
  for (const [tensorName, { shape, data_offsets: [from, to] }] of ordered) {
    const count = shape.reduce((product, dimension) => product * dimension, 1);
    if (from !== end || to - from !== count * 4) throw bad(name, `tensor ${tensorName} does not lie where its shape says`);
    if (start + to > bytes.length) throw bad(name, `tensor ${tensorName} is cut off`);
    const view = new DataView(bytes.buffer, bytes.byteOffset + start + from, count * 4);
    tensors.push([tensorName, { shape, values: Float32Array.from({ length: count }, (_, index) => view.getFloat32(index * 4, true)) }]);
    end = to;
  }
  if (start + end !== bytes.length) throw bad(name, "there are bytes after the last tensor");
  return { tensors: Object.fromEntries(tensors), metadata };
}

const offset = z.int().min(0).max(limits.blobBytesMax);
const headerSchema = z
  .object({ __metadata__: z.record(z.string(), z.string()).optional() })
  .catchall(z.strictObject({ dtype: z.literal("F32"), shape: z.array(z.int().min(0).max(limits.tensorValuesMax)).max(8), data_offsets: z.tuple([offset, offset]) }));

function readHeader(bytes: Uint8Array, name: string): { readonly header: z.infer<typeof headerSchema>; readonly start: number } {
  if (bytes.length < 8) throw bad(name, "it is shorter than a header");
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > limits.parameterHeaderBytesMax || 8 + length > bytes.length) throw bad(name, "its header is cut off or over the limit");
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (error) {
    throw bad(name, "its header is no JSON", error);
  }
  const parsed = headerSchema.safeParse(json);
  if (!parsed.success) throw bad(name, `its header does not fit at ${parsed.error.issues[0]?.path.join(".") ?? "the top"}`, parsed.error);
  if (Object.keys(parsed.data).length > limits.parameterTensorsMax) throw bad(name, "it holds more tensors than the limit");
  return { header: parsed.data, start: 8 + length };
}

const bad = (name: string, problem: string, cause?: unknown): HolonError =>
  new HolonError("HOLON_BLOB_BAD", `parameters ${name} are no safetensors file: ${problem}`, { cause });

const sorted = (record: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
