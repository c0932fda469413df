/** Writes a file whole or not at all, on disk before it resolves; who may read it is said by the caller. `HOLON_DISK_…`. */
import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { diskError } from "./disk/error.ts";
import { makeFolder, syncFolder } from "./disk/folder.ts";

export async function writeWhole(path: string, content: Uint8Array | string, mode: 0o600 | 0o644): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}`;
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
    throw diskError("write", path, error);
  }
}
