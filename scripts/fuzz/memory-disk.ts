/** A disk that holds its files in memory and never fails: the log is looked at here, not the disk. */
import { HolonError } from "@holon/core/errors.ts";
import type { Disk, DiskFile } from "@holon/core/ports.ts";

export type Files = Map<string, Uint8Array>;

export function memoryDisk(files: Files): Disk {
  const openFile = (path: string): DiskFile => {
    const content = (): Uint8Array => files.get(path) ?? new Uint8Array(0);
    const write = (position: number, bytes: Uint8Array): Promise<void> => {
      const before = content();
      const after = new Uint8Array(Math.max(before.length, position + bytes.length));
      after.set(before);
      after.set(bytes, position);
      files.set(path, after);
      return Promise.resolve();
    };
    return {
      size: () => content().length,
      read: (position, length) => Promise.resolve(content().slice(position, position + length)),
      write,
      writeThrough: write,
      sync: () => Promise.resolve(),
      truncate(size) {
        const after = new Uint8Array(size);
        after.set(content().subarray(0, size));
        files.set(path, after);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
  };
  return {
    list: (folder) => Promise.resolve([...files.keys()].filter((path) => path.startsWith(folder === "" ? "" : `${folder}/`)).map((path) => path.slice(folder === "" ? 0 : folder.length + 1)).filter((name) => !name.includes("/")).sort()),
    makeFolder: () => Promise.resolve(),
    open(path, { create }) {
      if (!files.has(path) && !create) return Promise.reject(new HolonError("HOLON_DISK_MISSING", `${path} is missing`));
      if (!files.has(path)) files.set(path, new Uint8Array(0));
      return Promise.resolve(openFile(path));
    },
    rename(from, to) {
      const content = files.get(from);
      if (content !== undefined) files.set(to, content);
      files.delete(from);
      return Promise.resolve();
    },
    remove: (path) => Promise.resolve(void files.delete(path)),
    syncFolder: () => Promise.resolve(),
    space: () => Promise.resolve(undefined),
  };
}
