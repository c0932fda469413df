/**
 * The folder in which a program has its socket is one of the machine's: the node has to reach the socket, and nobody but the system's own administrator can give such a folder a size. So it
 * is looked at, and a program that has put too much there is ended; how large one file can be meanwhile the system bounds.
 */
import { execFile } from "node:child_process";
import { lstatSync, readdirSync, rmSync, type Stats } from "node:fs";
import { join } from "node:path";
import { limits } from "@holon/core/limits.ts";

/**
 * Why there is too much in the folder, beside what the node put there; undefined while there is not. What cannot be looked at is too much: a program can make such. `given`: bytes of each
 * file of the node's; what is larger, or no file, is not what was given.
 */
export function overRoom(folder: string, given: ReadonlyMap<string, number>): string | undefined {
  let bytes = 0;
  let entries = 0;
  const folders = [folder];
  for (let place = folders.pop(); place !== undefined; place = folders.pop()) {
    const names = namesIn(place);
    if (typeof names === "string") return names;
    for (const name of names) {
      const found = entryAt(join(place, name));
      if (typeof found === "string") return found;
      if (place === folder && found?.isFile() === true && found.size <= (given.get(name) ?? -1)) continue;
      entries += 1;
      if (found?.isDirectory() === true) folders.push(join(place, name));
      bytes += (found?.blocks ?? 0) * 512;
      if (entries > limits.imageFolderEntriesMax) return `more than ${limits.imageFolderEntriesMax} files`;
      if (bytes > limits.imageScratchBytes) return `more than ${limits.imageScratchBytes >> 20} MiB`;
    }
  }
  return undefined;
}

/** Whatever the program made of it: folders that it closed are opened first, and such as are too deep for a path are walked by programs that go down step by step. */
export function removeRoom(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    execFile("chmod", ["-R", "u+rwx", folder], () => execFile("rm", ["-rf", folder], () => undefined)); // what is left then is not the node's to remove: it stays in the machine's temporary folder
  }
}

/** In words where it cannot be looked at. */
function entryAt(path: string): Stats | string | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return hidden(error);
  }
}

/** What goes while it is looked at is not there; a folder that nobody may list can hold anything. */
function namesIn(folder: string): readonly string[] | string {
  try {
    return readdirSync(folder);
  } catch (error) {
    return codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR" ? [] : hidden(error);
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "unknown");
const hidden = (error: unknown): string => `what nobody can look at (${codeOf(error)})`;
