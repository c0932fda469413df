/** The files that a text names, separated by commas. A name may hold commas itself: the longest run of pieces that names a file is taken. */
import { statSync } from "node:fs";

export function replayPaths(text: string, isFile: (path: string) => boolean = fileExists): readonly string[] {
  const pieces = text.split(",");
  const paths: string[] = [];
  for (let from = 0; from < pieces.length; ) {
    let to = pieces.length;
    while (to > from + 1 && !isFile(pieces.slice(from, to).join(","))) to -= 1;
    paths.push(pieces.slice(from, to).join(","));
    from = to;
  }
  return paths.filter((path) => path !== "");
}

const fileExists = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
