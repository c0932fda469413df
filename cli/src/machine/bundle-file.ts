/** A support bundle on disk: a folder, or one tar (POSIX.1-1988, ustar). Never over what is there. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Bundle } from "@holon/core/diagnosis/results.ts";
import { HolonError } from "@holon/core/errors.ts";

/** Endings of archives that nobody here makes: a folder of such a name would be none. */
const archive = /\.(?:zip|7z|rar|gz|tgz|bz2|tbz2?|xz|txz|zst|tzst)$/i;

/** `HOLON_ARGUMENT_BAD` where the name says what is not written: known before anything is asked of a node. */
export function bundlePlace(out: string): string {
  if (archive.test(out)) throw new HolonError("HOLON_ARGUMENT_BAD", `${out} would be no such archive: a bundle is a folder, or one file of the kind .tar`, { next: "Name a folder with --out, or a file that ends in .tar." });
  return resolve(out);
}

/** Resolves to where it is. `HOLON_ARGUMENT_BAD`. */
export async function writeBundle(place: string, bundle: Bundle): Promise<string> {
  try {
    if (place.endsWith(".tar")) await writeFile(place, tarOf(bundle), { flag: "wx", mode: 0o600 });
    else {
      await mkdir(place, { mode: 0o700 });
      for (const { path, text } of bundle.files) await writeFile(join(place, path), text, { flag: "wx", mode: 0o600 });
    }
    return place;
  } catch (cause) {
    throw new HolonError("HOLON_ARGUMENT_BAD", `${place} cannot be made`, { cause, next: "Name a place with --out where nothing is yet." });
  }
}

export function tarOf({ node, asOf, files }: Bundle): Buffer {
  const seconds = Math.max(0, Math.floor(Date.parse(asOf) / 1000) || 0);
  const parts = files.flatMap(({ path, text }) => {
    const content = Buffer.from(text);
    return [header(`${node}/${path}`, content.length, seconds), content, Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

function header(name: string, sizeBytes: number, seconds: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;
  const fields: readonly (readonly [number, string])[] = [[0, name], [100, octal(0o600, 7)], [108, octal(0, 7)], [116, octal(0, 7)], [124, octal(sizeBytes, 11)], [136, octal(seconds, 11)], [148, "        "], [156, "0"], [257, "ustar\u000000"]];
  for (const [at, text] of fields) block.write(text, at, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)} `, 148, "latin1");
  return block;
}

const blockBytes = 512;
