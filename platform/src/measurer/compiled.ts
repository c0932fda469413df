/**
 * What Node.js keeps of the program in compiled form, in `cache/` of the node's folder, runs in the place of the files that are measured. A node believes of it what it made itself: `compiled.json`
 * holds the hash of each file, under the node's own key. Before anything is run from there, whatever is not in it, or not as it is, is taken away and made anew.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { toHolonError, type HolonError } from "@holon/core/errors.ts";
import type { Difference } from "@holon/core/measure/measured.ts";
import { z } from "zod";
import { diskError, isErrno } from "../disk/error.ts";
import { writeWhole } from "../whole-file.ts";
import { below } from "./below.ts";
import { macOf, readKey } from "./key.ts";

const hashesSchema = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/));
const notedSchema = z.strictObject({ files: hashesSchema, mac: z.base64() });
type Hashes = z.infer<typeof hashesSchema>;

export const cacheFolder = (folder: string): string => join(folder, "cache");
/** In the cache: the program as one file, where this node made one. */
export const programFolder = "program";
const notedPath = (folder: string): string => join(folder, "compiled.json");

/** Leaves in the cache what this node made itself. Resolves to what was made by it and is another by now; what it knows nothing of goes without a word, since a process writes there as it ends. */
export async function believeCompiled(folder: string): Promise<readonly Difference[]> {
  const cache = cacheFolder(folder);
  const noted = await readNoted(folder);
  const altered: Difference[] = [];
  for (const [name, found] of await hashesOf(cache)) {
    const expected = noted?.[name];
    if (expected !== undefined && expected === found) continue;
    await rm(join(cache, name), { force: true });
    if (expected !== undefined) altered.push({ what: `cache/${name}`, expected, found });
  }
  return altered;
}

/**
 * Notes what the cache holds, after this process has filled it. Without a key, before anything was adopted here, nothing is noted. Resolves to why it could not be noted, on a full disk for
 * example: that keeps no node from starting. The next start believes nothing of the cache then, and makes it anew.
 */
export async function noteCompiled(folder: string): Promise<HolonError | undefined> {
  try {
    if (await isNotedBefore(folder)) return undefined;
    const found = await hashesOf(cacheFolder(folder));
    const files = Object.fromEntries(found.flatMap(([name, hash]) => (hash === null ? [] : [[name, hash]])));
    const key = await readKey(folder);
    if (key !== undefined) await writeWhole(notedPath(folder), `${JSON.stringify({ files, mac: macOf(key.key, files).toString("base64") })}\n`, 0o600);
    return undefined;
  } catch (error) {
    return toHolonError(error);
  }
}

/** Whether nothing was written since: what was and says otherwise is not believed by the next start. */
async function isNotedBefore(folder: string): Promise<boolean> {
  const noted = await readNoted(folder);
  const names = await filesOf(cacheFolder(folder));
  if (noted === undefined || names.length !== Object.keys(noted).length || !names.every((name) => noted[name] !== undefined)) return false;
  const { mtimeMs } = await stat(notedPath(folder));
  for (const name of names) if (((await stat(join(cacheFolder(folder), name)).catch(() => undefined))?.mtimeMs ?? Infinity) > mtimeMs) return false;
  return true;
}

/** The same as `believeCompiled`, while the node runs; where nothing is noted there is nothing to hold it against, and it stays. */
export const lookAtCompiled = async (folder: string): Promise<readonly Difference[]> => ((await readNoted(folder)) === undefined ? [] : believeCompiled(folder));

/** By name in a folder of the cache: hashes of what this node made there and is gone. */
export async function goneFrom(folder: string, within: string): Promise<Hashes> {
  const noted = (await readNoted(folder)) ?? {};
  const names = new Set(await filesOf(cacheFolder(folder)));
  return Object.fromEntries(Object.entries(noted).flatMap(([name, hash]) => (dirname(name) === within && !names.has(name) ? [[basename(name), hash]] : [])));
}

/** Undefined where nothing is noted that this node's key stands for. */
async function readNoted(folder: string): Promise<Hashes | undefined> {
  try {
    const { files, mac } = notedSchema.parse(JSON.parse(await readFile(notedPath(folder), "utf8")));
    const key = await readKey(folder);
    if (key === undefined) return undefined;
    const [is, should] = [Buffer.from(mac, "base64"), macOf(key.key, files)];
    return is.length === should.length && timingSafeEqual(is, should) ? files : undefined;
  } catch {
    return undefined; // not there, not whole, or its key cannot be had: nothing is believed then
  }
}

/** By name, from the cache's folder; null for what is no plain file. */
async function hashesOf(cache: string): Promise<readonly (readonly [name: string, hash: string | null])[]> {
  const names = await filesOf(cache);
  const hashes: (readonly [string, string | null])[] = [];
  for (let first = 0; first < names.length; first += atOnce) hashes.push(...(await Promise.all(names.slice(first, first + atOnce).map(async (name) => [name, await hashOf(join(cache, name))] as const))));
  return hashes;
}

async function filesOf(cache: string): Promise<readonly string[]> {
  try {
    const names: string[] = [];
    for await (const entry of below(cache)) names.push(join(entry.parentPath, entry.name).slice(cache.length + 1));
    return names;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw diskError("read", cache, error);
  }
}

const hashOf = (path: string): Promise<string | null> => readFile(path).then((bytes) => createHash("sha256").update(bytes).digest("hex"), () => null);

const atOnce = 16;
