/**
 * The disk below one data folder. `writeThrough` is the path of every acknowledgement: one call into the thread pool where the
 * system has O_DSYNC (POSIX), and no copy.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { assert, HolonError } from "@holon/core/errors.ts";
import type { Disk, DiskFile } from "@holon/core/ports.ts";
import { diskError, isErrno } from "./disk/error.ts";
import { makeFolder } from "./disk/folder.ts";

const { O_CREAT, O_DIRECTORY, O_RDONLY, O_RDWR } = fs.constants;
/** Not there on Windows. */
const dataSync: number | undefined = fs.constants.O_DSYNC;
const [open, fstat, fsync, close] = [promisify(fs.open), promisify(fs.fstat), promisify(fs.fsync), promisify(fs.close)];
/** Only the node's own user: the folder holds keys and raw data. */
const fileMode = 0o600;

/** Opens the disk port over `root`, which is made if it is missing. `HOLON_DISK_READ_ONLY`, `HOLON_DISK_FULL`, `HOLON_DISK_FAILED`. */
export function createDisk(root: string): Disk {
  const at = (path: string): string => join(root, normalise(path));
  makeFolder(root);
  return {
    list: async (folder) => {
      try {
        return (await fs.promises.readdir(at(folder))).sort();
      } catch (error) {
        if (isErrno(error, "ENOENT")) return [];
        throw diskError("list", at(folder), error);
      }
    },
    makeFolder: async (folder) => makeFolder(at(folder)),
    open: async (path, options) => openFile(at(path), options.create),
    rename: async (from, to) => attempt("rename", at(from), fs.promises.rename(at(from), at(to))),
    remove: async (path) => attempt("remove", at(path), remove(at(path))),
    syncFolder: async (folder) => syncFolder(at(folder)),
    space: async () => {
      const { bavail, blocks, bsize } = await attempt("ask for the space of", root, fs.promises.statfs(root));
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    },
  };
}

async function openFile(path: string, create: boolean): Promise<DiskFile> {
  const handle = await attempt("open", path, open(path, create ? O_RDWR | O_CREAT : O_RDWR, fileMode));
  try {
    const status = await attempt("open", path, fstat(handle));
    if (!status.isFile()) throw new HolonError("HOLON_DISK_FAILED", `${path} is not a file`);
    return new NodeDiskFile(path, handle, status.size);
  } catch (error) {
    fs.closeSync(handle);
    throw error;
  }
}

class NodeDiskFile implements DiskFile {
  readonly #path: string;
  readonly #handle: number;
  /** The same file, opened so that each write is a sync too; `undefined` until it is needed, `none` where that cannot be. */
  #through: number | "none" | undefined;
  #size: number;
  /** How far it reached when it was last known to be on the disk. */
  #durableSize: number;
  #isOpen = true;
  /** Calls in the thread pool: the handle's number may name another file the moment it is closed. */
  #underWay = 0;
  #quiet: (() => void) | undefined;
  /** After a failed sync the kernel may have dropped the pages it could not write: a later success would be a lie. */
  #syncFailure: HolonError | undefined;

  constructor(path: string, handle: number, size: number) {
    this.#path = path;
    this.#handle = handle;
    this.#size = size;
    this.#durableSize = size;
  }

  size(): number {
    return this.#size;
  }

