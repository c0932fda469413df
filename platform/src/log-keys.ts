/**
 * The keys of an encrypted log: a master for each generation, in `log-keys.json` of the node's folder and once more in `log-keys.copy.json`, sealed to
 * the node. Whoever loses both, or the node's own key, loses the log.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { HolonError, toHolonError } from "@holon/core/errors.ts";
import type { Cipher } from "@holon/core/ports.ts";
import { z } from "zod";
import { createCipher } from "./cipher.ts";
import { readSecretFile, writeSecretFile } from "./secret-file.ts";
import { openVault } from "./vault.ts";

const ringSchema = z.strictObject({ newest: z.int().min(1), masters: z.record(z.string().regex(/^\d{1,9}$/), z.base64().length(44)) });
type Ring = z.infer<typeof ringSchema>;
const names = ["log-keys.json", "log-keys.copy.json"] as const;

/** Undefined where the log is not encrypted and never was. `isOn`: whether it is from now on. */
export async function openLogCipher(folder: string, isOn: boolean): Promise<Cipher | undefined> {
  const ring = (await readRing(folder)) ?? (isOn ? await addGeneration(folder, undefined) : undefined);
  return ring && createCipher(new Map(Object.entries(ring.masters).map(([generation, master]) => [Number(generation), Buffer.from(master, "base64")])), isOn ? ring.newest : undefined);
}

/** The next generation: what is written from the next start on is encrypted under it; what was written stays readable. Returns its number. */
export async function rotateLogKeys(folder: string): Promise<number> {
  const ring = await readRing(folder);
  if (ring === undefined) throw new HolonError("HOLON_LOG_SEALED", `the log in ${folder} has no keys`, { next: "Set `log: { encryption: on }` in holon.node.yaml and start the node." });
  return (await addGeneration(folder, ring)).newest;
}

async function addGeneration(folder: string, ring: Ring | undefined): Promise<Ring> {
  if (openVault(folder) === undefined) throw new HolonError("HOLON_VAULT_CLOSED", `${folder} has no key of its own that the log's keys could be sealed with`);
  const newest = (ring?.newest ?? 0) + 1;
  return write(folder, { newest, masters: { ...ring?.masters, [newest]: randomBytes(32).toString("base64") } });
}

async function write(folder: string, ring: Ring): Promise<Ring> {
  for (const name of names) await writeSecretFile(join(folder, name), ring);
  return ring;
}

/** The newer of the two copies; one that is damaged is written again. */
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
  const [ring] = found.sort((one, other) => other.newest - one.newest);
  if (ring === undefined && problem !== undefined) throw problem;
  return ring === undefined || (found.length === names.length && found[0]?.newest === found[1]?.newest) ? ring : write(folder, ring);
}
