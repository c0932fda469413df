/** What a node is made of, by name and SHA-256: what was adopted of it, and what was found. */
import { z } from "zod";
import { canonicalJson } from "../json.ts";

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);
const encoder = new TextEncoder();
/** More than a program of ours has. */
const filesMax = 10_000;

export const measurementSchema = z.strictObject({ name: z.string().min(1).max(1_024), hash: hashSchema });
export type Measurement = z.infer<typeof measurementSchema>;

/** Who said that the node is as it should be, why, and what it was made of. `number`: each adoption's is above those before it; a program of before wrote none, which counts as 0. */
export const adoptedSchema = z.strictObject({ number: z.int().min(1).optional(), by: z.string().max(256), because: z.string().max(1_024), atMs: z.number(), files: z.array(measurementSchema).max(filesMax), config: z.string().optional() });
export type Adopted = z.infer<typeof adoptedSchema>;

/** Above the highest that is known, and by the clock above those of a record that was lost; a clock that is wrong makes it no lower than that. */
export const adoptionNumber = (highest: number, nowMs: number): number => Math.max(highest + 1, Math.floor(nowMs));

export const differenceSchema = z.strictObject({
  what: z.string(),
  /** Null where nothing of this name was adopted. */
  expected: z.string().nullable(),
  /** Null where nothing of this name is there. */
  found: z.string().nullable(),
});
export type Difference = Readonly<z.infer<typeof differenceSchema>>;

export function differences(adopted: readonly Measurement[], found: readonly Measurement[]): readonly Difference[] {
  const is = new Map(found.map(({ name, hash }) => [name, hash]));
  const was = new Map(adopted.map(({ name, hash }) => [name, hash]));
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((what) => {
    const [expected, now] = [was.get(what) ?? null, is.get(what) ?? null];
    return expected === now ? [] : [{ what, expected, found: now }];
  });
}

/** The node's own file: another one is not run, whatever it says. */
export const configurationName = "configuration";
/** In place of a difference, where nothing is known of what was adopted. */
export const recordName = "record of what was adopted";
/** Likewise, where a record is there that another one followed: somebody put it back. */
export const olderRecordName = "record of what was adopted: an older one";
/** By whom, where nobody was asked. */
export const firstStart = "first start";

/** What it was found to be made of, as far as something was adopted that it can be held against: who adopted nothing of the configuration may change it. */
export const judged = (found: readonly Measurement[], adopted: readonly Measurement[] | undefined): readonly Measurement[] =>
  adopted === undefined || adopted.some(({ name }) => name === configurationName) ? found : found.filter(({ name }) => name !== configurationName);

/** Of what differs, the program itself: the rest is not run where it is altered. */
export const ofProgram = (altered: readonly Difference[]): readonly Difference[] => altered.filter(({ what }) => what !== configurationName);

/** One line for each, in order of name: what a TPM is told, and what is verified against it. */
export const measurementLog = (files: readonly Measurement[]): readonly Uint8Array[] => [...files].sort((a, b) => (a.name < b.name ? -1 : 1)).map((file) => encoder.encode(canonicalJson(file)));
