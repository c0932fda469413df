import { open, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { z } from "zod";
import { diskError, isErrno } from "./disk/error.ts";
import { syncFolder } from "./disk/folder.ts";
import { openVault, type Vault } from "./vault.ts";
import { writeWhole } from "./whole-file.ts";

/** Secrets are a few kilobytes; a file beyond this is none of ours, unless its place says so. */
const fileBytesMaxOfKeys = 96 << 10;

/** Reads a file of secrets; undefined if it is not there. `HOLON_CONFIG_BAD` if it does not fit; its content stays out of the message. */
export async function readSecretFile<Content>(path: string, schema: z.ZodType<Content>, fileBytesMax = fileBytesMaxOfKeys): Promise<Content | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw diskError("read", path, error);
  }
  const parsed = schema.safeParse(text.length > fileBytesMax ? undefined : unsealed(path, parseJson(text)));
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join(".");
  throw new HolonError("HOLON_CONFIG_BAD", `${path} is damaged${field === undefined || field === "" ? "" : ` at ${field}`}`, {
    next: "Restore it from a backup; or remove it and enrol the node again with a new invitation.",
  });
}

/** Writes a file of secrets that only this user can read: all of it or nothing, and on disk before it returns. */
export async function writeSecretFile<Content>(path: string, content: Content): Promise<Content> {
  await writeWhole(path, sealedText(path, content), 0o600);
  return content;
}

/** Durable too; a file that is not there is fine. */
export async function removeSecretFile(path: string): Promise<void> {
  try {
    await rm(path);
    await syncFolder(dirname(path));
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw diskError("remove", path, error);
  }
}

/** Takes a key to another file, of a disk that is then put away, and removes it here. `HOLON_ROOT_KEY_AWAY`, `HOLON_DISK_…`. */
export async function takeSecretFile<Content>(from: string, to: string, schema: z.ZodType<Content>): Promise<void> {
  const key = await readSecretFile(from, schema);
  if (key === undefined) throw new HolonError("HOLON_ROOT_KEY_AWAY", `the key is not in ${from}: it was taken away before`);
  const text = `${JSON.stringify(key, undefined, 2)}\n`;
  try {
    const file = await open(to, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if ((await readFile(to, "utf8")) !== text) throw new HolonError("HOLON_DISK_FAILED", `${to} does not hold what was written to it: the key stays here`);
  } catch (error) {
    throw error instanceof HolonError ? error : diskError("write", to, error);
  }
  await removeSecretFile(from);
}

/** What nodes proved themselves with before they had certificates; useless now, and still secret. */
export async function removeJoinTokens(folder: string): Promise<void> {
  for (const name of ["trust.json", "join.json"]) await removeSecretFile(join(folder, name));
  await rm(join(folder, "siblings"), { recursive: true, force: true });
}

const sealedSchema = z.strictObject({ sealed: z.string() });

/** The vault of the node whose folder the file is in, or whose folder its folder is in. */
const vaultFor = (path: string): Vault | undefined => openVault(dirname(path)) ?? openVault(dirname(dirname(path)));

/** What stands in a file of secrets: in the clear, or sealed to the node. `HOLON_VAULT_CLOSED`. */
export function unsealed(path: string, content: unknown): unknown {
  const sealed = sealedSchema.safeParse(content);
  if (!sealed.success) return content;
  const vault = vaultFor(path);
  if (vault === undefined) throw new HolonError("HOLON_VAULT_CLOSED", `${path} is sealed, and its node has no vault.json`);
  return parseJson(Buffer.from(vault.open(basename(path), sealed.data.sealed)).toString("utf8"));
}

/** What is written of it: sealed, where the node has what to seal it with. */
export function sealedText(path: string, content: unknown): string {
  const vault = vaultFor(path);
  const written = vault === undefined ? content : { sealed: vault.seal(basename(path), Buffer.from(JSON.stringify(content))) };
  return `${JSON.stringify(written, undefined, 2)}\n`;
}

export const isSealed = (content: unknown): boolean => sealedSchema.safeParse(content).success;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Falls through to the schema, which refuses it by the file's name.
    return undefined;
  }
}
