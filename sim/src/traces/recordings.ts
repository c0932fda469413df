/** Recordings of real links and machines, read where they lie beside the repository and never copied. Each folder's SOURCE.md says whose they are. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const folder = new URL("../../../../shared/data/", import.meta.url);

/** The folders that are read, and what from them. */
export const recordings = {
  "bandwidth-traces": "throughput of 3G, home and fixed lines",
  "5g-traces": "throughput of a 5G network while driving and standing",
  "net-latency": "round trips between homes, laboratories and cloud regions",
  "node-failures": "outages of machines, with their causes",
  "carbon-intensity": "grams of carbon a kilowatt-hour, by the hour",
  "electricity-price": "what a megawatt-hour cost, by the hour; and a gigabyte between cloud regions",
} as const;

export type Recording = keyof typeof recordings;

/** Why nothing can be replayed; undefined where all recordings are here. */
export function missingRecordings(): string | undefined {
  const missing = Object.keys(recordings).filter((name) => !existsSync(new URL(name, folder)));
  return missing.length === 0 ? undefined : `the recordings ${missing.map((name) => `../shared/data/${name}`).join(", ")} are not here`;
}

export const recordingPath = (recording: Recording, file: string): URL => new URL(`${recording}/${file}`, folder);

/** The text of a recording that is stored with gzip. */
export const recordedText = (recording: Recording, file: string): string => gunzipSync(readFileSync(recordingPath(recording, file))).toString("utf8");

/** Files below a folder of a recording, sorted. */
export const recordedFiles = (recording: Recording, below: string): readonly string[] =>
  readdirSync(new URL(`${recording}/${below}/`, folder)).filter((name) => name.endsWith(".gz")).sort().map((name) => `${below}/${name}`);

/** Reads once, when first asked. */
export function once<T>(read: () => T): () => T {
  let value: { readonly of: T } | undefined;
  return () => (value ??= { of: read() }).of;
}
