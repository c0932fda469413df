import { open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import type { z } from "zod";
import { diskError, isErrno } from "./disk-error.ts";
import { syncFolder } from "./disk-folder.ts";
import { writeWhole } from "./whole-file.ts";

/** Secrets are a few kilobytes; a file beyond this is none of ours, unless its place says so. */
const fileBytesMaxOfKeys = 64 << 10;

/** Reads a file of secrets; undefined if it is not there. `HOLON_CONFIG_BAD` if it does not fit; its content stays out of the message. */
export async function readSecretFile<Content>(path: string, schema: z.ZodType<Content>, fileBytesMax = fileBytesMaxOfKeys): Promise<Content | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw diskError("read", path, error);
  }
  const parsed = schema.safeParse(text.length > fileBytesMax ? undefined : parseJson(text));
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join(".");
  throw new HolonError("HOLON_CONFIG_BAD", `${path} is damaged${field === undefined || field === "" ? "" : ` at ${field}`}`, {
    next: "Restore it from a backup; or remove it and enrol the node again with a new invitation.",
  });
}

/** Writes a file of secrets that only this user can read: all of it or nothing, and on disk before it returns. */
export async function writeSecretFile<Content>(path: string, content: Content): Promise<Content> {
  await writeWhole(path, `${JSON.stringify(content, undefined, 2)}\n`, 0o600);
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Falls through to the schema, which refuses it by the file's name.
    return undefined;
  }
}
