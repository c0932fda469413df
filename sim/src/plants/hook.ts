/** Loaded before anything else of a process that runs a planted bug: the files of the plant are changed as they are read, and the disk has them as they are. */
import { registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { plantVariable, type Edit } from "./plant.ts";

const root = new URL("../../../", import.meta.url);
const edits: readonly Edit[] = JSON.parse(process.env[plantVariable] ?? "[]");

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const mine = edits.filter(({ file }) => url === pathToFileURL(fileURLToPath(new URL(file, root))).href);
    if (mine.length === 0) return loaded;
    let source = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
    for (const { file, find, put } of mine) {
      if (source.split(find).length !== 2) throw new Error(`${file} does not hold once: ${find}`);
      source = source.replace(find, () => put);
    }
    return { ...loaded, source };
  },
});
