/**
 * The packages that a node or its control may load, as they are installed: each a name of its own over all of its files that Node.js could load on this machine. The lockfile says which
 * they are and what was asked for; what lies there runs.
 */
import { createHash } from "node:crypto";
import { createReadStream, globSync } from "node:fs";
import { readFile, readlink, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { z } from "zod";
import { isErrno } from "../disk/error.ts";
import { below } from "./below.ts";
import { workspaces } from "./program.ts";

const lockSchema = z.looseObject({ packages: z.record(z.string(), z.looseObject({ dev: z.boolean().optional(), link: z.boolean().optional() })) });

/** Only types; and the runtimes, of which the one that runs is measured by itself. */
const notLoaded = /(?:^|\/)node_modules\/(?:@types\/|node-(?:bin-)?(?:linux|darwin|win)-)/;
/** Declarations, sources of types, maps and texts: Node.js loads none of them from a package. */
const noCode = /\.(?:[cm]?ts|map|md|markdown|flow|html|txt|cc|h|hh|hpp|tgz)$/i;
/** Built for browsers alone, beside what Node.js loads of the same package: by far most of its bytes. */
const browsers: Readonly<Record<string, RegExp>> = { "node_modules/onnxruntime-web": /^dist\/(?!ort\.node|ort-wasm-simd-threaded\.(?:mjs|wasm)$)/ };
const platforms = ["darwin", "linux", "win32"];
const processors = ["arm64", "x64", "ia32", "arm"];

/**
 * Names such as `node_modules/zod`, sorted: those of the lockfile that are not for building and testing alone, and whatever else lies where Node.js looks for packages, since some load another
 * where it is there. One that is not for this platform has no hash. Nested ones are part of the package that they lie in.
 */
export async function packageNames(program: string): Promise<readonly string[]> {
  const text = await readFile(join(program, "package-lock.json"), "utf8").catch(() => undefined);
  const lock = Object.entries(lockSchema.safeParse(text === undefined ? undefined : parse(text)).data?.packages ?? {});
  const unused = new Set(lock.flatMap(([name, { dev, link }]) => (dev === true || link === true ? [name] : [])));
  const places = globSync(["node_modules/*", "node_modules/@*/*", `${workspaces}/**/node_modules/*`, `${workspaces}/**/node_modules/@*/*`], { cwd: program }).map((name) => name.replaceAll(sep, "/"));
  const names = [...lock.map(([name]) => name), ...places];
  return [...new Set(names)].filter((name) => isPackage(name) && !unused.has(name) && !notLoaded.test(name)).sort();
}

/** SHA-256 of names and contents, read piece by piece; undefined where it is not installed. */
export async function hashOfPackage(program: string, name: string): Promise<string | undefined> {
  const folder = await realpath(join(program, name)).catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  });
  if (folder === undefined) return undefined;
  const whole = createHash("sha256");
  for await (const entry of below(folder)) {
    const path = join(entry.parentPath, entry.name);
    const inside = relative(folder, path).replaceAll(sep, "/");
    if (noCode.test(inside) || isForeign(inside) || browsers[name]?.test(inside) === true) continue;
    whole.update(`${JSON.stringify(inside)} `);
    if (entry.isSymbolicLink()) whole.update(`to ${JSON.stringify(await readlink(path))}\n`);
    else if (entry.isFile()) {
      whole.update(`${await hashOfFile(path)}\n`);
    }
  }
  return whole.digest("hex");
}

/** Most files are small, and a stream for each costs more than their content does. */
async function hashOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  if ((await stat(path)).size <= wholeBytesMax) hash.update(await readFile(path));
  else for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  return hash.digest("hex");
}

const wholeBytesMax = 256 << 10;

/** Outermost, and none of the program's own. */
export const isPackage = (name: string): boolean => /^(?:[^@]*\/)?node_modules\/(?!\.|@holon\/)(?:@[^/]+\/)?[^/@]+$/.test(name) && name.indexOf("node_modules/") === name.lastIndexOf("node_modules/");

/** For another system or processor, by the folders that it lies in: `bin/napi-v6/darwin/arm64`, `prebuilds/win32-x64`. */
function isForeign(path: string): boolean {
  const words = path.split("/").slice(0, -1).flatMap((folder) => folder.split("-"));
  const system = words.find((word) => platforms.includes(word));
  if (system === undefined) return false;
  const processor = words.find((word) => processors.includes(word));
  return system !== process.platform || (processor !== undefined && processor !== process.arch);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // its own hash tells that it is another
  }
}
