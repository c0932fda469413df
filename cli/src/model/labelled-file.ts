/**
 * Labelled rows from files: a pair in the idx format (as of MNIST; bytes, taken as 255ths), or one safetensors file with `x` [rows, …]
 * and `labels` [rows]. Plain or gzip.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { decodeSafetensors } from "@holon/core/model/safetensors.ts";
import { blobHashSchema } from "@holon/core/schema/app.ts";
import type { BlobHash } from "@holon/core/units.ts";
import type { Labelled } from "@holon/node/model/labelled.ts";

export interface LabelledFile {
  readonly data: Labelled;
  /** SHA-256 of the files, one after the other. */
  readonly hash: BlobHash;
}

/** `rowsMax` takes the first rows only. `HOLON_SOURCE_…`. */
export async function readLabelled(path: string, labelsPath: string | undefined, rowsMax = Infinity): Promise<LabelledFile> {
  const content = await read(path);
  if (labelsPath === undefined && isIdx(content)) throw unreadable(path, "is an idx file, which holds no labels", "Give the file of its labels too: --labels, or --training-labels for the rows of --training.");
  if (labelsPath === undefined) return { data: fromTensors(content, path, rowsMax), hash: hashOf([content]) };
  const labelContent = await read(labelsPath);
  const images = readIdx(content, path);
  const labels = readIdx(labelContent, labelsPath);
  const [rows = 0, ...sizes] = images.shape;
  if (labels.shape.length !== 1 || labels.shape[0] !== rows) throw unreadable(labelsPath, `has not one label for each of the ${rows} rows of ${path}`, "Give the labels that belong to these rows.");
  const features = sizes.reduce((product, size) => product * size, 1);
  const count = Math.min(rows, rowsMax);
  const kept = Uint8Array.from(labels.bytes.subarray(0, count));
  return { data: { x: Float32Array.from(images.bytes.subarray(0, count * features), (byte) => byte / 255), labels: kept, features, classes: classesOf(labels.bytes) }, hash: hashOf([content, labelContent]) };
}

function fromTensors(content: Uint8Array, path: string, rowsMax: number): Labelled {
  const { x, labels } = decodeSafetensors(content, path).tensors;
  const [rows = 0, ...sizes] = x?.shape ?? [];
  if (x === undefined || labels === undefined || labels.values.length !== rows) throw unreadable(path, "holds no tensors x [rows, …] and labels [rows]", "Give --labels for a pair of idx files, or one safetensors file with both.");
  const count = Math.min(rows, rowsMax);
  const features = sizes.reduce((product, size) => product * size, 1);
  const kept = Uint8Array.from(labels.values.subarray(0, count));
  return { x: x.values.slice(0, count * features), labels: kept, features, classes: classesOf(Uint8Array.from(labels.values)) };
}

/** Magic number (0, 0, 8 for bytes, dimensions), sizes as big-endian 32 bits, bytes. */
function readIdx(content: Uint8Array, path: string): { readonly shape: readonly number[]; readonly bytes: Uint8Array } {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  if (!isIdx(content)) throw unreadable(path, "is no idx file of bytes", "Give a file as those of MNIST are, plain or .gz; or one safetensors file with x and labels, without a file of labels.");
  const rank = view.getUint8(3);
  const start = 4 + 4 * rank;
  if (rank === 0 || content.length < start) throw unreadable(path, "is cut off");
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  if (content.length - start !== shape.reduce((product, size) => product * size, 1)) throw unreadable(path, "has another length than its header says");
  return { shape, bytes: content.subarray(start) };
}

async function read(path: string): Promise<Uint8Array> {
  const content = await readFile(path).catch((cause: unknown) => {
    throw new HolonError("HOLON_SOURCE_MISSING", `${path} cannot be read`, { cause });
  });
  if (content[0] !== 0x1f || content[1] !== 0x8b) return content;
  try {
    return gunzipSync(content);
  } catch (cause) {
    throw unreadable(path, `is no whole gzip file: ${toHolonError(cause).message}`);
  }
}

const isIdx = (content: Uint8Array): boolean => content.length >= 8 && content[0] === 0 && content[1] === 0 && content[2] === 8;

const classesOf = (labels: Uint8Array): number => labels.reduce((most, label) => Math.max(most, label + 1), 2);
const hashOf = (parts: readonly Uint8Array[]): BlobHash => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return blobHashSchema.parse(hash.digest("hex"));
};
const unreadable = (path: string, problem: string, next?: string): HolonError => new HolonError("HOLON_SOURCE_UNREADABLE", `${path} ${problem}`, next === undefined ? {} : { next });
