/**
 * Writes an image's files below a folder of our own. All folders come first and all links last, so that nothing is ever written through a link;
 * what is written has no owner but the node's user, and no right but to be read and, where it was so, run.
 */
import { closeSync, constants, linkSync, mkdirSync, openSync, symlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ImageFile, ImageFolder } from "@holon/core/image/tree.ts";
import { diskError } from "../disk/error.ts";

const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;

/** `HOLON_DISK_FULL` and its like. */
export function unpackImage(root: ImageFolder, folder: string): void {
  const links: { readonly path: string; readonly target: string }[] = [];
  const written = new Map<ImageFile, string>();
  const write = (inside: ImageFolder, at: string): void => {
    for (const [name, node] of inside.inside) {
      const path = join(at, name);
      if (node.kind === "link") links.push({ path, target: node.target });
      else if (node.kind === "folder") {
        mkdirSync(path, 0o755);
        write(node, path);
      } else {
        const same = written.get(node);
        if (same === undefined) writeFile(path, node);
        else linkSync(same, path);
        written.set(node, path);
      }
    }
  };
  try {
    write(root, folder);
    for (const { path, target } of links) symlinkSync(target, path);
  } catch (error) {
    throw diskError("unpack an image into", folder, error);
  }
}

function writeFile(path: string, { content, isExecutable }: ImageFile): void {
  const file = openSync(path, O_CREAT | O_EXCL | O_WRONLY | (O_NOFOLLOW ?? 0), isExecutable ? 0o755 : 0o644);
  try {
    for (let at = 0; at < content.length; ) at += writeSync(file, content, at);
  } finally {
    closeSync(file);
  }
}
