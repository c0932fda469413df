/** MNIST as it lies beside the repository: `data/mnist` of the shared folder. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Labelled } from "@holon/node/model/labelled.ts";

const folder = fileURLToPath(new URL("../../../shared/data/mnist/", import.meta.url));

export const hasDigits = (): boolean => existsSync(`${folder}train-images-idx3-ubyte.gz`);

/** 60,000 rows to train on, 10,000 to test on. */
export function readDigits(part: "train" | "t10k"): Labelled {
  const [images, labels] = ["images-idx3", "labels-idx1"].map((kind) => gunzipSync(readFileSync(`${folder}${part}-${kind}-ubyte.gz`)));
  if (images === undefined || labels === undefined) throw new Error("not read");
  return { x: Float32Array.from(images.subarray(16), (byte) => byte / 255), labels: Uint8Array.from(labels.subarray(8)), features: 784, classes: 10 };
}
