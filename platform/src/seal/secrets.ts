/** Secrets of a node that lie in the clear become sealed ones, when it has what to seal them with: at its start, file by file, each of them before or after and never in between. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isErrno } from "../disk/error.ts";
import { isSealed, writeSecretFile } from "../secret-file.ts";

const places = [
  { folder: "", file: /^(?:secrets|director|measure-key|quote-key|log-keys(?:\.copy)?)\.json$/ },
  { folder: "identity", file: /^(?:identity|next)\.json$/ },
  { folder: "authority", file: /\.json$/ },
] as const;

/** Returns the files that were sealed. */
export async function sealSecrets(nodeFolder: string): Promise<readonly string[]> {
  const sealed: string[] = [];
  for (const { folder, file } of places) {
    for (const name of await list(join(nodeFolder, folder))) {
      if (!file.test(name)) continue;
      const path = join(nodeFolder, folder, name);
      const content = parsed(await readFile(path, "utf8"));
      if (content === undefined || isSealed(content)) continue;
      await writeSecretFile(path, content);
      sealed.push(join(folder, name));
    }
  }
  return sealed;
}

async function list(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

/** What is no JSON is left as it is: whoever needs it says so. */
function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