  read(position: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    return this.#start((resolve, reject) => {
      const step = (done: number): void => {
        fs.read(this.#handle, bytes, done, length - done, position + done, (error, count) => {
          if (error !== null) reject(diskError("read", this.#path, error));
          else if (count === 0) resolve(bytes.slice(0, done));
          else if (done + count === length) resolve(bytes);
          else step(done + count);
        });
      };
      if (length === 0) resolve(bytes);
      else step(0);
    });
  }

  write(position: number, bytes: Uint8Array): Promise<void> {
    return this.#writeBy(this.#handle, position, bytes);
  }

  async writeThrough(position: number, bytes: Uint8Array): Promise<void> {
    const through = this.#through ?? (await this.#openThrough());
    if (through !== "none") {
      await this.#writeBy(through, position, bytes);
      if (position <= this.#durableSize) this.#durableSize = Math.max(this.#durableSize, position + bytes.length);
      return;
    }
    await this.write(position, bytes);
    await this.sync();
  }

  #writeBy(handle: number, position: number, bytes: Uint8Array): Promise<void> {
    return this.#start((resolve, reject) => {
      if (this.#syncFailure !== undefined) return reject(this.#syncFailure);
      const step = (done: number): void => {
        fs.write(handle, bytes, done, bytes.length - done, position + done, (error, count) => {
          if (count > 0) this.#size = Math.max(this.#size, position + done + count);
          if (error !== null) reject(this.#writeFailed(error, handle));
          else if (done + count === bytes.length) resolve();
          else step(done + count);
        });
      };
      step(0);
    });
  }

  /** No room is said before anything is promised; whatever else fails while writing through may be the sync. */
  #writeFailed(error: unknown, handle: number): HolonError {
    const failure = diskError("write", this.#path, error);
    if (handle !== this.#handle && failure.code !== "HOLON_DISK_FULL") this.#syncFailure = failure;
    return failure;
  }

  #openThrough(): Promise<number | "none"> {
    return this.#start<number | "none">((opened, reject) => {
      const resolve = (through: number | "none"): void => opened((this.#through = through)); // known before a close that waits goes on
      if (dataSync === undefined) return resolve("none");
      fs.open(this.#path, O_RDWR | dataSync, (error, handle) => {
        if (error !== null) return isErrno(error, "ENOENT") ? resolve("none") : reject(diskError("open", this.#path, error));
        // The name may be another file's by now; that one is not ours to write.
        const [named, own] = [fs.fstatSync(handle), fs.fstatSync(this.#handle)];
        if (named.ino === own.ino && named.dev === own.dev) return resolve(handle);
        fs.closeSync(handle);
        resolve("none");
      });
    });
  }

  sync(): Promise<void> {
    return this.#start((resolve, reject) => {
      if (this.#syncFailure !== undefined) return reject(this.#syncFailure);
      const size = this.#size;
      fs.fdatasync(this.#handle, (error) => {
        if (error === null) {
          this.#durableSize = Math.min(size, this.#size);
          return resolve();
        }
        this.#syncFailure = diskError("sync", this.#path, error);
        reject(this.#syncFailure);
      });
    });
  }

  truncate(size: number): Promise<void> {
    return this.#start((resolve, reject) => {
      fs.ftruncate(this.#handle, size, (error) => {
        if (error !== null) return reject(diskError("truncate", this.#path, error));
        this.#size = size;
        // What found no room is cut away: there is nothing left that a later sync could wrongly call kept.
        if (this.#syncFailure?.code === "HOLON_DISK_FULL" && size <= this.#durableSize) this.#syncFailure = undefined;
        this.#durableSize = Math.min(size, this.#durableSize);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#quiet = resolve));
    if (typeof this.#through === "number") await attempt("close", this.#path, close(this.#through));
    await attempt("close", this.#path, close(this.#handle));
  }

  #start<Value>(operation: (resolve: (value: Value) => void, reject: (error: HolonError) => void) => void): Promise<Value> {
    if (!this.#isOpen) return Promise.reject(new HolonError("HOLON_DISK_FAILED", `${this.#path} is closed`));
    this.#underWay += 1;
    return new Promise((resolve, reject) => {
      operation(
        (value) => (this.#end(), resolve(value)),
        (error) => (this.#end(), reject(error)),
      );
    });
  }

  #end(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#quiet?.();
  }
}

async function remove(path: string): Promise<void> {
  try {
    await fs.promises.rm(path, { force: true });
  } catch (error) {
    if (!isErrno(error, "ERR_FS_EISDIR")) throw error;
    await fs.promises.rmdir(path);
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows has no handle on a folder that could be synced; NTFS journals names by itself.
  if (process.platform === "win32") return;
  const handle = await attempt("open", path, open(path, O_RDONLY | O_DIRECTORY));
  try {
    await attempt("sync", path, fsync(handle));
  } finally {
    fs.closeSync(handle);
  }
}

async function attempt<Value>(verb: string, path: string, result: Promise<Value>): Promise<Value> {
  try {
    return await result;
  } catch (error) {
    throw diskError(verb, path, error);
  }
}

/** `./log/1` is `log/1`; the root is the empty string. A path that leaves the folder is a defect of the caller. */
function normalise(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const isInside = !path.startsWith("/") && !parts.some((part) => part === ".." || part.includes("\\") || part.includes("\0"));
  assert(isInside, `the path ${JSON.stringify(path)} leaves the data folder`);
  return parts.join("/");
}
