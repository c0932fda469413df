import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { diskError } from "@holon/platform/disk/error.ts";
import { makeFolder } from "@holon/platform/disk/folder.ts";

/** Inside the project, so that what is measured is the project's own file system. */
const projectScratch = join(import.meta.dirname, "../../.holon/bench");

/** Gives `work` a fresh folder below `parent` and removes it afterwards, also when the run is interrupted. `HOLON_DISK_…`. */
export async function withScratchFolder<Value>(parent: string | undefined, work: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = makeScratch(parent ?? projectScratch);
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  const interrupted = (): void => {
    remove();
    process.exit(130);
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    return await work(folder);
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    remove();
  }
}

function makeScratch(parent: string): string {
  makeFolder(parent);
  try {
    return mkdtempSync(join(parent, "run-"));
  } catch (error) {
    throw diskError("make a folder in", parent, error);
  }
}
