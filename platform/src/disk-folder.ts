import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { diskError, isErrno } from "./disk-error.ts";

/**
 * Makes a folder and its parents, for this user only; a folder that is there is fine. `HOLON_DISK_READ_ONLY`, `HOLON_DISK_FULL`,
 * `HOLON_DISK_FAILED`. Node's own recursive way answers "no such file" where the disk is read-only.
 */
export function makeFolder(path: string): void {
  try {
    make(path);
  } catch (error) {
    throw diskError("make the folder", path, error);
  }
}

function make(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (isErrno(error, "ENOENT") && dirname(path) !== path) {
      make(dirname(path));
      mkdirSync(path, { mode: 0o700 });
    } else if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw error;
    }
  }
}
