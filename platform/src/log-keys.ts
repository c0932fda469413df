/**
 * The keys of an encrypted log: a master for each generation, in `log-keys.json` of the node's folder and once more in `log-keys.copy.json`, sealed to
 * the node. Whoever loses both, or the node's own key, loses the log: it is left alone, and no other key takes the place of the one that is lost.
 *
 * A generation is numbered by its own master, so that no two masters go by one number: a log never takes a key for one that it was not written with.
 */
import { createHash, randomBytes } from "node:crypto";
import { globSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import { generationIn, sealLapBytes } from "@holon/core/log/seal.ts";
import { parseSegmentHeader, segmentVersionMax } from "@holon/core/log/segment.ts";
import type { Cipher } from "@holon/core/ports.ts";
import { z } from "zod";
import { createCipher } from "./cipher.ts";
import { diskError } from "./disk/error.ts";
import { readSecretFile, writeSecretFile } from "./secret-file.ts";
import { openVault } from "./vault.ts";

const ringSchema = z.strictObject({ newest: z.int().min(1), masters: z.record(z.string().regex(/^\d{1,9}$/), z.base64().length(44)) });
type Ring = z.infer<typeof ringSchema>;
const names = ["log-keys.json", "log-keys.copy.json"] as const;
const windowBytes = 1 << 20;
/** Numbers of nine digits; programs of before counted from 1. */
const [generationLeast, generations] = [100_000_000, 900_000_000];

/** Undefined where the log is not encrypted and never was. `isOn`: whether it is from now on. `HOLON_LOG_SEALED` where it is, and its keys are gone. */
export async function openLogCipher(folder: string, isOn: boolean): Promise<Cipher | undefined> {
  const ring = (await readRing(folder)) ?? (isOn ? await firstGeneration(folder) : undefined);
  return ring && createCipher(new Map(Object.entries(ring.masters).map(([generation, master]) => [Number(generation), Buffer.from(master, "base64")])), isOn ? ring.newest : undefined);
}

/** The next generation: what is written from the next start on is encrypted under it; what was written stays readable. Returns its number. `HOLON_LOG_SEALED`. */
export async function rotateLogKeys(folder: string): Promise<number> {
  const ring = await readRing(folder);
  if (ring !== undefined) return (await addGeneration(folder, ring)).newest;
  await refuseSealed(folder);
  throw new HolonError("HOLON_LOG_SEALED", `the log in ${folder} has no keys`, { next: "Set `log: { encryption: on }` in holon.node.yaml and start the node." });
}

async function firstGeneration(folder: string): Promise<Ring> {
  await refuseSealed(folder);
  return addGeneration(folder, undefined);
}

async function addGeneration(folder: string, ring: Ring | undefined): Promise<Ring> {
  if (openVault(folder) === undefined) throw new HolonError("HOLON_VAULT_CLOSED", `${folder} has no key of its own that the log's keys could be sealed with`);
  let master: Buffer;
  do master = randomBytes(32);
  while (ring?.masters[generationOf(master)] !== undefined);
  const newest = generationOf(master);
  return write(folder, { newest, masters: { ...ring?.masters, [newest]: master.toString("base64") } });
}

const generationOf = (master: Uint8Array): number => generationLeast + (createHash("sha256").update("holon log generation\n").update(master).digest().readUInt32BE() % generations);

async function write(folder: string, ring: Ring): Promise<Ring> {
  for (const name of names) await writeSecretFile(join(folder, name), ring);
  return ring;
}

/** Of both copies all that is in either; one that is damaged, or that a crash left behind the other, is written again. */
async function readRing(folder: string): Promise<Ring | undefined> {
  const found: Ring[] = [];
  let problem: HolonError | undefined;
  for (const name of names) {
    try {
      const ring = await readSecretFile(join(folder, name), ringSchema);
      if (ring !== undefined) found.push(ring);
    } catch (error) {
      problem = toHolonError(error);
    }
  }
  const [ring, other] = found.sort((one, another) => sizeOf(another) - sizeOf(one));
  if (ring === undefined && problem !== undefined) throw problem;
  if (ring === undefined) return undefined;
  const twice = Object.entries(other?.masters ?? {}).find(([generation, master]) => (ring.masters[generation] ?? master) !== master);
  if (twice !== undefined) throw new HolonError("HOLON_LOG_SEALED", `${names.join(" and ")} in ${folder} hold different keys of generation ${twice[0]}`, { next: "Put away the one that was not there when the log was written, and start again." });
  const isWhole = other !== undefined && sizeOf(other) === sizeOf(ring) && other.newest === ring.newest;
  return isWhole ? ring : write(folder, { newest: ring.newest, masters: { ...other?.masters, ...ring.masters } });
}

const sizeOf = ({ masters }: Ring): number => Object.keys(masters).length;

/** Before a log gets its first keys: one that was encrypted had some, and under others it would be read as damage. */
async function refuseSealed(folder: string): Promise<void> {
  for (const name of globSync("log/*.seg", { cwd: folder }).sort()) {
    const generation = await generationUnder(join(folder, name));
    if (generation === undefined) continue;
    throw new HolonError("HOLON_LOG_SEALED", `${join(folder, name)} is encrypted under the keys of generation ${generation}, and neither ${names.join(" nor ")} is in ${folder}`);
  }
}

const integrity = { crc32: (bytes: Uint8Array): number => crc32(bytes) };

/** Of the first seal in a segment, which stands in its first batch where that is not damaged. */
async function generationUnder(path: string): Promise<number | undefined> {
  try {
    const file = await open(path);
    try {
      const bytes = new Uint8Array(windowBytes + sealLapBytes);
      for (let position = 0; ; position += windowBytes) {
        const { bytesRead } = await file.read(bytes, 0, bytes.length, position);
        if (position === 0 && isPlain(bytes.subarray(0, bytesRead))) return undefined;
        const generation = generationIn(bytes.subarray(0, bytesRead), integrity);
        if (generation !== undefined || bytesRead < bytes.length) return generation;
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw diskError("read", path, error);
  }
}

/** Written while no batch could be sealed. */
function isPlain(bytes: Uint8Array): boolean {
  const header = parseSegmentHeader(bytes, integrity);
  return header.state === "intact" && header.version < segmentVersionMax;
}
