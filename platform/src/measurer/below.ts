import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** All that lies below a folder but folders, in an order that is always the same; a link is what it says, and nobody goes where it leads. */
export async function* below(folder: string): AsyncGenerator<Dirent> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) yield* below(join(folder, entry.name));
    else yield entry;
  }
}
