/** The API token of this machine's nodes: made once, readable by this user only. */
import { randomBytes } from "node:crypto";
import { link, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { diskError, isErrno } from "@holon/platform/disk/error.ts";
import { makeFolder, syncFolder } from "@holon/platform/disk/folder.ts";

const path = (data: string): string => join(data, "api-token");

export async function makeToken(data: string): Promise<string> {
  const known = await readToken(data);
  if (known !== undefined) return known;
  try {
    makeFolder(data);
    await write(data, randomBytes(32).toString("base64url"));
  } catch (cause) {
    throw diskError("write", path(data), cause);
  }
  const token = await readToken(data); // the one that is there, where two processes made one at the same time
  if (token === undefined) throw diskError("read", path(data), "it was removed while it was made");
  return token;
}

/** All of it or nothing, and on disk before it is used. */
async function write(data: string, token: string): Promise<void> {
  const temporary = `${path(data)}.${randomBytes(6).toString("hex")}`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(token);
      await file.sync();
    } finally {
      await file.close();
    }
    await putInPlace(temporary, data);
    await syncFolder(data);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined); // the failure that left it is the one to tell
  }
}

/** Never over a token that others may use already; over an empty file, which a crash or a full disk left. */
async function putInPlace(temporary: string, data: string): Promise<void> {
  try {
    await link(temporary, path(data));
  } catch (error) {
    if (isErrno(error, "EEXIST") && (await readToken(data)) !== undefined) return;
    await rename(temporary, path(data)); // an empty file, or a file system without links
  }
}

/** `undefined` where it was not made yet: the caller says what that means. `HOLON_DISK_READ_ONLY` where this user may not read it. */
export async function readToken(data: string): Promise<string | undefined> {
  try {
    const token = (await readFile(path(data), "utf8")).trim();
    return token === "" ? undefined : token;
  } catch (error) {
    if (isErrno(error, "ENOENT") || isErrno(error, "ENOTDIR")) return undefined;
    throw diskError("read", path(data), error);
  }
}
