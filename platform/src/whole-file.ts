/** Writes a file whole or not at all, on disk before it resolves; who may read it is said by the caller. `HOLON_DISK_…`. */
import { randomBytes } from "node:crypto";
import { globSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { diskError, isErrno } from "./disk/error.ts";
import { makeFolder, syncFolder } from "./disk/folder.ts";

const unfinished = /\.[0-9a-f]{12}\.part$/;

export async function writeWhole(path: string, content: Uint8Array | string, mode: 0o600 | 0o644): Promise<void> {
  try {
    await writeOnce(path, content, mode);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw diskError("write", path, error);
    // A node that started meanwhile swept its folder, which it does once.
    await writeOnce(path, content, mode).catch((again: unknown) => Promise.reject(diskError("write", path, again)));
  }
}

async function writeOnce(path: string, content: Uint8Array | string, mode: number): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.part`;
  try {
    makeFolder(dirname(path));
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // the failure that left it is the one to tell
    throw error;
  }
}

/** Takes away what a process that was ended in the middle of writing left in a node's folder: halves of files, and keys that nobody uses. */
export async function sweepUnfinished(folder: string): Promise<void> {
  for (const name of globSync(["*.part", "*/*.part"], { cwd: folder })) {
    if (!unfinished.test(name)) continue;
    await rm(join(folder, name), { force: true }).catch((error: unknown) => Promise.reject(diskError("remove", join(folder, name), error)));
  }
}
