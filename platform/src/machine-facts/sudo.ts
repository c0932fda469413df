/** Lines of `/etc/sudoers`, and of all that it includes, by which somebody is root without a password (sudoers(5)). */
import { accessSync, constants, globSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { isThere, read, seen } from "./read.ts";

const depthMax = 16;

/** Undefined where nothing was found and not all of it could be read; nothing where there is no sudo. */
export function sudoWithout(root: string): readonly string[] | undefined {
  if (!isThere(join(root, "etc"))) return undefined;
  let isAllSeen = true;
  const found: string[] = [];
  const take = (path: string, depth: number): void => {
    const text = read(join(root, path));
    if (text === undefined || depth > depthMax) return void (isAllSeen &&= text === undefined && !isThere(join(root, path)));
    for (const line of text.replaceAll(/\\\n/g, " ").split("\n").map((one) => one.trim())) {
      const [, kind, named = ""] = /^[@#]include(dir)?\s+"?([^"]+?)"?$/.exec(line) ?? [];
      if (named === "") {
        if (/^[^#]*\bNOPASSWD\b/.test(line) || /^Defaults[^#]*!\s*authenticate\b/.test(line)) found.push(line);
        continue;
      }
      const place = isAbsolute(named) ? named : join("/etc", named);
      if (kind === undefined) take(place, depth + 1);
      // Whose name ends in ~ or holds a dot is left out.
      else for (const file of listed(join(root, place)).filter((one) => !/\.|~$/.test(one))) take(join(place, file), depth + 1);
    }
  };
  const listed = (folder: string): readonly string[] => {
    const files = globSync("*", { cwd: folder }).map((file) => basename(file)).sort();
    if (files.length === 0 && isThere(folder) && !isReadable(folder)) isAllSeen = false;
    return files;
  };
  take("/etc/sudoers", 0);
  return seen(found, isAllSeen);
}

function isReadable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
