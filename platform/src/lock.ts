import { accessSync, constants, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { HolonError } from "@holon/core/errors.ts";
import { diskError, isErrno } from "./disk/error.ts";
import { makeFolder } from "./disk/folder.ts";

/** A held data folder. */
export interface FolderLock {
  /** Lets another process have the folder. Safe to call twice. */
  release(): void;
}

/** A lock must not end because its holder let go of the object and it was collected as garbage. */
const heldDatabases = new Set<DatabaseSync>();

/** SQLITE_BUSY: another connection, of this process or another, holds the lock. */
const busy = 5;

/**
 * Takes the data folder for this process; makes the folder if it is missing. `HOLON_DATA_IN_USE` names the process that holds it.
 *
 * Node has no file locks of its own, SQLite has: an exclusive transaction on an empty database is a lock of the kernel's, on all
 * systems, that ends with the process however it dies. So there is no stale lock to recognise, and none to take by mistake.
 */
export function lockFolder(folder: string): FolderLock {
  const pidPath = join(folder, "lock.pid");
  const database = openLockFile(folder);
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if (resultCode(cause) !== busy) throw isFull(folder) ? new HolonError("HOLON_DISK_FULL", `no room to lock ${folder}`, { cause }) : diskError("lock", join(folder, "lock"), cause);
    throw new HolonError("HOLON_DATA_IN_USE", `${folder} is in use by ${holder(pidPath)}`, { cause });
  }
  try {
    // Beside the lock: opening the lock file itself and closing it would end the lock (POSIX ends it with any handle of the process).
    writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    database.close();
    throw diskError("write", pidPath, error);
  }
  heldDatabases.add(database);
  return {
    release: () => {
      if (heldDatabases.delete(database)) database.close();
    },
  };
}

/** Whether a process that says it has the folder is there. Touches nothing, so that a folder that is only to be read can be asked about too. */
export function seemsHeld(folder: string): boolean {
  try {
    const text = readFileSync(join(folder, "lock.pid"), "utf8").trim();
    return /^[1-9]\d{0,9}$/.test(text) && process.kill(Number(text), 0);
  } catch (error) {
    return isErrno(error, "EPERM"); // of another user
  }
}

/** SQLite has several codes for a disk without room; the disk has one answer. */
function isFull(folder: string): boolean {
  try {
    return statfsSync(folder).bavail === 0;
  } catch {
    return false; // then what SQLite said is all there is to say
  }
}

function openLockFile(folder: string): DatabaseSync {
  const path = join(folder, "lock");
  try {
    makeFolder(folder);
    // SQLite says only that it cannot open a file; this says why.
    accessSync(folder, constants.W_OK);
    return new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    throw diskError("open", path, error);
  }
}

function holder(pidPath: string): string {
  try {
    const text = readFileSync(pidPath, "utf8").trim();
    return /^\d{1,10}$/.test(text) ? `process ${text}` : "another process";
  } catch {
    // The holder has the lock and has not written its number yet.
    return "another process";
  }
}

const resultCode = (error: unknown): unknown => (error instanceof Error && "errcode" in error ? error.errcode : undefined);
