/**
 * The folder in which a program has its socket is one of the machine's: the node has to reach the socket, and nobody but the system's own administrator can give such a folder a size. So it
 * is looked at, and a program that has put too much there is ended; how large one file can be meanwhile the system bounds.
 */
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import { limits } from "@holon/core/limits.ts";

/** Why there is too much in the folder, beside what the node put there; undefined while there is not. What cannot be looked at is too much: a program can make such. */
export function overRoom(folder: string, given: ReadonlySet<string>): string | undefined {
  let bytes = 0;
  let entries = 0;
  const folders = [folder];
  for (let place = folders.pop(); place !== undefined; place = folders.pop()) {
    for (const name of namesIn(place)) {
      if (place === folder && given.has(name)) continue;
      entries += 1;
      const found = entryAt(join(place, name));
      if (typeof found === "string") return found;
      if (found?.isDirectory() === true) folders.push(join(place, name));
      bytes += (found?.blocks ?? 0) * 512;
      if (entries > limits.imageFolderEntriesMax) return `more than ${limits.imageFolderEntriesMax} files`;
      if (bytes > limits.imageScratchBytes) return `more than ${limits.imageScratchBytes >> 20} MiB`;
    }
  }
  return undefined;
}

/** In words where it cannot be looked at. */
function entryAt(path: string): Stats | string | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return `what nobody can look at (${error instanceof Error && "code" in error ? String(error.code) : "unknown"})`;
  }
}

/** What goes while it is looked at is not there. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
