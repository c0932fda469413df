import { mkdirSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { diskError, isErrno } from "./error.ts";

/**
 * Makes a folder and its parents, for this user only; a folder that is there is fine. `HOLON_DATA_BAD` where something else stands or
 * none can be made, `HOLON_DISK_READ_ONLY`, `HOLON_DISK_FULL`, `HOLON_DISK_FAILED`. Node's own recursive way answers "no such file" where
 * the disk is read-only.
 */
export function makeFolder(path: string): void {
  try {
    make(path);
  } catch (error) {
    throw diskError("make the folder", path, error);
  }
}

function make(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (isErrno(error, "EEXIST")) return requireFolder(path);
    if (!isErrno(error, "ENOENT") && !isErrno(error, "ENOTDIR")) throw error;
    if (dirname(path) === path) throw error;
    make(dirname(path)); // says what is wrong with it, if it is that
    makeBelow(path);
  }
}

/** The folder above is there: a system that finds no room for a name in it has a folder that is not for files, such as /proc. */
function makeBelow(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (isErrno(error, "EEXIST")) return requireFolder(path); // another process was faster
    if (isErrno(error, "ENOENT")) throw new HolonError("HOLON_DATA_BAD", `the folder ${path} cannot be made there: ${dirname(path)} takes no folders`, { cause: error });
    throw error;
  }
}

function requireFolder(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  throw new HolonError("HOLON_DATA_BAD", `${path} is ${found === undefined ? "a link to nothing" : found.isFile() ? "a file" : "a device"}, not a folder`);
}

/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows has no handle on a folder that could be synced; NTFS journals names by itself.
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
