/** What lies in a publisher's folder: who signs, and the metadata that are served. */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import type { SignedTarget } from "@holon/core/ports.ts";
import { z } from "zod";
import { diskError, isErrno } from "../disk/error.ts";
import { readSecretFile } from "../secret-file.ts";
import { describeFile, makeSnapshot, makeTimestamp, signFile, targetsOf, type SigningKey } from "../trust/tuf-repository.ts";
import { writeWhole } from "../whole-file.ts";

export const dayMs = 86_400_000;
export const defaultDays = 365;
export const keysMax = 16;

const keySchema = z.strictObject({ id: z.string(), hex: z.string() });
export const publisherSchema = z.strictObject({ offline: z.array(keySchema).min(1).max(keysMax), threshold: z.int().min(1), online: keySchema, rootVersion: z.int().min(1) });
export type PublisherDescription = z.infer<typeof publisherSchema>;

export interface PublisherOptions {
  readonly passphrase?: string | undefined;
  readonly nowMs: number;
  /** Days after which nodes with a clock adopt none of this any more. */
  readonly days?: number;
}

/** Undefined where the folder is none of a publisher. */
export const readPublisher = (folder: string): Promise<PublisherDescription | undefined> => readSecretFile(join(folder, "publisher.json"), publisherSchema);

export async function demandPublisher(folder: string): Promise<PublisherDescription> {
  const publisher = await readPublisher(folder);
  if (publisher === undefined) throw new HolonError("HOLON_ARGUMENT_BAD", `${folder} is no publisher's folder`, { next: "Make one with `holon publisher init`." });
  return publisher;
}

export const keysIn = (folder: string): string => join(folder, "keys");
export const rootPath = (folder: string, version: number): string => join(folder, "metadata", `${version}.root.json`);

export interface NewestTargets {
  readonly version: number;
  readonly targets: ReadonlyMap<string, SignedTarget>;
  readonly bytes: Uint8Array;
}

export async function newestTargets(folder: string): Promise<NewestTargets | undefined> {
  const versions = (await readdir(join(folder, "metadata"))).flatMap((name) => /^(\d+)\.targets\.json$/.exec(name)?.[1] ?? []).map(Number);
  if (versions.length === 0) return undefined;
  const version = Math.max(...versions);
  const bytes = await readBytes(join(folder, "metadata", `${version}.targets.json`));
  return { version, targets: targetsOf(bytes), bytes };
}

/** Snapshot and timestamp of these targets, whose versions rise with each signing. `HOLON_SIGNATURE_UNMET` without the online key. */
export async function renew(folder: string, targets: Uint8Array, online: readonly SigningKey[], { nowMs, days = defaultDays }: PublisherOptions): Promise<void> {
  if (online.length === 0) throw new HolonError("HOLON_SIGNATURE_UNMET", `${folder}: the online key, which signs snapshot and timestamp, is not here, or not opened by the passphrase`, { next: "Run `holon publisher sign` in this folder where it is, or with its passphrase; every holder has it." });
  const held = await readIfThere(join(folder, "metadata", "timestamp.json"));
  const version = (held === undefined ? 0 : describeFile(held).version) + 1;
  const expiresMs = nowMs + days * dayMs;
  const snapshot = await signFile(await makeSnapshot(version, expiresMs, targets), online);
  const timestamp = await signFile(await makeTimestamp(version, expiresMs, snapshot), online);
  const name = `${describeFile(targets).version}.targets.json`;
  await writeWhole(join(folder, "metadata", name), targets, 0o644);
  await writeWhole(join(folder, "metadata", `${version}.snapshot.json`), snapshot, 0o644);
  await writeWhole(join(folder, "metadata", "timestamp.json"), timestamp, 0o644); // last: it names the others
  const served = new Set([name, `${version}.snapshot.json`, "timestamp.json"]);
  for (const file of await readdir(join(folder, "metadata"))) if (!served.has(file) && !file.endsWith(".root.json")) await rm(join(folder, "metadata", file), { force: true });
}

export const shortIds = (ids: readonly string[]): string => ids.map((id) => id.slice(0, 12)).join(", ");

export async function readBytes(path: string): Promise<Uint8Array> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) throw new HolonError("HOLON_DISK_MISSING", `${path} is missing`);
  return bytes;
}

export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw diskError("read", path, error);
  }
}
