/** Where the APIs of the nodes of a data folder are, as each says it itself beside its log: what others say of it is no reason to show the folder's token there. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { diskError, isErrno } from "@holon/platform/disk/error.ts";
import { writeWhole } from "@holon/platform/whole-file.ts";

const path = (folder: string): string => join(folder, "api");

/** `folder` is the node's, `address` such as `http://127.0.0.1:7402`. */
export const keepApi = (folder: string, address: string): Promise<void> => writeWhole(path(folder), `${address}\n`, 0o600);

export const forgetApi = (folder: string): Promise<void> => rm(path(folder), { force: true });

/** Undefined where no node of that name runs out of this data folder. */
export async function readApi(data: string, node: string): Promise<string | undefined> {
  const file = path(join(data, node));
  try {
    const address = (await readFile(file, "utf8")).trim();
    return URL.canParse(address) && new URL(address).protocol === "http:" ? address : undefined;
  } catch (error) {
    if (isErrno(error, "ENOENT") || isErrno(error, "ENOTDIR")) return undefined;
    throw diskError("read", file, error);
  }
}
