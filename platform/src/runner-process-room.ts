/**
 * The folder in which a program has its socket is one of the machine's: the node has to reach the socket, and nobody but the system's own administrator can give such a folder a size. So it
 * is looked at, and a program that has put too much there is ended; how large one file can be meanwhile the system bounds.
 */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { limits } from "@holon/core/limits.ts";

/** Why there is too much in the folder, beside what the node put there; undefined while there is not. */
export function overRoom(folder: string, given: ReadonlySet<string>): string | undefined {
  let bytes = 0;
  let entries = 0;
  const folders = [folder];
  for (let place = folders.pop(); place !== undefined; place = folders.pop()) {
    for (const name of namesIn(place)) {
      if (place === folder && given.has(name)) continue;
      entries += 1;
      const found = lstatSync(join(place, name), { throwIfNoEntry: false });
      if (found?.isDirectory() === true) folders.push(join(place, name));
      bytes += (found?.blocks ?? 0) * 512;
      if (entries > limits.imageFolderEntriesMax) return `more than ${limits.imageFolderEntriesMax} files`;
      if (bytes > limits.imageScratchBytes) return `more than ${limits.imageScratchBytes >> 20} MiB`;
    }
  }
  return undefined;
}

/** What goes while it is looked at is not there. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
