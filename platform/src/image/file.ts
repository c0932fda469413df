/** The image of a function as its author names it: an OCI archive, or a folder with an OCI layout, which becomes one. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { HolonError } from "@holon/core/errors.ts";
import { readImage } from "@holon/core/image/image.ts";
import { writeTar, type TarFile } from "@holon/core/image/tar-writer.ts";
import { limits } from "@holon/core/limits.ts";
import { imagePlatform, imageTools } from "./tools.ts";

/** Looked through before it is published, as far as this machine can run it. `HOLON_APP_BAD`, `HOLON_IMAGE_BAD`. */
export async function readImageFile(path: string, name: string): Promise<Uint8Array> {
  let archive: Uint8Array;
  try {
    archive = statSync(path).isDirectory() ? packLayout(path) : readFileSync(path);
  } catch (cause) {
    throw new HolonError("HOLON_APP_BAD", `${name} is ${path}, which cannot be read`, { cause });
  }
  if (archive.length > limits.blobBytesMax) throw new HolonError("HOLON_IMAGE_BAD", `${name} has ${archive.length} bytes; the limit is ${limits.blobBytesMax}`);
  try {
    readImage(archive, name, imagePlatform(), imageTools);
  } catch (error) {
    if (!(error instanceof HolonError) || error.code !== "HOLON_UNIT_UNSUPPORTED") throw error; // another machine's image is for that machine to judge
  }
  return archive;
}

/** The same bytes for the same image: what the index leads to, and not what builders leave beside it. */
function packLayout(folder: string): Uint8Array {
  const fileOf = (path: string): TarFile & { readonly content: Uint8Array } => ({ path, content: readFileSync(join(folder, path)) });
  const index = fileOf("index.json");
  const found = new Map<string, TarFile>();
  const follow = (document: Uint8Array): void => {
    for (const [, digest = ""] of new TextDecoder().decode(document).matchAll(/"sha256:([0-9a-f]{64})"/g)) {
      const path = `blobs/sha256/${digest}`;
      if (found.has(path) || !existsSync(join(folder, path))) continue; // a digest of what is unpacked names no file
      const file = fileOf(path);
      found.set(path, file);
      if (file.content[0] === openingBrace && file.content.length <= limits.imageDocumentBytesMax) follow(file.content);
    }
  };
  follow(index.content);
  return writeTar([fileOf("oci-layout"), index, ...[...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, file]) => file)]);
}

const openingBrace = 0x7b;
